"""Write docs/reference, and docs/integrate/profiles.md, from the code: `python -m docs.generate`, or `make docs`.

Places are files and names, never line numbers, so that a page changes only when what it says does.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from chalicelib import errors, profiles
from chalicelib.errors import OAuthError
from chalicelib.profiles import PROFILES, Profile
from chalicelib.settings import Settings, variable
from docs import (
    alarms,
    architecture,
    checks,
    clauses,
    command,
    cost,
    decisions,
    fapi1,
    licences,
    protocol,
    published,
    roles,
    syntax,
    threats,
)
from docs.clauses import ROOT, TAG, Citation

REFERENCE = ROOT / "docs" / "reference"
FAPI1 = "../integrate/profiles.md"
MANY = 6
WRITTEN = "Written by `make docs` from the code; changes here are lost.\n"


def clauses_page() -> str:
    """Each clause, the code that cites it, the tests that show it."""
    code, tests = clauses.in_code(), clauses.in_tests()
    known = clauses.in_order({*code, *tests})
    said = [
        "# Clauses\n",
        WRITTEN,
        "Each clause that the code cites or a test is marked with: where the code heeds it, and the tests that show it. "
        "Tags are spelt as the OpenID Foundation's conformance suite spells them, so a red line there can be searched for "
        "here.\n",
    ]
    for name, (title, _) in clauses.SPECIFICATIONS.items():
        own = [tag for tag in known if clauses.specification(tag) == name]
        if own:
            said.append(f"## {title}\n")
            said.append(
                _table(
                    ("Clause", "Code", "Tests"),
                    (
                        (f"[{tag}]({clauses.address(tag)})", _locations(code.get(tag)), _locations(tests.get(tag)))
                        for tag in own
                    ),
                )
            )
    return "\n".join(said)


def fapi1_page() -> str:
    """Each row of FAPI 1.0's profiles and each clause of the final texts, with the code and the tests that show it."""
    code, tests = clauses.in_code(), clauses.in_tests()
    said = [
        "# FAPI 1.0, row by row\n",
        WRITTEN,
        "What FAPI 1.0 asks of a provider and its resources: the Read-Only and Read-and-Write profiles as they began, and the "
        "final Baseline and Advanced texts, clause by clause, in our words. Beside each is the code that cites it and the "
        "tests that show it; which client gets which rules is told in [profiles](../reference/profiles.md). A client of FAPI "
        "1.0 and one of FAPI 2.0 live on the same deployment.\n",
    ]
    for heading, rows in fapi1.SECTIONS.items():
        said.append(f"## {heading}\n")
        said.append(_table(("Row", "The provider", "Code", "Tests"), (_row(row, code, tests) for row in rows)))
    return "\n".join(said)


def settings_page() -> str:
    """Each environment variable, and what it is."""
    words = _described(Settings)
    rows = ((f"`{variable(name)}`", _sentence(_of(name, words))) for name in Settings._fields)
    return "\n".join(
        (
            "# Settings\n",
            WRITTEN,
            "Where a deployment is: environment variables of every function, which `ducat_cdk/` sets. Each is required, "
            "unless it says otherwise; what is missing or wrong is listed in one message. No setting softens a rule. What a "
            "bank chooses when it deploys is in [deploy](../operate/deploy.md#the-settings).\n",
            _table(("Variable", "What"), rows),
        )
    )


def errors_page() -> str:
    """Each error code, its status, what it means, and which files refuse with it."""
    kinds = [
        k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, OAuthError) and k is not OAuthError
    ]
    calls = _called_in_product()
    rows = (
        (
            f"`{kind.error}`",
            "404, 405" if kind is errors.NotFoundOrMethodNotAllowed else str(kind.status),
            inspect.getdoc(kind) or "",
            "<br>".join(map(_link, paths)) if len(paths := calls.get(kind.__name__, [])) <= MANY else "in many places",
        )
        for kind in sorted(kinds, key=lambda kind: (kind.error, kind is errors.NotFoundOrMethodNotAllowed))
    )
    return "\n".join(
        (
            "# Errors\n",
            WRITTEN,
            "What a refusal says: `error`, and `error_description` for a log. At `/authorize`, `/login` and `/consent` a "
            "person sees a page with the same code, or the client gets it in the redirect. Status 401 of a protected "
            "resource comes with a `WWW-Authenticate` challenge, and `invalid_dpop_proof` and `use_dpop_nonce` are 401 "
            "there. A body of more than 64 KB is `invalid_request` with 413.\n",
            _table(("Code", "Status", "When", "Where"), rows),
        )
    )


