"""`python -m benchmarks`: measure, and print plain tables. With `--write`, the page and its data are written too."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

from benchmarks import cold, cost, first_calls, journey, keycloak, peer, report, shipped, warm
from ducat_cdk import bytecode, package
from local.certificates import Certificates

FEW = ("jwks", "token")
"""The functions that a fast run starts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where that is wished. Ends with a line where a peer can't be had."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What a request costs.")
    parser.add_argument("--fast", action="store_true", help="few rounds: to see that it runs, not to compare")
    parser.add_argument("--peer", action="store_true", help="node-oidc-provider beside it, by npm")
    parser.add_argument(
        "--keycloak", metavar="FOLDER", type=Path, help="Keycloak beside it, of this unpacked distribution; needs Java"
    )
    parser.add_argument("--tls", action="store_true", help="TLS to the stand-in for AWS")
    parser.add_argument("--write", action="store_true", help="write the page, its plots and its data")
    options = parser.parse_args(arguments)
    try:
        distribution = options.keycloak and keycloak.usable(options.keycloak)
    except keycloak.Unusable as problem:
        sys.exit(str(problem))
    with TemporaryDirectory() as home:
        measured = _measured(
            Path(home), fast=options.fast, peers=options.peer, distribution=distribution, tls=options.tls
        )
    print(report.tables(measured))
    if options.write:
        print(report.write(measured))


def _measured(home: Path, *, fast: bool, peers: bool, distribution: Path | None, tls: bool) -> report.Measured:
    folder = home / "task"
    before = os.getloadavg()
    python = shipped.installed(folder) if fast else _fetched(folder)
    handlers, kinds = (FEW, ("assertion",)) if fast else (cold.HANDLERS, tuple(journey.KINDS)[:2])
    node = _peer() if peers else None
    copy = _keycloak(distribution, home) if distribution else None
    counts = cost.count()
    certificates = Certificates(home / "certificates")
    pair = (certificates.trusted, certificates.server().file) if tls else None
    return report.Measured(
        before=before,
        python=python,
        tls=tls,
        versions=(peer.versions() if node else {}) | (keycloak.versions(copy) if copy else {}),
        bytes=package.zipped_size(folder),
        modules={handler: cold.modules(folder, python, handler) for handler in handlers},
        warm=warm.measure(
            folder,
            python,
            kinds,
            2 if fast else 24,
            names=warm.OURS[: 1 if fast else None],
            peer=node,
            distribution=copy,
            tls=pair,
        ),
        cold=cold.measure(2 if fast else 5, handlers, folder, shipped.published(folder), python, node),
        first_calls=first_calls.measure(2 if fast else 5, folder, shipped.published(folder), python, certificates),
        counts=counts,
    )


def _fetched(folder: Path) -> Path:
    """The package as it is deployed; where no index is in reach, of this Python."""
    try:
        return shipped.fetched(folder, package.runtime(package.PYTHON))
    except (CalledProcessError, bytecode.NoInterpreter) as problem:
        print(f"Measured with this Python's own packages: {problem}", file=sys.stderr)
        return shipped.installed(folder.with_name("task"))


def _peer() -> Path:
    try:
        return peer.install()
    except CalledProcessError:
        sys.exit("The peer can't be installed; npm says why above. Is its registry in reach?")


def _keycloak(distribution: Path, home: Path) -> Path:
    try:
        return keycloak.built(distribution, home)
    except CalledProcessError:
        sys.exit("Keycloak can't be built; it says why above. Is its Java new enough?")


if __name__ == "__main__":
    main()
