"""Parts of a bank's vocabulary that not every function needs.

Translations are members with a language tag, such as `words#de` (OpenID Connect Registration 2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chalicelib.protocol_types import Json, JsonObject

TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")
"""BCP 47, simplified."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
TRANSLATED = ("words", "heading", "facts", "done")
"""Members that people read. `facts#de` has a translation by each label, and by each text with words in it."""

Texts = Mapping[str, Mapping[str, str]]
"""Translations by language tag and English text."""


def taken_out(sections: JsonObject, problems: list[str]) -> tuple[JsonObject, Texts, tuple[str, ...]]:
    """The sections without translations, the translations, and the texts that need one. Problems are added to `problems`."""
    texts: dict[str, dict[str, str]] = {}
    said: list[str] = []
    plain = {name: _of_section(entries, name, texts, problems) for name, entries in sections.items()}
    for entries in plain.values():
        said += _said(entries)
    return plain, texts, tuple(dict.fromkeys(said))


def _of_section(entries: Json, section: str, texts: dict[str, dict[str, str]], problems: list[str]) -> Json:
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        return entries
    for n, entry in enumerate(entries):
        for name in (name for name in entry if "#" in name):
            member, _, tag = name.partition("#")
            pairs = _pairs(entry.get(member), entry[name]) if member in TRANSLATED and TAG.fullmatch(tag) else None
            if pairs is None:
                problems.append(f"{section}[{n}]: {name} is no translation of {', '.join(TRANSLATED)}")
                continue
            problems += [
                f"{section}[{n}]: {name}: '{theirs}' has not the members of '{english}'"
                for english, theirs in pairs.items()
                if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(theirs))
            ]
            texts.setdefault(tag, {}).update(pairs)
    return [{name: value for name, value in one.items() if "#" not in name} for one in entries]


def _said(entries: Json) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        for name in TRANSLATED:
            value = entry.get(name, ())
            texts = [value] if isinstance(value, str) else [*value, *value.values()] if isinstance(value, dict) else []
            yield from (text for text in texts if any(map(str.isalpha, PLACEHOLDER.sub("", text))))


def _pairs(english: Json, theirs: Json) -> dict[str, str] | None:
    """Translations by English text; None if they are no texts, or translate nothing that is there."""
    if isinstance(english, str):
        return {english: theirs} if isinstance(theirs, str) and _is_text(theirs) else None
    if not isinstance(english, dict) or not isinstance(theirs, dict):
        return None
    known = {*english, *english.values()}
    return theirs if theirs.keys() <= known and all(map(_is_text, theirs.values())) else None


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def zone_problems(value: Json) -> list[str]:
    """What is wrong with the name of a time zone."""
    from zoneinfo import ZoneInfo  # The import takes milliseconds of a function's start.

    try:
        ZoneInfo(str(value))
    except (OSError, ValueError, TypeError, KeyError):
        return ["time_zone: not a name of the IANA time zone database"]
    return []


def unseen(heading: str, facts: Mapping[str, str], members: Mapping[str, object], account: str | None) -> list[str]:
    """Members of a declared type that no page shows: in no heading and no fact, and neither a choice nor a limit."""
    shown = {name.partition(".")[0] for name in PLACEHOLDER.findall(" ".join([heading, *facts.values()]))}
    return [
        name for name, kind in members.items() if name not in {*shown, account, "validUntil"} and kind != "locations"
    ]