def profiles_page() -> str:
    """Each question that a rule depends on, and what each profile answers, with the clause."""
    cited = {name: _cited(name) for name in PROFILES}
    said = [
        "# Profiles\n",
        WRITTEN,
        "What each profile answers to each question that a rule depends on. The questions are those of "
        f"{_link('chalicelib/profiles/profile.py')}.\n",
        " ".join((inspect.getdoc(Profile) or "").partition("\n\n")[2].split()) + "\n",
    ]
    for heading, questions in _grouped():
        rows = (
            (f"`{q}`", *(" ".join((_value(getattr(p, q)), *cited[name].get(q, ()))) for name, p in PROFILES.items()))
            for q in questions
        )
        said += [f"## {heading}\n", _table(("Question", *(f"`{name}`" for name in PROFILES)), rows)]
    return "\n".join(said)


PAGES: Mapping[str, Callable[[], str]] = {
    "clauses.md": clauses_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "profiles.md": profiles_page,
    "roles.md": roles.page,
    "protocol.md": protocol.page,
    "licences.md": licences.page,
    "published.md": published.page,
    "checks.md": checks.page,
    "threat-model.md": threats.page,
    "architecture.md": architecture.page,
    "ducat.md": command.page,
    FAPI1: fapi1_page,
    "../decisions/README.md": decisions.page,
    "../operate/cost.md": cost.page,
    "../operate/alarms.md": alarms.page,
}


def main() -> int:
    """Write every page that changed, and name it. With --check, name it only, and give 1 where there is one."""
    check = "--check" in sys.argv[1:]
    REFERENCE.mkdir(exist_ok=True)
    stale = 0
    for name, page in PAGES.items():
        file, text = (REFERENCE / name).resolve(), page()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale = 1
            print(file.relative_to(ROOT), file=sys.stderr)
            if not check:
                file.write_text(text, encoding="utf-8")
    return stale if check else 0


def _row(row: fapi1.Row, code: clauses.Found, tests: clauses.Found) -> tuple[str, ...]:
    """A row says plainly what it lacks, and why, if there is a reason."""
    name = f"[{row.name}]({clauses.address(row.name)})" if "-" in row.name else row.name
    cited, shown = (_locations({p for tag in row.tags for p in found.get(tag, ())}) for found in (code, tests))
    return (
        name,
        row.words,
        cited or row.uncited or "**missing: no code cites it**",
        shown or row.untested or "**missing: no test shows it**",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(" ".join(cell.split()) for cell in line) + " |\n" for line in lines)


def _link(path: str) -> str:
    """A link from docs/reference to a file, named by what is worth reading of its path."""
    return f"[{path.removeprefix('chalicelib/').removeprefix('tests/')}](../../{path})"


def _locations(locations: Iterable[Citation] | None) -> str:
    """Files, each with the names in it."""
    found: dict[str, list[str]] = {}
    for location in sorted(locations or ()):
        found.setdefault(location.path, []).append(location.name)
    return "<br>".join(
        f"{_link(path)} {', '.join(f'`{name}`' for name in names if name)}".strip() for path, names in found.items()
    )


def _described(kind: type) -> dict[str, str]:
    """The words of a class's docstring about each field: "`name`, `other`: words"."""
    text = " ".join((inspect.getdoc(kind) or "").split())
    parts = re.findall(r"((?:`[\w*]+`, )*`[\w*]+`): (.*?)(?=\s(?:`[\w*]+`, )*`[\w*]+`: |$)", text)
    return {name: words for names, words in parts for name in re.findall(r"`([\w*]+)`", names)}


def _of(name: str, words: Mapping[str, str]) -> str:
    """The words about a field: its own, or those about all that end like it. Raises LookupError where nothing is said."""
    return next(said for pattern, said in words.items() if re.fullmatch(pattern.replace("*", r"\w+"), name))


def _sentence(words: str) -> str:
    return words if words.startswith("https") else words[0].upper() + words[1:]


def _called_in_product() -> dict[str, list[str]]:
    """The files of the product in which each name is called."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        names = {n.func.id for n in syntax.nodes(path) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        for name in names:
            found.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return found


def _grouped() -> list[tuple[str, list[str]]]:
    """The questions under the headings that stand above them in the class."""
    groups: list[tuple[str, list[str]]] = []
    heading = "Its name"
    for line in inspect.getsource(Profile).splitlines():
        if line.startswith("    # "):
            heading = line.strip("# .")
        elif question := re.fullmatch(r"    (\w+): .*", line):
            if not groups or groups[-1][0] != heading:
                groups.append((heading, []))
            groups[-1][1].append(question.group(1))
    return [(heading, questions) for heading, questions in groups if questions != ["name"]]


def _cited(name: str) -> dict[str, list[str]]:
    """The clauses that a profile's file cites beside each of its answers."""
    source = Path(profiles.__file__).with_name(name.replace("-", "_") + ".py").read_text(encoding="utf-8")
    (made,) = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    lines = source.splitlines()
    return {
        str(k.arg): [m.group() for line in lines[k.lineno - 1 : k.end_lineno] for m in TAG.finditer(line)]
        for k in made.keywords
    }


def _value(answer: object) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, tuple):
        return ", ".join(f"`{one}`" for one in answer) or "none"
    return f"{answer:,}" if isinstance(answer, int) else f"`{answer}`"


if __name__ == "__main__":
    sys.exit(main())
