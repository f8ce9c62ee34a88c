"""`python -m benchmarks`: measure, and print plain tables. Nothing is written unless a file is named."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks import cold, cost, cpu, journey

FEW = ("jwks", "token")
"""The functions that a fast run starts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each table as soon as it is measured; with `--output`, write all of them too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What a request costs.")
    parser.add_argument("--fast", action="store_true", help="few rounds: to see that it runs, not to compare")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables to a file as well")
    options = parser.parse_args(arguments)
    said: list[str] = []
    few = options.fast
    tables: tuple[Callable[[], str], ...] = (
        lambda: _cpu(3 if few else 500),
        lambda: _cold(1 if few else 9, FEW if few else cold.HANDLERS),
        _calls,
    )
    for table in tables:
        said.append(table())
        print(said[-1], flush=True)
    if options.output is not None:
        options.output.write_text("\n".join(said), encoding="utf-8")


def _cpu(rounds: int) -> str:
    rows = []
    for request, of in cpu.measure(rounds).items():
        proof = of["assertion and proof"] - of["assertion"]
        rows.append((request, *(f"{of[kind]:.2f}" for kind in journey.KINDS), f"{proof:.2f}"))
    return _table(
        f"CPU of a warm request, ms, median of {rounds}; AWS is answered inside the process",
        ("request", *journey.KINDS, "of it the proof"),
        rows,
    )


def _cold(rounds: int, handlers: Sequence[str]) -> str:
    rows = [
        (handler, f"{of['ours']:.0f}", f"{of['floor']:.0f}", f"{of['ours'] / of['floor']:.2f}")
        for handler, of in cold.measure(rounds, handlers).items()
    ]
    return _table(
        f"CPU until a function is ready, ms, median of {rounds}; the floor is Python and its libraries and clients",
        ("function", "ours", "floor", "times"),
        rows,
    )


def _calls() -> str:
    counts, costs = cost.measure()
    requests = _table(
        "AWS calls of a warm request: DynamoDB, KMS, and how many in a row",
        ("request", *counts),
        [
            (request, *(f"{of[request].dynamodb}, {of[request].kms}, {of[request].trips}" for of in counts.values()))
            for request in counts["assertion"]
        ],
    )
    million = _table(
        f"A million logins with one protected call each, but for API Gateway: {cost.PRICES}",
        ("a login", "write units", "read units", "KMS requests", "GB-s (assumed)", "USD a million"),
        [
            (kind, str(c.write_units), str(c.read_units), str(c.kms), str(cost.USED), f"{c.usd:.2f}")
            for kind, c in costs.items()
        ],
    )
    return f"{requests}\n{million}"


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    first, *rest = ("  ".join((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:]))) for line in lines)
    return "\n".join((title, "", first, "-" * len(first), *rest, ""))


if __name__ == "__main__":
    main()
