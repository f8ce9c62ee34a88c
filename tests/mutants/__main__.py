"""Break each rule of the product on purpose, one at a time, and see that a test notices: `make mutants`.

    python -m tests.mutants [--only 'token-*'] [--workers 2] [--page FILE]

Exits with 1 where a mutation is not noticed, with 2 where the list does not fit the tree.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.mutants.mutation import ROOT, Stale, chosen, mutated, mutations
from tests.mutants.runner import Outcome, function_of, outcomes, workers

PAGE = ROOT / "docs" / "reference" / "mutants.md"
ROW = re.compile(r"^\| ([a-z0-9-]+) \| (.+) \| (.+) \|$", re.MULTILINE)
NOT_RUN = "it was not run yet"


def main() -> int:
    request_parameters = _arguments()
    began = time.monotonic()
    try:
        some = chosen(request_parameters.only or "*")
        for one in some:
            mutated([one])
        with workers(request_parameters.workers) as hands:
            found = outcomes(some, hands, lambda line: print(line, flush=True))
    except Stale as problem:
        print(f"mutants: {problem}", file=sys.stderr)
        return 2
    cells = read(PAGE) if request_parameters.only else {}
    request_parameters.page.write_text(
        page_of(cells | {one.mutation.name: _noticed(one) for one in found}), encoding="utf-8"
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    missed = [one for one in found if one.by is None]
    print(
        f"{len(found)} mutations, {len(found) - len(missed)} caught; "
        f"{time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU"
    )
    for outcome in missed:
        print(f"not caught: {outcome.mutation.name}: {outcome.mutation.rule} ({outcome.why})")
    return 1 if missed else 0


def read(page: Path) -> dict[str, str]:
    """Of a page that was written before, what stands there of each mutation: the test that notices first."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return {name: cell for name, _, cell in ROW.findall(text)}


def page_of(cells: Mapping[str, str]) -> str:
    """The reference page: each mutation, the rule that it breaks, and the test that notices first, which `cells` has."""
    said = [
        "# Mutants\n",
        "Written by `make mutants`; changes here are lost.\n",
        "Each rule that [the documents](../integrate/README.md) state, each row of [FAPI 1.0](../integrate/profiles.md) and "
        "each verb of a store (`chalicelib/storage/`) is broken on purpose, one at a time, in a copy of the tree. A "
        "test must notice. Here is which one does so first; `make mutants` fails where none does.\n",
        "A mutation is a table in a file of `tests/mutants/list/`: the rule in a sentence, what it breaks by name (a promise of "
        "`tests/mutants/rules.toml`, a clause, a store's verb), the file, the exact text that stands there once, what stands "
        "there instead, and the tests that should notice. To add one, write such a table and run `make mutants ONLY=its-name`, "
        "which writes its row here. One that changes nothing that can be seen from outside does not belong there. "
        "`tests/mutants/test_list_of_mutants.py` sees that the list fits the code, and that no promise, row or verb lacks "
        "one.\n",
    ]
    for group in dict.fromkeys(one.group for one in mutations()):
        rows = [
            f"| {one.name} | {one.rule} | {cells.get(one.name, NOT_RUN)} |" for one in mutations() if one.group == group
        ]
        heading = f"## {group.capitalize()}\n"
        said += [heading, "| Mutation | The rule that it breaks | Noticed first by |", "|---|---|---|", *rows, ""]
    return "\n".join(said)


def _noticed(outcome: Outcome) -> str:
    if outcome.by is None:
        return "nothing"
    file, _, name = function_of(outcome.by).partition("::")
    return f"[{file}](../../tests/{file}) `{name.replace('::', ' ')}`"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only", help="mutations whose name fits, such as 'token-*,code-*'; of the page their rows alone"
    )
    parser.add_argument("--workers", type=int, default=2, help="copies of the tree to work in (default: 2)")
    parser.add_argument(
        "--page", type=Path, default=PAGE, help="where the table goes (default: docs/reference/mutants.md)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
