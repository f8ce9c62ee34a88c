"""`make conformance`: the matrix by a suite at an address. Status 0 where all is passed, but for pictures."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.settings import SettingsError
from conformance import bank, clients, matrix, report, runner
from conformance.bank import Bank, NoBank
from conformance.matrix import Cell
from conformance.report import Row
from conformance.results import GOOD, Outcome
from conformance.suite import RELEASE, TOKEN, Suite, SuiteProblem
from local.certificates import FOLDER, Certificates
from local.ports import PortTaken, add_port

LOG = FOLDER / "conformance.log"


def main() -> None:
    """The command line. Ends with status 1 where something is not passed, or with a line that says why nothing ran."""
    wanted = _arguments()
    cells = matrix.cells(wanted.only)
    if wanted.list:
        print("\n".join(cell.name for cell in cells))
        return
    if wanted.truststore:
        print(clients.truststore(Certificates(wanted.truststore)), end="")
        return
    if not cells:
        sys.exit(f"make conformance: no plan of the matrix is like {wanted.only}")
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    logging.basicConfig(filename=LOG, filemode="w", format="%(message)s")
    try:
        sys.exit(0 if conduct(cells, wanted) else 1)
    except (SuiteProblem, PortTaken, SettingsError, NoBank) as problem:
        sys.exit(f"make conformance: {problem}")
    except KeyboardInterrupt:
        sys.exit("make conformance: stopped")


def conduct(cells: tuple[Cell, ...], wanted: argparse.Namespace) -> bool:
    """Run the cells; whether everything passed. Raises SuiteProblem and what the bank's making raises."""

    def new_suite() -> Suite:
        return Suite(wanted.suite, os.environ.get(TOKEN))

    release = new_suite().require(wanted.release)
    with tempfile.TemporaryDirectory() as made:
        certificates = Certificates(wanted.certificates or Path(made))
        with _bank(wanted, certificates) as tested:
            shared = runner.Run(
                bank=tested,
                who=clients.identities(certificates),
                new_suite=new_suite,
                reported=_say,
                wanted=_send_request,
                prefix=wanted.alias,
                modules=wanted.modules,
                forget=wanted.forget,
            )
            rows = []
            for cell, outcomes in runner.run(cells, shared, side_by_side=wanted.side_by_side):
                ended = datetime.now(UTC).strftime("%Y-%m-%d")
                rows.append(report.row(cell, outcomes, release=release, date=ended))
                print(f"ended    {cell.name}", flush=True)
                if wanted.modules == "*" and not wanted.deployed:
                    report.write(rows, matrix.cells())
    print(report.table(rows))
    return all(_is_good(row) for row in rows)


def _say(cell: Cell, outcome: Outcome) -> None:
    print(report.lines(cell, outcome) + "\n", end="", flush=True)  # in one piece: others write meanwhile


def _send_request(words: str) -> None:
    print(f"please   {words}", flush=True)


def _is_good(row: Row) -> bool:
    return 0 < sum(row.counts.values()) == sum(row.counts[verdict] for verdict in GOOD)


def _bank(wanted: argparse.Namespace, certificates: Certificates) -> AbstractContextManager[Bank]:
    if wanted.deployed:
        return bank.deployed(wanted.deployed)
    return bank.local(wanted.port, certificates)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance", description="The plans of the matrix, by a suite.")
    parser.add_argument("suite", nargs="?", default="https://localhost:8443", help="the suite's https address")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cells whose name (see --list) is like this")
    parser.add_argument("--modules", default="*", metavar="PATTERN", help="only such modules; then no page is written")
    parser.add_argument("--list", action="store_true", help="print the cells' names, run nothing")
    parser.add_argument("--forget", action="store_true", help="delete each plan at the suite once it has ended")
    parser.add_argument("--side-by-side", type=int, default=4, metavar="N", help="plans at once (default 4)")
    parser.add_argument("--release", default=RELEASE, help=f"the suite's release (default {RELEASE})")
    parser.add_argument(
        "--alias", default="ducat", metavar="PREFIX", help="what the aliases begin with (default ducat)"
    )
    deployed = parser.add_argument_group("a deployment instead of the local stack (docs/operate/certify.md)")
    deployed.add_argument("--deployed", metavar="FUNCTION", help="a Lambda function of it, which has its settings")
    deployed.add_argument("--certificates", type=Path, metavar="FOLDER", help="where the client certificates are kept")
    deployed.add_argument("--truststore", type=Path, metavar="FOLDER", help="print what the gateway must trust of them")
    add_port(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
