"""From a draft to the event: with who did it, a pseudonym for the person, and the personal part sealed."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.audit import actors, notices, sealing
from chalicelib.audit.agreement import agreed
from chalicelib.audit.event import ERASED, Event
from chalicelib.audit.notices import Notice
from chalicelib.audit.sources import Source
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider


@dataclass(frozen=True)
class Made:
    """An event, the plain sub of the person concerned, where it is known, and the notice that the person gets, if any."""

    event: Event
    sub: str
    notice: Notice | None = None


class Maker:
    """Makes the events of one batch. It reads each person's key once for each second."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._keys: dict[tuple[str, int], str | None] = {}

    def event(self, source: Source) -> Made:
        """The event. Raises what AWS raises."""
        draft = source.draft
        key = self._key(draft.about, source.at) if draft.about else None
        person = sealing.pseudonym(key) if key is not None else ERASED if draft.about else ""
        personal = self._personal(source) if key is not None else {}
        event = Event(
            id=source.id,
            at=source.at,
            what=draft.what,
            actor=actors.actor_of(source.writer.name, draft, person=person),
            sequence=source.sequence,
            writer=source.writer.name,
            client=draft.client,
            person=person,
            grant=draft.grant,
            journey=draft.journey,
            interaction=draft.interaction or source.writer.interaction_id,
            key=draft.key,
            details=draft.details,
            sealed=sealing.seal(key, source.id, personal) if key is not None and personal else "",
        )
        return Made(event, draft.sub, notices.of(event, draft))

    def _key(self, person: str, at: int) -> str | None:
        if (person, at) not in self._keys:
            new = self._provider.new_token_value()
            self._keys[person, at] = self._provider.audit_keys.of_event(person, at=at, new=new)
        return self._keys[person, at]

    def _personal(self, source: Source) -> JsonObject:
        draft = source.draft
        if draft.agreed is None:
            return draft.personal
        client = self._provider.clients.find(draft.agreed.client_id, now=self._provider.now())
        return agreed(draft.agreed, client, draft.shown, theme=self._provider.settings.theme)
