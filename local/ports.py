"""Which ports the stack takes: three in a row."""

from __future__ import annotations

import argparse

BROWSERS = 8843
"""Browsers' port; the next one asks for client certificates, the one after is the demo fintechs'."""


class PortTaken(Exception):
    """Another program has the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is already taken")


def add_port(parser: argparse.ArgumentParser) -> None:
    """The command line's --port."""
    parser.add_argument(
        "--port", type=int, default=BROWSERS, help=f"the first of three ports in a row (default {BROWSERS})"
    )


def following(first: int) -> tuple[int, int, int]:
    """The browsers' port, the one that asks for certificates, the fintechs'."""
    return first, first + 1, first + 2
