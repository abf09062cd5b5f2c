"""The operations that we answer ourselves, before moto sees the request."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks.models import EKSBackend, eks_backends
from moto.iam.models import IAMBackend, iam_backends

from .errors import AwsError

#: Access keys of this form belong to the account whose number they carry.
ACCOUNT_KEY = re.compile(r"^AKIA(\d{12})[A-Z0-9]{4}$")


def account_of(access_key: str) -> str:
    """The account of an access key.

    Stock moto knows accounts only from keys that its own IAM made, so that parallel tests would share
    one. A key `AKIA<12 digits>KMAX` belongs to the account of these digits, any other to moto's default.
    """
    match = ACCOUNT_KEY.match(access_key)
    return match.group(1) if match else DEFAULT_ACCOUNT_ID


@dataclass
class Call:
    """One request for one of our operations."""

    service: str
    operation: str
    account: str
    region: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def ec2(self) -> EC2Backend:
        """moto's EC2 of the account and region."""
        return ec2_backends[self.account][self.region]

    @property
    def autoscaling(self) -> AutoScalingBackend:
        """moto's Auto Scaling of the account and region."""
        return autoscaling_backends[self.account][self.region]

    @property
    def eks(self) -> EKSBackend:
        """moto's EKS of the account and region."""
        return eks_backends[self.account][self.region]

    @property
    def iam(self) -> IAMBackend:
        """moto's IAM of the account."""
        return iam_backends[self.account]["aws"]

    @property
    def caller_arn(self) -> str:
        """Who calls."""
        return f"arn:aws:iam::{self.account}:user/kmax"

    def dry_run(self) -> None:
        """Answers a dry run: everything is allowed here unless a fault says otherwise."""
        if self.params.get("DryRun"):
            raise AwsError(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set."
            )


@dataclass
class Settings:
    """What tests set for an account and region."""

    #: Describe calls that still show a deleted group, as `Delete in progress`.
    deleting_reads: int = 0
    #: Describe calls that do not show a new template or group yet: eventual consistency.
    hidden_reads: int = 0
    #: Groups that there may be.
    max_groups: int = 500


def settings(call: Call) -> Settings:
    """The settings of the account and region; they lie on moto's backend, so that its reset forgets them."""
    found: Settings = call.autoscaling.__dict__.setdefault("kmax_settings", Settings())
    return found


Handler = Callable[[Call], dict[str, Any]]

OPERATIONS: dict[tuple[str, str], Handler] = {}


def operation(service: str, name: str) -> Callable[[Handler], Handler]:
    """Registers a function as the answer to an operation."""

    def register(handler: Handler) -> Handler:
        OPERATIONS[service, name] = handler
        return handler

    return register


def encode_token(position: int) -> str:
    """An opaque page token."""
    return base64.urlsafe_b64encode(f"kmax:{position}".encode()).decode()


def decode_token(token: str | None, code: str = "InvalidNextToken") -> int:
    """The position that a page token stands for."""
    if not token:
        return 0
    try:
        prefix, _, position = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if prefix != "kmax":
            raise ValueError(token)
        return int(position)
    except ValueError:
        raise AwsError(code, f"The token '{token}' is invalid.") from None


def page(
    items: list[Any], size: int, token: str | None, code: str = "InvalidNextToken"
) -> tuple[list[Any], str | None]:
    """One page of a list and the token of the next.

    Stock moto answers all, or stops at 15 without a token.
    """
    start = decode_token(token, code)
    end = start + size
    return items[start:end], encode_token(end) if end < len(items) else None


def visible(things: list[Any]) -> list[Any]:
    """Those of new templates or groups that reads show already; counts the read."""
    shown = []
    for thing in things:
        if thing.hidden_reads > 0:
            thing.hidden_reads -= 1
        else:
            shown.append(thing)
    return shown


def wildcard(pattern: str) -> Callable[[str], bool]:
    """EC2's filter values: `*` is any text, `?` any character, both may be escaped."""
    if not any(character in pattern for character in "*?\\"):
        return lambda text: text == pattern
    expression, escaped = "", False
    for character in pattern:
        if escaped:
            expression, escaped = expression + re.escape(character), False
        elif character == "\\":
            escaped = True
        elif character in "*?":
            expression += ".*" if character == "*" else "."
        else:
            expression += re.escape(character)
    compiled = re.compile(expression, re.DOTALL)
    return lambda text: compiled.fullmatch(text) is not None


def matches_any(values: Iterable[str], patterns: list[Callable[[str], bool]]) -> bool:
    """Whether one of the values fits one of the patterns."""
    return any(fits(value) for value in values for fits in patterns)
