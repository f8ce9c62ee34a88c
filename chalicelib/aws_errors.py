"""What went wrong at AWS: which operation, with which of AWS's codes, and whether it passes by itself.

Told by what botocore's and pynamodb's errors carry, without importing either: a function that calls nothing loads neither.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.errors import OAuthError, ServerError, TemporarilyUnavailable

PASSING = frozenset(
    {
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)
"""AWS's codes of what another try, a little later, may not meet."""

UNREACHED = frozenset({"HTTPClientError", "ConnectionError"})
"""botocore's kinds of error where no answer came, or none in time."""


@dataclass(frozen=True)
class AwsFailure:
    """`operation`: AWS's name, empty where it is not known. `code`: AWS's own, or the kind of error where no answer came."""

    operation: str
    code: str
    passes: bool

    def __str__(self) -> str:
        return f"{self.operation or 'AWS'}: {self.code}"


def refusal(problem: Exception) -> OAuthError:
    """What the caller learns of a failure of ours: whether it passes. The log keeps AWS's operation and code alone."""
    failure = of(problem)
    detail = type(problem).__name__ if failure is None else str(failure)
    if failure is not None and failure.passes:
        return TemporarilyUnavailable("the server is overloaded; try again in a few seconds", detail=detail)
    return ServerError(
        "an internal error occurred; try again, then report it with the x-fapi-interaction-id", detail=detail
    )


def of(problem: BaseException) -> AwsFailure | None:
    """The failure at AWS that an exception is, or came of; None where it is no such."""
    seen: list[BaseException] = []
    at: BaseException | None = problem
    while at is not None and at not in seen:
        seen.append(at)
        response = getattr(at, "response", None)
        if isinstance(response, dict) and "Error" in response:
            code = str(response["Error"].get("Code", ""))
            return AwsFailure(str(getattr(at, "operation_name", "")), code, code in PASSING)
        if UNREACHED & {kind.__name__ for kind in type(at).__mro__ if kind.__module__.startswith("botocore")}:
            return AwsFailure("", type(at).__name__, True)
        cause = getattr(at, "cause", None)
        at = at.__cause__ or (cause if isinstance(cause, BaseException) else None) or at.__context__
    return None
