"""Scope (RFC 6749 3.3): the values that a client may request, and their texts for users."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chalicelib.errors import InvalidScope, quoted
from chalicelib.language import Language
from chalicelib.scopes import known, write

SYNTAX = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC6749-3.3


def requested(value: str | None, allowed: Iterable[str]) -> tuple[str, ...]:
    """The scope values of a request, without repeats. Raises InvalidScope if one is unknown or not allowed."""
    if value is None or not SYNTAX.fullmatch(value):
        raise InvalidScope("scope is missing or malformed; separate values with one space")
    return require(tuple(dict.fromkeys(value.split(" "))), allowed)


def require(tokens: tuple[str, ...], allowed: Iterable[str]) -> tuple[str, ...]:
    """The scope values, if each is known and in `allowed`. Raises InvalidScope."""
    allowed, scopes = frozenset(allowed), known()
    for token in tokens:
        if token not in scopes:
            raise InvalidScope(f"scope: unknown value{quoted(token)}")
        if token not in allowed:
            raise InvalidScope(f"scope: value{quoted(token)} is not registered for this client, or was not granted")
    return tokens


def read(tokens: Iterable[str]) -> tuple[str, ...]:
    """The values without write access."""
    return tuple(token for token in tokens if not write((token,)))


def of_the_client_itself(allowed: Iterable[str]) -> tuple[str, ...]:
    """The values that need no user, for a client's own token (RFC 6749 4.4)."""
    scopes = known()
    return tuple(token for token in allowed if token in scopes and not scopes[token].about_a_person)


def in_words(tokens: Iterable[str], language: Language) -> list[str]:
    """The texts that a user consents to, one sentence per value."""
    wanted = frozenset(tokens)
    return [language.say(scope.words) for scope in known().values() if scope.name in wanted]
