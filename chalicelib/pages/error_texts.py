"""Texts of error pages, by error code."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.language import message


@dataclass(frozen=True)
class Words:
    """The text of an error page, in English: the problem, and what to do."""

    headline: str
    advice: str


OF_THE_REQUEST = Words(
    message("This sign-in can't go on"),
    message(
        "It may have been open for too long or in another browser, or the app or website that sent you here made a mistake. "
        "Go back there and start again. If this page comes back, give its support the details below."
    ),
)
OF_THE_LINK = Words(
    message("This link no longer works"),
    message(
        "A sign-in link works once, for a short time, and in the browser where it was opened. Go back to the app or website "
        "that sent you here and start again."
    ),
)
OF_THE_BANK = Words(
    message("Something went wrong on our side"),
    message(
        "Please wait a few minutes, then go back to the app or website that sent you here and start again. If this page "
        "comes back, give our support the details below."
    ),
)
OF_THIS_MOMENT = Words(
    message("Please try again in a moment"),
    message(
        "Too much is asked of us just now. Nothing is lost: wait a little, go back one page, and press the button again, or load "
        "this page again. If that does not help, go back to the app or website that sent you here and start again."
    ),
)
WORDS = {
    "access_denied": OF_THE_LINK,
    "invalid_request_uri": OF_THE_LINK,
    "server_error": OF_THE_BANK,
    "temporarily_unavailable": OF_THIS_MOMENT,
}

REASONS = (
    message("this login has expired or was completed; please start again at the app that sent you here"),
    message("this login was begun in another browser; please start again at the app that sent you here"),
    message("this page was not opened in this browser; please start again at the app that sent you here"),
    message("the app that sent you here is no longer registered"),
    message("the passkey was not accepted; please ask for a new link"),
    message("passkeys are not offered here"),
    message("the link is incomplete: invitation is missing"),
    message("the user directory can't be reached; try again"),
    message("the server is overloaded; try again in a few seconds"),
    message("an internal error occurred; try again, then report it with the x-fapi-interaction-id"),
    message("request_uri is unknown, expired, already used or issued to another client"),
)
"""Descriptions of errors that a user meets without a fault of the client. All others are for the client's support, in English."""
