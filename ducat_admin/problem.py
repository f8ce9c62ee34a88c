"""What ends a command with one line."""

from __future__ import annotations

import click

from ducat_admin.output import printable


class Problem(click.ClickException):
    """One line that says what is wrong and what to do. Status 1; a wrong command line has click's status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.split())))
