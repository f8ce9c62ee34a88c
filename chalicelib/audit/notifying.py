"""The sending of notices: to whom, in which language, and by which ways. One that fails is sent again, and then put aside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from chalicelib import aws_errors
from chalicelib.audit import notices
from chalicelib.audit.notice_words import words_of
from chalicelib.language import chosen
from chalicelib.language import of as language_of
from chalicelib.protocol_types import JsonObject, Untyped
from chalicelib.provider import Provider
from chalicelib.storage.notice_stores import Contact, Message

log = logging.getLogger("ducat")


def run(provider: Provider, records: Sequence[Untyped]) -> JsonObject:
    """Send the notices of a queue's messages. Gives `batchItemFailures`: those that the queue is to give again."""
    failed = []
    for record in records:
        try:
            send(provider, notices.of_text(record["body"]))
        except Exception as problem:  # Of one notice: the others go out.
            log.error("notice %s failed: %s", record["messageId"], aws_errors.of(problem) or type(problem).__name__)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _contact(provider: Provider, person: str) -> Contact | None:
    """Where the person gets notices; None if the directory knows that nobody has this sub, as of who was erased."""
    find: Callable[[str], Contact | None] | None = getattr(provider.user_directory, "contact", None)
    return Contact() if find is None else find(person)


def send(provider: Provider, notice: notices.Notice) -> None:
    """Send a notice by each way that the deployment has. Raises what the first way that fails raises."""
    settings, now = provider.settings, provider.now()
    contact = _contact(provider, notice.person)
    if contact is None:
        return
    tag = chosen(settings.offered_languages, preferred=[contact.locale] if contact.locale else [], accept=None)
    language = language_of(tag, settings.theme)
    client = provider.clients.find(notice.client, now=now) if notice.client else None
    name = notice.client if client is None else client.in_language("client_name", tag)
    words = words_of(notice, name, language, bank=settings.bank_name, issuer=settings.issuer)
    message = Message(
        notice.id,
        notice.kind,
        notice.at,
        notice.sub,
        contact.email,
        words.language,
        words.subject,
        words.text,
    )
    for way in provider.notices.ways:
        way.send(message)
