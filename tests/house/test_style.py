"""How the house is kept: small files, spoken names, docstrings, and no word of where it was built."""

import ast
import re

import pytest

from tests.house.source import ENDPOINTS, FILES, ROOT, classes, functions, lines_of_code, nodes, text, tree

CODE = ("chalicelib", "ducat_admin", "ducat_cdk", "local", "conformance", "benchmarks", "docs")
ALL = tuple(
    sorted(
        path.relative_to(ROOT)
        for package in (*CODE, "tests")
        for path in (ROOT / package).rglob("*.py")
        if path.is_file()
    )
)
OURS = (ROOT / "app.py").relative_to(ROOT), *(path for path in ALL if path.parts[0] != "tests")

MAX_ENDPOINT_LINES, MAX_FILE_LINES, MAX_FUNCTION_LINES = 80, 300, 45
LONGER = {"passkey.py": 110, "grants.py": 125}
"""Doors with two pages or more behind them."""

NO_ROOMS = {"utils", "util", "helpers", "helper", "common", "shared", "core", "base", "services", "managers", "misc"}
DECORATORS = {
    "dataclass",
    "property",
    "cached_property",
    "cache",
    "lru_cache",
    "classmethod",
    "staticmethod",
    "contextmanager",
}
"""None of them hides where control goes."""

NOT_OURS = {"__pycache__", "build", "node_modules"}
LOOKED_INTO = [
    path for path in ROOT.iterdir() if path.is_dir() and path.name not in NOT_OURS and not path.name.startswith(".")
]
WRITTEN = tuple(
    sorted(
        path.relative_to(ROOT)
        for found in (
            ROOT.glob("*"),
            *(ROOT.glob(f"{name}/*") for name in (".ci", ".chalice")),
            *(p.rglob("*") for p in LOOKED_INTO),
        )
        for path in found
        if path.is_file() and not NOT_OURS & set(path.parts)
        if not path.name.startswith(".") or path.parent != ROOT
        if path.suffix in ("", ".py", ".md", ".toml", ".txt", ".in", ".json", ".html", ".css", ".js")
    )
)
"""Every file that somebody wrote or a script writes for readers."""


def test_every_package_is_looked_at():
    assert len(FILES) > 50
    assert ENDPOINTS
    assert {"README.md", "Makefile", ".ci/run", "requirements.txt"} <= {str(path) for path in WRITTEN}


def test_an_endpoint_fits_on_a_screen():
    lines = {path.name: lines_of_code(tree(path), text(path)) for path in ENDPOINTS}
    assert not {name: n for name, n in lines.items() if n >= LONGER.get(name, MAX_ENDPOINT_LINES)}
    assert all(lines[name] >= MAX_ENDPOINT_LINES for name in LONGER), "one of them need not be named any more"


def test_an_endpoint_begins_with_its_url_or_says_what_calls_it():
    begins = {path.name: ast.get_docstring(tree(path)) for path in ENDPOINTS}
    url = re.compile(r"((GET|POST)( and POST)? /|The Lambda authorizer)")
    assert not [name for name, said in begins.items() if not url.match(said or "")]


def test_a_file_is_short_enough_to_read():
    assert not [str(path) for path in OURS if len(text(path).splitlines()) >= MAX_FILE_LINES]


def test_a_function_is_short_enough_to_read():
    sizes = {f"{path} {f.name}": lines_of_code(f, text(path)) for path in OURS for f in functions(path)}
    assert not {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES}


def test_a_file_says_what_it_is():
    assert not [str(path) for path in OURS if not ast.get_docstring(tree(path))]


def test_a_file_says_what_each_public_thing_of_it_is():
    public = (
        (path, node) for path in OURS for node in tree(path).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    said = {
        f"{path} {node.name}": ast.get_docstring(node) or is_a_port(node)
        for path, node in public
        if node.name[0] != "_"
    }
    assert len(said) > 200
    assert not [name for name, docstring in said.items() if not docstring]


def is_a_port(node):
    """A Protocol's methods say what it is."""
    return isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases)


def test_nothing_is_left_for_later():
    assert not [str(path) for path in OURS if re.search(r"\b(?:TODO|FIXME|XXX|HACK)\b", text(path))]


def test_the_product_prints_nothing_by_itself():
    calls = ((path, node.func) for path in FILES for node in nodes(path) if isinstance(node, ast.Call))
    assert not [f"{path}:{called.lineno}" for path, called in calls if ast.unparse(called) in ("print", "breakpoint")]


CHANGED_FROM_OUTSIDE = {
    "chalicelib/aws_connections.py": {"context.check_hostname"},  # Python's ssl has no other way
    "chalicelib/fetch/https.py": {"context.minimum_version"},  # nor here
    "chalicelib/gateway.py": {
        "call.request",  # what the log line and a refusal need of a request, as far as it could be read
        "lambda_handler.__name__",  # by which Chalice's packager names it
    },
    "chalicelib/log_lines.py": {"logger.handlers", "logger.propagate"},
}
"""Attributes that are assigned by whoever has the thing, and not by itself."""


