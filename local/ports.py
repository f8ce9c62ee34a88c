"""Which ports the stack takes: three in a row, and `make local` a fourth."""

from __future__ import annotations

import argparse

BROWSERS = 8843
"""Browsers' port; the next one asks for client certificates, the one after is the demo fintechs'."""

LOWEST, HIGHEST = 1024, 65532
"""Below are ports that need privileges; above there are no four in a row."""


class PortTaken(Exception):
    """Another program has the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is already taken")


def add_port(parser: argparse.ArgumentParser) -> None:
    """The command line's --port."""
    parser.add_argument(
        "--port", type=_first, default=BROWSERS, help=f"the first of three ports in a row (default {BROWSERS})"
    )


def following(first: int) -> tuple[int, int, int]:
    """The browsers' port, the one that asks for certificates, the fintechs'."""
    return first, first + 1, first + 2


def _first(text: str) -> int:
    if not text.isdecimal() or not LOWEST <= int(text) <= HIGHEST:
        raise argparse.ArgumentTypeError(f"a port is a number from {LOWEST} to {HIGHEST}, not {text!r}")
    return int(text)
