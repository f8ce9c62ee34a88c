"""What goes wrong in the stand-in: as AWS says it, or because nobody taught it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SERVER_ERROR = 500


class AwsError(Exception):
    """An answer of AWS that is an error. `more`: members of it besides its code and message. `status`: of HTTP."""

    def __init__(self, code: str, message: str, more: Mapping[str, Any] | None = None, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.more, self.status = code, message, dict(more or {}), status


class Unknown(BaseException):
    """The stand-in was asked for what it does not know.

    It is no Exception, since the product answers each of those with a 500: nothing between the stand-in and the test takes it.
    """


def invalid(message: str) -> AwsError:
    """DynamoDB's and KMS's own refusal of a request that is not right in itself."""
    return AwsError("ValidationException", message)
