"""Faults and limits that tests order, and the log of calls."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from .errors import PROTOCOLS, AwsError

KINDS = (
    "throttle",
    "http_500",
    "http_503",
    "deny",
    "error",
    "slow",
    "lose_request",
    "lose_response",
)

#: Sequence entries that are kept per account.
MAX_SEQUENCE = 100_000


@dataclass
class Fault:
    """An order: which calls it hits, how often, and what happens to them."""

    id: int
    kind: str
    operation: str = "*"
    service: str | None = None
    account: str | None = None
    #: The first matching call that is hit, counted from 1 from the moment of the order.
    nth: int = 1
    #: How many calls are hit; None is no end.
    count: int | None = 1
    #: The chance of each matching call from the nth on.
    probability: float = 1.0
    delay_ms: int = 0
    code: str = "InternalError"
    message: str = "An error was ordered."
    status: int | None = None
    seen: int = 0
    hits: int = 0

    def matches(self, service: str, operation: str, account: str) -> bool:
        """Whether the order speaks of such a call."""
        return (
            self.operation in ("*", operation, f"{service}:{operation}", f"{service}:*")
            and self.service in (None, service)
            and self.account in (None, account)
        )

    def error(self, service: str) -> AwsError | None:
        """The error that the service answers with, if the kind is one of an answer."""
        ec2 = PROTOCOLS.get(service) == "ec2"
        if self.kind == "throttle":
            return throttled(service)
        if self.kind == "http_500":
            code = "InternalError" if ec2 else "InternalFailure"
            return AwsError(code, "An internal error has occurred", 500)
        if self.kind == "http_503":
            code = "Unavailable" if ec2 else "ServiceUnavailable"
            return AwsError(code, "The service is unavailable. Please try again shortly.", 503)
        if self.kind == "deny":
            if ec2:
                return AwsError(
                    "UnauthorizedOperation",
                    "You are not authorized to perform this operation.",
                    403,
                )
            if service in ("autoscaling", "iam", "sts"):
                return AwsError(
                    "AccessDenied", "User is not authorized to perform this action", 403
                )
            return AwsError(
                "AccessDeniedException", "User is not authorized to perform this action", 403
            )
        if self.kind == "error":
            return AwsError(self.code, self.message, self.status)
        return None


def throttled(service: str) -> AwsError:
    """How a service says that there were too many calls."""
    if PROTOCOLS.get(service) == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.")
    if service in ("autoscaling", "iam", "sts"):
        return AwsError("Throttling", "Rate exceeded")
    return AwsError("ThrottlingException", "Rate exceeded")


class FaultBook:
    """The orders that stand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._next = 1
        self._random = random.Random(0)

    def order(self, wish: dict[str, Any]) -> Fault:
        """Takes an order; a wrong one is a ValueError."""
        fields = dict(wish)
        if fields.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        unknown = set(fields) - (set(Fault.__dataclass_fields__) - {"id", "seen", "hits"})
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        if "probability" in fields and "count" not in fields:
            fields["count"] = None
        with self._lock:
            fault = Fault(id=self._next, **fields)
            self._next += 1
            self._faults.append(fault)
        return fault

    def hit(self, service: str, operation: str, account: str) -> list[Fault]:
        """The orders that hit this call, counted as hit."""
        if not self._faults:
            return []
        found = []
        with self._lock:
            for fault in self._faults:
                if not fault.matches(service, operation, account):
                    continue
                fault.seen += 1
                spent = fault.count is not None and fault.hits >= fault.count
                if spent or fault.seen < fault.nth:
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.hits += 1
                found.append(fault)
        return found

    def listing(self) -> list[dict[str, Any]]:
        """All orders with their counters."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self, account: str | None = None) -> None:
        """Forgets the orders, of one account or all, and starts chance anew."""
        with self._lock:
            self._faults = [
                fault for fault in self._faults if account is not None and fault.account != account
            ]
            self._random = random.Random(0)


@dataclass
class Bucket:
    """What is left of an API's allowance."""

    tokens: float
    filled_at: float


class Limits:
    """Token buckets as EC2 has them, one for each operation of an account; none unless ordered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, str], tuple[float, float]] = {}
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def set(self, account: str, service: str, tokens: float, refill: float) -> None:
        """Gives each operation of a service `tokens` at once and `refill` more a second."""
        with self._lock:
            self._rules[account, service] = (tokens, refill)
            self._drop(account)

    def clear(self, account: str | None) -> None:
        """Lifts the limits of one account or of all."""
        with self._lock:
            for key in [key for key in self._rules if account in (None, key[0])]:
                del self._rules[key]
            self._drop(account)

    def _drop(self, account: str | None) -> None:
        for key in [key for key in self._buckets if account in (None, key[0])]:
            del self._buckets[key]

    def exceeded(self, account: str, service: str, operation: str) -> bool:
        """Takes a token for a call; whether there was none."""
        if not self._rules:
            return False
        with self._lock:
            rule = self._rules.get((account, service))
            if rule is None:
                return False
            tokens, refill = rule
            now = time.monotonic()
            key = (account, service, operation)
            bucket = self._buckets.setdefault(key, Bucket(tokens, now))
            bucket.tokens = min(tokens, bucket.tokens + (now - bucket.filled_at) * refill)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return True
            bucket.tokens -= 1
            return False


class CallLog:
    """What was called, by account, since the last clear."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}
        self._sequences: dict[str, deque[str]] = {}
        self._throttled: Counter[str] = Counter()

    def add(self, account: str, service: str, operation: str) -> None:
        """Remembers a call that arrived, whatever became of it."""
        name = f"{service}:{operation}"
        with self._lock:
            self._counts.setdefault(account, Counter())[name] += 1
            self._sequences.setdefault(account, deque(maxlen=MAX_SEQUENCE)).append(name)

    def throttle(self, account: str) -> None:
        """Remembers that a limit refused a call."""
        with self._lock:
            self._throttled[account] += 1

    def listing(self, account: str | None) -> dict[str, Any]:
        """Counts, total and order of the calls of one account or of all."""
        with self._lock:
            accounts = [account] if account else list(self._counts)
            counts: Counter[str] = Counter()
            for name in accounts:
                counts += self._counts.get(name, Counter())
            sequence = [entry for name in accounts for entry in self._sequences.get(name, [])]
            throttled = sum(self._throttled[name] for name in accounts)
        return {
            "throttled": throttled,
            "total": sum(counts.values()),
            "counts": dict(sorted(counts.items())),
            "sequence": sequence,
        }

    def clear(self, account: str | None) -> None:
        """Forgets the calls of one account or of all."""
        with self._lock:
            if account is None:
                self._counts.clear()
                self._sequences.clear()
                self._throttled.clear()
            else:
                self._counts.pop(account, None)
                self._sequences.pop(account, None)
                self._throttled.pop(account, None)
