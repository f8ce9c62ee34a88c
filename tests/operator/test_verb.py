"""What the command line takes for an id and what for an option, for every verb."""

import click
import pytest

from ducat_admin.command import ducat
from ducat_admin.verb import Verb
from tests.storage.sample_records import digest

IDS = ("-N0-bwptQ", "--Zq3_x7", "-hN0bwptQ", "-9", "-acme", "--A", "-_")
MISTYPED = ("--yess", "--no-such", "-y", "--al=1")


def verbs(command=ducat, names=("ducat",)):
    """Each verb by its name."""
    if not isinstance(command, click.Group):
        yield " ".join(names), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from verbs(command.get_command(context, name), (*names, name))


VERBS = dict(verbs())


def read(verb, words):
    """The parameters that the words are read as."""
    parent = click.Context(ducat, info_name="ducat", obj=None, help_option_names=["-h", "--help"])
    with VERBS[verb].make_context(verb, list(words), parent=parent) as context:
        return context.params


def arguments(verb):
    return [one for one in VERBS[verb].params if isinstance(one, click.Argument)]


def values(params, verb):
    found = [params[one.name] for one in arguments(verb)]
    found = [one for value in found for one in (value if isinstance(value, tuple) else (value,))]
    return [getattr(one, "name", None) or str(one) for one in found]


TAKES_IDS = [verb for verb in VERBS if arguments(verb)]


def test_every_verb_is_read_so():
    assert len(TAKES_IDS) > 20
    assert [verb for verb, command in VERBS.items() if not isinstance(command, Verb)] == []


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The ids are files too, for the verbs that take one."""
    monkeypatch.chdir(tmp_path)
    for name in (*IDS, *MISTYPED, *"xy"):
        (tmp_path / name).write_text("")


@pytest.mark.parametrize("verb", TAKES_IDS)
def test_an_id_may_begin_with_a_dash(verb, files):
    for name in IDS:
        words = [name for _ in arguments(verb)]
        assert values(read(verb, words), verb) == words
        assert values(read(verb, ["--", *words]), verb) == words
    for name in MISTYPED:
        words = ["x" if n else name for n, _ in enumerate(arguments(verb))]
        if len(words) == 1:
            assert values(read(verb, ["--", *words]), verb) == words
    flags = [one.opts[0] for one in VERBS[verb].params if isinstance(one, click.Option) and one.is_flag]
    for flag in flags:
        words = ["-N0-bwptQ" for _ in arguments(verb)]
        for line in ([flag, *words], [*words, flag]):
            params = read(verb, line)
            assert values(params, verb) == words
            assert True in params.values()


@pytest.mark.parametrize("verb", TAKES_IDS)
def test_an_option_that_there_is_not_is_no_id(verb, files):
    several = any(one.nargs == -1 for one in arguments(verb))
    wrong = MISTYPED if several else (*MISTYPED, "-N0-bwptQ")
    for name in wrong:
        with pytest.raises(click.NoSuchOption, match="No such option"):
            read(verb, [*("x" for _ in arguments(verb)), name] if name not in IDS else ["y", *["x"] * 2, name])
    with pytest.raises(click.NoSuchOption, match="ducat --json"):
        read(verb, [*("x" for _ in arguments(verb)), "--json"])


def test_an_options_value_may_begin_with_a_dash_too(files):
    for verb, command in VERBS.items():
        for one in command.params:
            if isinstance(one, click.Option) and isinstance(one.type, click.types.StringParamType):
                name, words = one.opts[0], ["x" for _ in arguments(verb)]
                for line in ([name, "-x", *words], [*words, name, "-x"], [*words, f"{name}=-x"]):
                    assert read(verb, line)[one.name] in ("-x", ("-x",)), verb
                with pytest.raises(click.BadOptionUsage, match="requires an argument"):
                    read(verb, [*words, name])


def test_a_mistyped_option_is_told_from_what_it_is_like():
    with pytest.raises(click.NoSuchOption) as refused:
        read("ducat client end", ["acme", "--yess"])
    assert refused.value.format_message() == "No such option '--yess'. Did you mean '--yes'?"
    with pytest.raises(click.NoSuchOption) as refused:
        read("ducat client end", ["--acme"])
    assert refused.value.format_message().startswith("No such option '--acme'. An id that begins so is given after --.")


def test_ids_that_begin_with_a_dash_are_looked_for(ducat):
    one = f"-{digest('x')[1:]}"
    printed = ducat.run("consent", "end", one, f"-h{one[2:]}", "--yes", status=1)
    assert printed == f"Error: no consent has the id {one}, -h{one[2:]}. Ended 0 consents.\n"
    assert f"no client has the id {one}" in ducat.run("client", "show", one, status=1)
    assert "No such option '--yess'" in ducat.run("client", "end", one, "--yess", status=2)
    assert "ducat client end" in ducat.run("client", "end", "-h")
