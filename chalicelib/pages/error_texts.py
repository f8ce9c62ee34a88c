"""Texts of error pages, by error code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The text of an error page: the problem, and what to do."""

    headline: str
    advice: str


OF_THE_REQUEST = Words(
    "This sign-in can't go on",
    "It may have been open for too long or in another browser, or the app or website that sent you here made a mistake. "
    "Go back there and start again. If this page comes back, give its support the details below.",
)
OF_THE_LINK = Words(
    "This link no longer works",
    "A sign-in link works once, for a short time, and in the browser where it was opened. Go back to the app or website "
    "that sent you here and start again.",
)
OF_THE_BANK = Words(
    "Something went wrong on our side",
    "Please wait a few minutes, then go back to the app or website that sent you here and start again. If this page "
    "comes back, give our support the details below.",
)
OF_THIS_MOMENT = Words(
    "Please try again in a moment",
    "Too much is asked of us just now. Nothing is lost: wait a little, go back one page, and press the button again, or load "
    "this page again. If that does not help, go back to the app or website that sent you here and start again.",
)
WORDS = {
    "access_denied": OF_THE_LINK,
    "invalid_request_uri": OF_THE_LINK,
    "server_error": OF_THE_BANK,
    "temporarily_unavailable": OF_THIS_MOMENT,
}
