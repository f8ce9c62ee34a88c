"""What exactly a person agreed to, for the sealed part of an event."""

from __future__ import annotations

import json

from chalicelib import language
from chalicelib.interaction import shown_words
from chalicelib.protocol_types import Json, JsonObject
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Client


def agreed(grant: Grant, client: Client | None, shown: str, *, theme: str | None = None) -> JsonObject:
    """The agreement of an approved grant.

    `shown`: the summary of the page's words, as the grant stores it; empty if no page was shown.
    `theme`: the folder of the bank's theme.
    `client`: None if it is gone. Then the words can't be made again.

    `approval`: the evidence of a payment's approval, or the exemption from it (interaction/linked_approval.py).
    `words_as_shown`: whether the words are those of the page, word by word. It is missing where nothing is known of the page.
    """
    login = grant.person
    members: JsonObject = {
        "sub": login.sub,
        "client_sub": login.client_sub,
        "username": login.username,
        "scope": list(grant.scope),
        "claims": grant.request.claims,
        "authorization_details": list(grant.granted),
        "approval": _read(grant.approval),
        "until": grant.consent_expires_at,
        "redirect_uri": grant.request.redirect_uri,
        "acr": login.acr,
        "amr": list(login.amr),
        "auth_time": login.auth_time,
    }
    members = {name: value for name, value in members.items() if value}
    if client is None:
        return members
    try:
        reader = language.of(shown_words.language_of(shown) or language.ENGLISH, theme)
        page = shown_words.as_shown(grant, shown)
        words = shown_words.lines(page, client, reader)
    except Exception:  # Of another release. No call to AWS is in it, and no event waits for it.
        return members
    members |= {"words": words, "language": reader.tag}
    if shown:
        members["words_as_shown"] = shown_words.summary(words, page, reader) == shown
    return members


def _read(approval: str) -> Json:
    try:
        return json.loads(approval) if approval else None
    except ValueError:  # Of another release.
        return approval
