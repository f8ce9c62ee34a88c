"""Events of log lines: what changes no recorded table. A line whose change is in a stream makes none here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.audit.draft import Draft
from chalicelib.protocol_types import JsonObject

BY_EVENT: Mapping[str, str] = {
    "replay": "request.replayed",
    "certificate_revoked": "certificate.refused",
    "crl_stale": "certificate.refused",
    "lockout": "sign_in.locked",
    "sign_in_refused": "sign_in.refused",
    "sign_in": "sign_in.succeeded",
    "approval_refused": "approval.refused",
    "token_revoked": "token.revoked",
}
"""By the member `event` of a request's line, what it tells."""

NO_EVENT: Mapping[str, str] = {
    "consent_given": "the stream of the grants has it",
    "consent_remembered": "the stream of the grants has it",
    "consent_refused": "the stream of the grants has it",
    "access_ended": "the stream of the bonds has it",
    "signed_out_everywhere": "the stream of the bonds has it",
}

BY_GRANT_TYPE: Mapping[str, str] = {"client_credentials": "token.issued", "refresh_token": "token.refreshed"}
"""By the `grant_type` of a line of tokens that were issued. Those of a code are in the stream of the grants."""

JOBS = ("publish_keys", "fetch_crls", "rotate_keys", "check_truststore", "sweep")

NOWHERE = ("404", "405")
"""Statuses of a request to no endpoint of ours."""

HANDSHAKE = ("use_dpop_nonce", "login_required", "consent_required")
"""Errors by which a client is to go on, or sees that a page is needed: no refusals for cause."""

MEMBERS = (
    "error",
    "reason",
    "event",
    "outcome",
    "grant_type",
    "claimed_client_id",
    "authority",
    "url",
    "ends",
    "since",
    "key",
)
"""Members of a line that an event tells."""

QUOTED = re.compile(r" '[A-Za-z0-9_:-]*[0-9]{4}[A-Za-z0-9_:-]*'")
"""A caller's value in a reason (errors.quoted) with so many digits that it may be an account, a telephone or a customer."""


def draft_of(line: JsonObject) -> Draft | None:
    """What a line tells; None if it is nothing for the record."""
    what = _what(line)
    if what is None:
        return None
    details: JsonObject = {name: line[name] for name in MEMBERS if line.get(name)}
    if reason := _text(line, "reason"):
        details["reason"] = QUOTED.sub(" '...'", reason)
    return Draft(
        what,
        client=_text(line, "client_id"),
        sub=_text(line, "sub"),
        journey=_text(line, "journey"),
        interaction=_text(line, "interaction_id"),
        details=details,
    )


def _what(line: JsonObject) -> str | None:
    event, error, outcome = (_text(line, name) for name in ("event", "error", "outcome"))
    if line.get("endpoint") in JOBS:
        return "job.reported" if event else None
    if event == "tokens_issued":
        return BY_GRANT_TYPE.get(_text(line, "grant_type"))
    if event in BY_EVENT:
        return BY_EVENT[event]
    if event in NO_EVENT or outcome in NOWHERE or error in HANDSHAKE:
        return None
    if outcome == "failed" or error in ("server_error", "temporarily_unavailable"):
        return "request.failed"
    if error:
        return "request.refused"
    return "request.reported" if event else None


def _text(line: JsonObject, name: str) -> str:
    value = line.get(name)
    return value if isinstance(value, str) else ""
