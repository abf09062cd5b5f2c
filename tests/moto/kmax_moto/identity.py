"""Who calls: accounts by access key, for our own operations and for moto's."""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse

from .registry import Call, account_of, operation


def patch() -> None:
    """Makes moto take the account from the access key's own digits."""
    stock = BaseResponse.get_current_account

    def get_current_account(self: BaseResponse) -> str:
        account = account_of(self.get_access_key())
        return account if account in self.get_access_key() else stock(self)

    BaseResponse.get_current_account = get_current_account  # type: ignore[method-assign]


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Tells account and ARN; stock moto's ARN is none that IAM knows."""
    return {"UserId": "AIDAKMAXTESTS00000000", "Account": call.account, "Arn": call.caller_arn}
