"""AWS failures: the operation, AWS's error code, and whether the failure is temporary.

They are recognised by attributes of botocore's and pynamodb's exceptions, without importing either.
"""

from __future__ import annotations

from typing import NamedTuple

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
"""AWS's error codes of temporary failures."""

UNREACHED = frozenset({"HTTPClientError", "ConnectionError"})
"""botocore's exception classes for a missing or late response."""


class AwsFailure(NamedTuple):
    """A failure of an AWS call.

    `operation`: AWS's name, empty if unknown.
    `code`: AWS's error code, or the exception class if there was no response.
    """

    operation: str
    code: str
    passes: bool

    def __str__(self) -> str:
        return f"{self.operation or 'AWS'}: {self.code}"


def refusal(problem: Exception) -> OAuthError:
    """The error for the caller, temporary or not. The log gets AWS's operation and code."""
    failure = of(problem)
    detail = type(problem).__name__ if failure is None else str(failure)
    if failure is not None and failure.passes:
        return TemporarilyUnavailable("the server is overloaded; try again in a few seconds", detail=detail)
    return ServerError(
        "an internal error occurred; try again, then report it with the x-fapi-interaction-id", detail=detail
    )


def of(problem: BaseException) -> AwsFailure | None:
    """The AWS failure that an exception is or was caused by; None if there is none."""
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


def reason(problem: BaseException) -> str:
    """For the log: of a failure of AWS its operation and code; of any other exception its class name."""
    failure = of(problem)
    return type(problem).__name__ if failure is None else str(failure)
