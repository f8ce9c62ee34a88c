"""No function pays for another's imports, and app.py imports anywhere: each shown in a process of its own.

Those processes see only what ships (requirements.txt and chalice's runtime), so that what the tests need is no crutch.
"""

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from chalicelib.settings import variables
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.package import CHALICE_RUNTIME
from tests.house.source import ROOT

HANDLERS = tuple(row.name for row in FUNCTIONS if row.routes or row.name == "authorizer")
"""Every function that somebody waits for."""

SOMEWHERE = {
    **{name: name.lower() for name in variables()},
    "DUCAT_VOCABULARY": "{}",
    **{name: "https://bank.example" for name in variables() if name.endswith(("_ISSUER", "_URL"))},
    "DUCAT_RESOURCE_RULES": "{}",
    "DUCAT_OTP_LEVEL": "2",
    "DUCAT_WEEKLY_TABLES": "no",
    "DUCAT_DATA_KEYS": "yes",
    "DUCAT_SECURE_PAYMENT_CONFIRMATION": "no",
    "DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
}
"""What Lambda gives a function. Nothing there answers."""

CHILD = """
import gc, json, os, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
sys.dont_write_bytecode = True
import app
collector = [gc.isenabled(), gc.get_freeze_count() > 0]
gc.unfreeze()
modules = [name for name, module in sys.modules.items() if module is not None]
kinds = [type(thing) for thing in gc.get_objects()]
client = sys.modules["botocore.client"].BaseClient if "botocore" in modules else ()
made = {kind for kind in set(kinds) if issubclass(kind, client)}
clients = [kind.__name__ for kind in kinds if kind in made]
print(json.dumps([modules, clients, collector]), flush=True)
os._exit(0)  # what is left goes with the process: to take it down costs a third of what the start did
"""

AWS = {"botocore", "pynamodb"}
JOSE = {"jwt", "joserfc"}
PEOPLE = {"argon2", "pyotp"}
PAGES = {"jinja2"}
PASSKEYS = {"webauthn"}
CRYPTOGRAPHY = {"cryptography"}
DETAILS = {"fastjsonschema"}
SIGNED_REQUESTS = {"http_message_signatures", "http_sf"}
ALL = AWS | JOSE | PEOPLE | PAGES | PASSKEYS | CRYPTOGRAPHY | DETAILS | SIGNED_REQUESTS

NEEDED = {
    "openid_configuration": set(),
    "oauth_authorization_server": set(),
    "oauth_protected_resource": set(),
    "jwks": AWS,
    "par": AWS | {"jwt"} | CRYPTOGRAPHY,
    "authorize": AWS,
    "login": AWS | PAGES | PEOPLE | CRYPTOGRAPHY,
    "passkey": AWS | PAGES | PEOPLE | CRYPTOGRAPHY,
    "grants": AWS | PAGES | PEOPLE | CRYPTOGRAPHY,
    "security": AWS | PAGES | PEOPLE | CRYPTOGRAPHY,
    "consent": AWS | PAGES,
    "token": AWS | {"jwt"} | CRYPTOGRAPHY,
    "userinfo": AWS,
    "introspect": AWS | {"jwt"} | CRYPTOGRAPHY,
    "revoke": AWS | {"jwt"} | CRYPTOGRAPHY,
    "authorizer": AWS,
}
"""What each function may load, of the libraries that take their time."""


@cache
def not_shipped():
    """Top-level modules of this environment that no function has."""
    shipped = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in shipped}
    owners = {
        module: {re.sub(r"[-_.]+", "-", owner).lower() for owner in owned}
        for module, owned in packages_distributions().items()
    }
    # A wheel that was made leaves metadata of our own modules in the folder.
    return sorted(
        module for module, owned in owners.items() if not owned & names and module != "chalice" and owned != {"ducat"}
    )


@cache
def ready(handler=None):
    """Modules and AWS clients of a fresh process that waits for its first request; with no handler, that imports app.py.

    And of its garbage collector: whether it runs, and whether it leaves out what there was before.
    """
    environment = {} if handler is None else {**SOMEWHERE, "_HANDLER": f"app.{handler}"}
    command = [sys.executable, "-S", "-c", CHILD, json.dumps(not_shipped())]
    environment["PYTHONPATH"] = ":".join(path for path in sys.path if path.endswith("site-packages"))
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    modules, clients, collector = json.loads(run.stdout)
    return frozenset(modules), sorted(clients), collector


def loaded(handler=None):
    return ready(handler)[0]


def libraries(modules):
    return {module.partition(".")[0] for module in modules} & ALL


def test_app_imports_without_environment_and_without_aws():
    modules = loaded()
    assert "app" in modules
    assert not libraries(modules)
    assert not [name for name in modules if name.startswith(("chalicelib.endpoints.", "chalicelib.storage.dynamodb"))]


@pytest.mark.parametrize("handler", [None, *HANDLERS, "sweep"])
def test_garbage_is_collected_from_the_first_request_on(handler):
    assert ready(handler)[2] == [True, handler is not None]


def test_of_chalice_only_its_runtime_is_needed():
    chalice = {name.removeprefix("chalice.") + ".py" for name in loaded() if name.startswith("chalice.")}
    assert chalice | {"__init__.py"} == set(CHALICE_RUNTIME)


def test_each_function_has_its_line_here():
    assert set(NEEDED) == set(HANDLERS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_loads_what_it_needs_and_no_other_library(handler):
    assert libraries(loaded(handler)) == NEEDED[handler]


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_loads_its_own_endpoint_and_none_that_it_is_not_made_of(handler):
    package = "chalicelib.endpoints."
    own = {name.removeprefix(package) for name in loaded(handler) if name.startswith(package)}
    assert own == {handler}


@pytest.mark.parametrize("handler", HANDLERS)
def test_only_the_token_endpoint_loads_grants(handler):
    assert any(name.startswith("chalicelib.grant_types.") for name in loaded(handler)) == (handler == "token")


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_has_made_its_aws_clients_before_its_first_request(handler):
    (row,) = [row for row in FUNCTIONS if row.name == handler]
    often = handler in (
        "token",
        "login",
        "passkey",
        "grants",
        "security",
    )  # the others sign for clients that asked for that, and none unseals
    assert ready(handler)[1] == ["DynamoDB"] * bool(row.tables) + ["KMS"] * often
