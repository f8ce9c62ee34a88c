"""The list of mutations: each breaks one rule of the product in one place, and some test must notice.

A mutation is a table of a file in `list/`. Its members:

`rule`: what it breaks, in a sentence. `breaks`: the same by name: a promise of `rules.toml`, a clause's tag, a store's verb.
`file`: what it changes. `text`: what stands there exactly once. `instead`: what stands there then.
`tests`: where it is noticed first; below tests/, as pytest names them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Stale(Exception):
    """The list does not fit the tree: what a mutation changes is not there, or not once."""


@dataclass(frozen=True)
class Mutation:
    """One change of the product. `group`: the name of the file that lists it."""

    name: str
    group: str
    rule: str
    breaks: tuple[str, ...]
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """The file's source, mutated. Raises Stale unless `text` stands in it exactly once."""
        found = source.count(self.text)
        if found != 1:
            raise Stale(f"{self.name}: its text stands {found} times in {self.file}")
        return source.replace(self.text, self.instead)


@cache
def mutations() -> tuple[Mutation, ...]:
    """All of them, in the order of the list. Raises Stale where two have one name, or one lacks a member."""
    found = tuple(_read())
    names = [one.name for one in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Stale(f"{', '.join(sorted(twice))}: not the only one of the name")
    return found


def chosen(patterns: str) -> tuple[Mutation, ...]:
    """Those whose name fits one of the patterns, such as `token-*,code-*`. Raises Stale where none does."""
    found = tuple(one for one in mutations() if any(fnmatchcase(one.name, each) for each in patterns.split(",")))
    if not found:
        raise Stale(f"{patterns}: no mutation has such a name")
    return found


@cache
def promises() -> Mapping[str, str]:
    """What docs/integrate promises, by `page.name`: the page's own words."""
    pages = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))
    return {f"{page}.{name}": words for page, rules in pages.items() for name, words in rules.items()}


def mutated(some: Iterable[Mutation], root: Path = ROOT) -> dict[str, str]:
    """The sources of the files that these change, by path, with all of them applied. Raises Stale."""
    sources: dict[str, str] = {}
    for one in some:
        before = sources.get(one.file) or (root / one.file).read_text(encoding="utf-8")
        sources[one.file] = one.applied(before)
    return sources


def together(some: Iterable[Mutation], root: Path = ROOT) -> list[list[Mutation]]:
    """The mutations in groups that can be applied at the same time: as few groups as come of taking them in order."""
    groups: list[list[Mutation]] = []
    for one in some:
        for group in groups:
            try:
                mutated([*group, one], root)
            except Stale:
                continue
            group.append(one)
            break
        else:
            groups.append([one])
    return groups


def _read() -> Iterator[Mutation]:
    for path in sorted((HERE / "list").glob("*.toml")):
        for name, disclosed in tomllib.loads(path.read_text(encoding="utf-8")).items():
            try:
                yield Mutation(
                    name,
                    path.stem,
                    breaks=tuple(disclosed.pop("breaks")),
                    tests=tuple(disclosed.pop("tests")),
                    **disclosed,
                )
            except (KeyError, TypeError) as problem:
                raise Stale(f"{name}: {problem}") from None
