"""docs/reference/ducat.md: what each verb of the operator's command says of itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ducat_admin.command import ducat

WIDTH = 100


def page() -> str:
    """Each verb's --help, as the command prints it."""
    said = [
        "# The command `ducat`\n",
        "Written by `make docs` from the code; changes here are lost.\n",
        "Each text is what `ducat ... --help` prints. `--json`, `--laptop`, `--stack` and `--settings` stand before the group: "
        "`ducat --json client list`. An id may begin with a dash; one that reads like an option is given "
        "after `--`. The status is 0 where all is done, 1 where something is wrong, with a line that says what, and 2 where "
        "the command line can't be read. How to work with it: [clients and people](../operate/clients-and-users.md).\n",
    ]
    for depth, names, text in _helps(ducat, None, ["ducat"]):
        said.append(f"{'#' * (depth + 1)} `{' '.join(names)}`\n\n```text\n{text}\n```\n")
    return "\n".join(said)


def _helps(
    command: click.Command, parent: click.Context | None, names: list[str]
) -> Iterator[tuple[int, list[str], str]]:
    context = click.Context(
        command,
        parent,
        info_name=names[-1],
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    lines = command.get_help(context).splitlines()
    yield min(len(names), 2), names, "\n".join(line.rstrip() for line in lines)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _helps(found, context, [*names, name])
