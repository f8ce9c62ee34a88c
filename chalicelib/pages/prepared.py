"""Pages of which few values differ from request to request: all else is rendered once in a process (decision 0070).

What is kept is found again by all that it was rendered of, and none of that is of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from markupsafe import escape

from chalicelib import vocabulary
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.render import Leads, rendered, response

MANY = 64
"""Maximum number of kept pages, of about 11 KB each."""


class Source(NamedTuple):
    """All that a kept page was rendered of.

    `frame`: without what is of one request; its address ends where the varying value of `key` begins.
    `rest`: of that address, what comes after that value; None if it has no such value.
    `varying`: the names of the values that are left out. `shown`: all others, each with its type: markup equals the same text,
    which is escaped.
    `own`: the bank's own texts in the language of the page.
    """

    template: str
    frame: Frame
    rest: str | None
    script: str
    varying: tuple[str, ...]
    shown: tuple[tuple[str, type, object], ...]
    own: tuple[tuple[str, str], ...]


def page(
    template: str,
    leads: Leads,
    frame: Frame,
    *,
    key: str,
    varying: Mapping[str, object],
    shown: Mapping[str, object],
    script: str,
) -> Response:
    """The page that `render.page` makes of all the values.

    `key`: of the interaction, which is in the address of the page too.
    `varying`: more values, by the template's names, such as `limit.time`. The template only writes them, as text or between
    quotation marks: it decides nothing by them.
    `shown`: all others. They are hashable, and no personal data.
    """
    values = {"key": key, **varying}
    before, found, rest = frame.here.partition(key)
    source = Source(
        template,
        Frame(frame.bank_name, frame.tag, tuple(frame.offered), frame.theme, before),
        rest if found else None,
        script,
        tuple(values),
        tuple((name, type(value), value) for name, value in shown.items()),
        tuple(vocabulary.current().texts.get(frame.tag, {}).items()),
    )
    parts = list(_parts(source))
    escaped = {name: escape(value) for name, value in values.items()}
    parts[1::2] = [escaped[name] for name in parts[1::2]]
    return response("".join(parts), leads, frame, script=script)


@lru_cache(maxsize=MANY)
def _parts(source: Source) -> tuple[str, ...]:
    """The page's texts, and between each two of them the name of the value that is left out there."""
    here_goes = mark(source)
    single: dict[str, str] = {}
    members: dict[str, dict[str, str]] = {}
    for name in source.varying:
        outer, dot, member = name.partition(".")
        (members.setdefault(outer, {}) if dot else single)[member or outer] = f"{here_goes}:{name}:"
    shown = {name: value for name, _, value in source.shown}
    here = "" if source.rest is None else f"{single['key']}{source.rest}"
    frame = replace(source.frame, here=source.frame.here + here)
    html = rendered(source.template, frame, source.script, {**shown, **single, **members})
    return tuple(re.split(f"{here_goes}:([a-z_.]+):", html))


def mark(source: Source) -> str:
    """What stands where a value goes. No text can have in it the digest of all texts that the page is made of."""
    return sha256(repr(source).encode()).hexdigest()
