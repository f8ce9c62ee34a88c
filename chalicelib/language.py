"""Languages: the catalogue of the texts for users, and how dates, numbers and amounts are written.

The texts in the code are English, and they are the keys of the catalogues. `ducat_cdk/catalogues.py` compiles the catalogues from
languages/*.po and from Unicode's CLDR. A function reads one small JSON file for each language that it needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal
from unicodedata import bidirectional, category

from chalicelib import vocabulary
from chalicelib.marked_text import message as message

PACKAGE = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "languages"
NAMES = "names.json"
"""The file with each language's own name and direction, by tag."""
ENGLISH = "en"
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
"""Classes of characters that change the direction of a line (Unicode Standard Annex 9)."""
ISOLATE, END_OF_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
MAX_RANGES = 20
"""Language ranges of an Accept-Language header that are read."""
WITHOUT_GLYPH = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are invisible or blank (Unicode: Default_Ignorable_Code_Point, besides variation selectors)."""
MAX_MARKS = 4
"""Marks on one letter. Vietnamese, Hebrew and Thai have up to three."""
RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def is_readable(text: str) -> bool:
    """Whether people read the text as it is meant.

    It has no character that is invisible, breaks a line or turns text around, and no pile of marks over what is beside it.
    """
    kinds = [category(character) for character in text]
    hidden = any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds) or not WITHOUT_GLYPH.isdisjoint(text)
    marked = "".join("m" if kind in ("Mn", "Me") else kind[0] for kind in kinds)
    return not hidden and "m" * (MAX_MARKS + 1) not in marked and not set("LNPS").isdisjoint(marked)


@dataclass(frozen=True)
class Language:
    """A language of the pages.

    `tag`: BCP 47.
    `direction`: of its script.
    `texts`: translations, by English text. The forms of a text with a number are a list.
    `forms`: the index of the form for the numbers 0 to 199; for a larger number that of its last two digits plus 100.
    `months`: the names in a date. `periods`: the names of the two halves of a day.
    `day`, `time`, `amount`: patterns. `grouping`: digits from which on a number is grouped.
    """

    tag: str
    direction: Literal["ltr", "rtl"]
    texts: Mapping[str, str | Sequence[str]]
    forms: str
    months: Sequence[str]
    periods: Sequence[str]
    day: str
    time: str
    decimal: str
    group: str
    grouping: int
    amount: str

    def has(self, text: str) -> bool:
        """Whether there is a translation, or none is needed."""
        return self.tag == ENGLISH or text in self.texts or text in self._own

    def say(self, text: str, **values: str) -> str:
        """The text in this language. `{name}` stands for a value, which is kept apart from the direction of the text."""
        return self._filled(self.template(text), values)

    def template(self, text: str) -> str:
        """The text with its `{name}`, in English if there is no translation."""
        found = self._own.get(text) or self.texts.get(text)
        return found if isinstance(found, str) else text

    def plural(self, one: str, many: str, number: int) -> str:
        """One of the two texts, or of the language's forms of them, with `{number}`."""
        forms = self.texts.get(one, (one, many))
        index = int(self.forms[number if number < 200 else 100 + number % 100])
        return self._filled(forms[index], {"number": self.number(str(number))})

    def date(self, day: date) -> str:
        """A day."""
        return self.day.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def clock(self, at: datetime) -> str:
        """A time of day."""
        return self.time.format(
            hour=at.hour, hour12=at.hour % 12 or 12, minute=at.minute, period=self.periods[at.hour // 12]
        )

    def number(self, digits: str) -> str:
        """A decimal number, such as 1234.50. Every digit of it is kept."""
        whole, point, fraction = digits.partition(".")
        if len(whole) >= self.grouping:
            whole = f"{int(whole):,}".replace(",", self.group)
        return f"{whole}{self.decimal if point else ''}{fraction}"

    def money(self, digits: str, currency: str) -> str:
        """An amount with the code of its currency (ISO 4217), which has one meaning, unlike a symbol."""
        return self.amount.format(number=self.number(digits), currency=currency)

    @property
    def _own(self) -> Mapping[str, str]:
        return vocabulary.current().texts.get(self.tag, {})

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        return text.format_map({name: self.isolated(value) for name, value in values.items()}) if values else text

    def isolated(self, value: str) -> str:
        """A value for use in a sentence. Where directions may mix, it moves no words or figures around it."""
        mixed = self.direction == "rtl" or any(bidirectional(character) in RIGHT_TO_LEFT for character in value)
        return f"{ISOLATE}{value}{END_OF_ISOLATE}" if mixed and value else value


@cache
def of(tag: str, theme: str | None = None) -> Language:
    """The language of a tag. `theme`: the folder of the bank's theme, whose texts come first."""
    return Language(**json.loads(_file(f"{tag}.json", theme).read_text(encoding="utf-8")))


@cache
def names(theme: str | None = None) -> Mapping[str, Sequence[str]]:
    """By tag, the language's own name and its direction."""
    return {**_names(FOLDER / NAMES), **(_names(PACKAGE / theme / NAMES) if theme else {})}


def chosen(offered: Sequence[str], *, preferred: Collection[str], accept: str | None) -> str:
    """The best of the offered languages, of which the first is the default (RFC 4647 3.4).

    `preferred`: tags, best first; `accept`: an Accept-Language header (RFC 9110 12.5.4), which comes after them.
    """
    by_lower = {tag.lower(): tag for tag in offered}
    for wanted in (*preferred, *_accepted(accept or "")):
        parts = wanted.lower().split("-")
        for length in range(len(parts), 0, -1):
            if found := by_lower.get("-".join(parts[:length])):
                return found
        regional = [tag for tag in offered if tag.lower().partition("-")[0] == parts[0]]
        if regional:  # Portuguese of another country is better than another language.
            return regional[0]
    return offered[0]


def _accepted(header: str) -> list[str]:
    """The tags of the header, best first."""
    found = []
    for part in header.split(",")[:MAX_RANGES]:
        if (read := RANGE.fullmatch(part)) and (quality := float(read[2] or 1)) > 0:
            found.append((quality, read[1]))
    return [tag for _, tag in sorted(found, key=lambda one: -one[0])]


def _file(name: str, theme: str | None) -> Path:
    own = PACKAGE / theme / name if theme else None
    return own if own is not None and own.is_file() else FOLDER / name


def _names(file: Path) -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found
