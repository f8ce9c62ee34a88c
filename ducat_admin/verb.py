"""A verb of the command line. To click each id that begins with a dash, as one random id in 64 does, is an option."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice

import click

OPTION = re.compile(r"--[a-z]+(-[a-z]+)*|-[a-zA-Z]")
"""What is meant as an option, whichever a verb has. An id of this form is given after --."""

SIMILAR = 0.85
"""How similar to an option's name a word is that is taken for a mistyped one. 1 is the same."""


@dataclass
class Words:
    """A command line. `doubtful`: those of the `values` that begin with a dash. `whole`: no option lacks its value."""

    options: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    whole: bool = True


class Verb(click.Command):
    """A command whose arguments may begin with a dash.

    An option is what the verb has, what is similar to it, and what is one word more than the verb has arguments.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand the options to click, and after -- the arguments."""
        words = _sorted(args, self._options(ctx))
        if not ctx.resilient_parsing:
            self._refuse_mistyped(ctx, words)
        after = ["--", *words.values] if words.values and words.whole else []
        return super().parse_args(ctx, [*words.options, *after])

    def _options(self, ctx: click.Context) -> dict[str, int]:
        """Each option's spellings, and how many words are its value."""
        return {
            name: 0 if one.is_flag or one.count else one.nargs
            for one in self.get_params(ctx)
            if isinstance(one, click.Option)
            for name in (*one.opts, *one.secondary_opts)
        }

    def _refuse_mistyped(self, ctx: click.Context, words: Words) -> None:
        """Raises NoSuchOption."""
        counts = [one.nargs for one in self.get_params(ctx) if isinstance(one, click.Argument)]
        too_many = -1 not in counts and len(words.values) > sum(counts)
        options = self._options(ctx)
        names = [one.partition("=")[0] for one in words.doubtful]
        mistyped = [name for name in names if OPTION.fullmatch(name) or _near(name, options)]
        for name in mistyped or names[-1:] * too_many:
            raise click.NoSuchOption(name, _said(ctx, name, bool(counts) and not _near(name, options)), options, ctx)


def _sorted(args: Sequence[str], options: Mapping[str, int]) -> Words:
    words, rest = Words(), iter(args)
    for word in rest:
        name, joined, _ = word.partition("=")
        if word == "--":
            words.values += rest
        elif name in options and (not joined or name.startswith("--")):
            value = [] if joined else list(islice(rest, options[name]))
            words.options += [word, *value]
            words.whole = bool(joined) or len(value) == options[name]
        else:
            words.values.append(word)
            words.doubtful += [word] if word.startswith("-") and word != "-" else []
    return words


def _near(name: str, options: Iterable[str]) -> bool:
    return bool(get_close_matches(name.lstrip("-"), [one.lstrip("-") for one in options], cutoff=SIMILAR))


def _said(ctx: click.Context, name: str, is_id: bool) -> str:
    if any(name in one.opts for one in ctx.find_root().command.params):
        return f"{name} stands before the group: {ctx.find_root().info_name} {name} ..."
    return f"No such option {name!r}." + (" An id that begins so is given after --." if is_id else "")


class Verbs(click.Group):
    """A group of verbs."""

    command_class = Verb