def test_an_error_is_whole_when_it_is_made_and_so_is_every_other_value():
    """Nothing that was handed on is changed, but the few things above; an error not even by itself."""
    from_outside, by_errors = {}, []
    for path in FILES:
        stored = [
            node
            for node in nodes(path)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
        ]
        found = {ast.unparse(node) for node in stored if ast.unparse(node.value) != "self"}
        from_outside |= {str(path): found} if found else {}
        for kind in classes(path):
            if any(re.search(r"Error$|Exception$|^Invalid|^OAuth", ast.unparse(base)) for base in kind.bases):
                later = [f for f in kind.body if isinstance(f, ast.FunctionDef) and f.name != "__init__"]
                by_errors += [
                    f"{kind.name}.{f.name}"
                    for f in later
                    for node in ast.walk(f)
                    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
                ]
    assert from_outside == CHANGED_FROM_OUTSIDE
    assert by_errors == []


MADE_IN = {
    "AccessToken": "chalicelib/grant_types/access_token.py",
    "AuthenticatedClient": "chalicelib/client_authentication.py",
    "TokenResponse": "chalicelib/grant_types/token_response.py",
    "UnverifiedJwt": "chalicelib/keys/jose.py",
    "VerifiedAccessToken": "chalicelib/resource_server/verified_access_token.py",
}
"""Values by their file, where a second way of making them would be a second rule. A store makes them anew of what it kept."""


def test_what_is_given_out_and_what_is_proven_is_made_in_one_place():
    made = {name: set() for name in MADE_IN}
    for path in FILES:
        if path.parts[1] != "storage":
            for node in nodes(path):
                name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                made.get(name, set()).add(str(path))
    assert made == {name: {file} for name, file in MADE_IN.items()}


def test_no_attribute_is_set_by_its_name():
    """Which the test above would not see."""
    called = [(path, ast.unparse(node.func)) for path in FILES for node in nodes(path) if isinstance(node, ast.Call)]
    hidden = {"setattr", "delattr", "object.__setattr__"}
    assert not [f"{path} {name}" for path, name in called if name in hidden or name.endswith(".add_note")]


def test_no_decorator_hides_where_control_goes():
    used = {
        ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        for path in FILES
        for node in (*functions(path), *classes(path))
        for decorator in node.decorator_list
    }
    assert used <= DECORATORS


def test_a_check_returns_what_it_checked():
    checks = [(path, f) for path in FILES for f in functions(path) if re.match(r"_?(require|check)(_|$)", f.name)]
    returned = {f"{path} {f.name}": f.returns and ast.unparse(f.returns) for path, f in checks}
    assert len(returned) > 20
    assert not [name for name, kind in returned.items() if kind in (None, "None", "bool")]


def test_no_class_inherits_but_errors_ports_and_what_a_library_asks_for():
    found = {node.name: [ast.unparse(base) for base in node.bases] for path in FILES for node in classes(path)}

    def is_an_error(name):
        return name.endswith(("Exception", "Error")) or any(is_an_error(base) for base in found.get(name, ()))

    heirs = {name: bases for name, bases in found.items() if [b for b in bases if b in found and not is_an_error(b)]}
    assert not heirs


def test_no_package_is_named_for_leftovers():
    names = {part.removesuffix(".py").strip("_") for path in ALL for part in path.parts}
    assert not names & NO_ROOMS


def test_no_two_test_files_have_one_name():
    names = [path.name for path in ALL if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_a_test_is_named_by_words():
    files = [path for path in ALL if path.name.startswith("test_")]
    named = {f"{path} {name}" for path in files for name in re.findall(r"^ *def (test_\w+)", text(path), re.MULTILINE)}
    assert len(named) > 1000
    assert not [name for name in named if name.rpartition(" ")[2].count("_") < 2]


def test_the_readme_is_one_screen():
    lines = text((ROOT / "README.md").relative_to(ROOT)).splitlines()
    assert len(lines) < 80
    assert max(len(line) for line in lines if not line.startswith("|")) <= 120


def test_app_py_is_one_page_with_a_line_for_each_function():
    assert len(text((ROOT / "app.py").relative_to(ROOT)).splitlines()) < 60


def test_the_requirements_name_no_index():
    for path in ROOT.glob("requirements*"):
        assert not re.search(r"^\s*(-i|--\S*(index|find-links|trusted)\S*)\b", path.read_text(), re.MULTILINE), (
            path.name
        )


# Split, so that they don't stand here.
ELSEWHERE = [
    *("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"),
    *("ref" + "eree", "clau" + "de", "anth" + "ropic", "cop" + "ilot", "chat" + "gpt", "open" + "ai"),
    *("sub" + "agent", "langu" + "age model", "gene" + "rated with", "co-auth" + "ored-by"),
]


A_PACKAGE = "@cloud-cop" + "ilot/iam-simulate"
"""The whole name of a package on npm, which is not about where this was built."""


@pytest.mark.parametrize("word", ELSEWHERE)
def test_the_project_speaks_of_itself_alone(word):
    texts = {path: (ROOT / path).read_text(encoding="utf-8").lower().replace(A_PACKAGE, "") for path in WRITTEN}
    assert not [str(path) for path, text in texts.items() if word in text]
