"""What goes into the suite's configuration: the provider, the two clients, and what the suite's browser does on the pages."""

from __future__ import annotations

from typing import Any

from conformance.bank import Bank, NoBank, Person
from conformance.clients import SuiteClient
from conformance.matrix import Cell

TIMEOUT = 10
"""Seconds that the suite's browser waits for what it looks for."""

REJECTED = "user-rejects-authentication"
OPENED_TWICE = "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"

UNVERIFIABLE = (
    "ensure-expired-request-object-fails",
    "ensure-matching-key-in-authorization-request",
    "ensure-request-object-signature-algorithm-is-not-none",
    "ensure-request-object-with-bad-aud-fails",
    "ensure-request-object-with-exp-over-60-fails",
    "ensure-request-object-with-invalid-signature-fails",
    "ensure-request-object-with-nbf-over-60-fails",
    "ensure-request-object-without-exp-fails",
    "ensure-request-object-without-nbf-fails",
    "ensure-signed-request-object-with-RS256-fails",
)
"""The modules whose request object proves nothing, so that there is nobody to tell but the person."""

PICTURES = {
    **dict.fromkeys(UNVERIFIABLE, "invalid_request_object"),
    "ensure-authorization-request-without-request-object-fails": "invalid_request",
    "ensure-redirect-uri-in-authorization-request": "invalid_request",
    "ensure-registered-redirect-uri": "invalid_request",
    "ensure-request-object-without-redirect-uri-fails": "invalid_request",
    "ensure-unsigned-authorization-request-without-using-par-fails": "invalid_request",
    "par-attempt-reuse-request_uri": "invalid_request_uri",
    "par-attempt-to-use-expired-request_uri": "invalid_request_uri",
    "par-attempt-to-use-request_uri-for-different-client": "invalid_request_uri",
}
"""The modules that end on our error page, and the error that it must name. Wherever else a page is wanted, none is right."""

DETAILS = (
    {
        "type": "account_information",
        "actions": ["list_accounts", "read_balances", "read_transactions"],
        "recurringIndicator": True,
        "frequencyPerDay": 4,
    },
)
"""What is asked for where the variant is `rar`: of accounts that the person has, whichever they are.

Of payments nothing is: they are made once, without a refresh token, and the plans try one.
"""

Browser = list[dict[str, Any]]


def configuration(
    cell: Cell, alias: str, bank: Bank, pair: tuple[SuiteClient, SuiteClient], suite: str
) -> dict[str, Any]:
    """The body of a new plan. `suite`: where it is; its browser ends on its own callback page."""
    first, second = pair
    config: dict[str, Any] = {
        "alias": alias,
        "description": f"Ducat {cell.words}",
        "server": {"discoveryUrl": bank.issuer + _discovery(cell)},
        "client": _client(first),
        "client2": _client(second),
        "mtls": first.identity.pem,
        "mtls2": second.identity.pem,
        "resource": {"resourceUrl": resource_url(cell, bank)},
    }
    if cell["authorization_request_type"] == "rar":
        config["resource"]["richAuthorizationRequest"] = list(DETAILS)
    if bank.person is not None:
        config["browser"] = browser(bank.issuer, suite, bank.person)
        config["override"] = override(cell, bank.issuer, suite, bank.person)
    return config


def resource_url(cell: Cell, bank: Bank) -> str:
    """What the plan reads with its tokens. Raises NoBank where a client has nothing to read with a token of its own."""
    if cell["fapi_profile"] != "fapi_client_credentials_grant":
        return bank.resource_url
    if bank.clients_url is None:
        raise NoBank("DUCAT_RESOURCE_RULES lets no client read anything with GET and a token of its own (subject: any)")
    return bank.clients_url


def browser(issuer: str, suite: str, person: Person, *, press: str = "approve", error: str | None = None) -> Browser:
    """Signs in where it is asked to, presses a button, ends at the suite's callback; or takes the picture of an `error`."""
    found = f"{issuer}/authorize*"
    tasks = [
        _task("Sign in", f"{issuer}/login*", _sign_in(person, press)),
        _task("Decide", f"{issuer}/consent*", [["click", "id", press]]),
        _task("Arrive", f"{suite}/test/*/callback*", [["wait", "id", "submission_complete", TIMEOUT]]),
    ]
    if error is not None:
        picture = ["wait", "id", "error", TIMEOUT, rf"\b{error}\b", "update-image-placeholder"]
        tasks.insert(0, _task("Take the error page's picture", found, [picture]))
    return [{"match": found, "tasks": tasks}]


def override(cell: Cell, issuer: str, suite: str, person: Person) -> dict[str, dict[str, Browser]]:
    """The modules in which the person says no, looks at the login page and comes back later, or sees an error page."""
    family = cell.plan.removesuffix("-test-plan").replace("message-signing", "security-profile")
    looks = {"task": "Look", "match": f"{issuer}/login*", "commands": [["wait", "id", "login", TIMEOUT]]}
    first_visit = {"match": f"{issuer}/authorize*", "match-limit": 1, "tasks": [looks]}
    disclosed = {
        REJECTED: browser(issuer, suite, person, press="cancel"),
        OPENED_TWICE: [first_visit, *browser(issuer, suite, person)],
        **{module: browser(issuer, suite, person, error=error) for module, error in PICTURES.items()},
    }
    return {f"{family}-{module}": {"browser": does} for module, does in disclosed.items()}


def _task(name: str, match: str, commands: list[list[Any]]) -> dict[str, Any]:
    """Done where the browser is at such an address, left out where not."""
    return {"task": name, "match": match, "optional": True, "commands": commands}


def _sign_in(person: Person, press: str) -> list[list[str]]:
    if press == "cancel":
        return [["click", "id", "cancel"]]
    return [
        ["text", "id", "username", person.username],
        ["text", "id", "password", person.password],
        ["text", "id", "one-time-code", person.one_time_code],
        ["click", "id", "login"],
    ]


def _discovery(cell: Cell) -> str:
    return "/.well-known/" + (
        "oauth-authorization-server" if cell["openid"] == "plain_oauth" else "openid-configuration"
    )


def _client(client: SuiteClient) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "scope": client.scope,
        "jwks": client.identity.private_jwks,
        "dpop_signing_alg": client.identity.dpop_alg,
    }
