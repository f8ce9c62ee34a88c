"""What whoever has a function's role can't do on AWS, by the synthesized policies. docs/reference/roles.md says the rest."""

import json

import pytest

from ducat_cdk.functions import FUNCTIONS
from tests.infra.policies import allowed, plain, table_arn
from tests.infra.template import Template

MAX_POLICY_BYTES = 10_240
"""Of all inline policies of a role, without white space (IAM quotas)."""


@pytest.fixture(scope="module")
def policies(synthesized):
    return plain(Template(synthesized / "with-EdDSA"))


def may(policies, function, action, table, *attributes, key="alice", select=None):
    context = {"dynamodb:LeadingKeys": (key,), "dynamodb:Attributes": ("pk", *attributes)}
    if action == "GetItem":
        context["dynamodb:Select"] = select or "SPECIFIC_ATTRIBUTES"
    return allowed(policies[function], f"dynamodb:{action}", table_arn(table), context)


@pytest.mark.parametrize("function", ["login", "grants"])
def test_who_signs_people_in_counts_and_changes_no_record(policies, function):
    assert may(policies, function, "UpdateItem", "users", "failures", "last_attempt_browser")
    for wrong in ("record", "invitation", "left_at", "username", "sign_count", "data_key_id", "wrapped"):
        assert not may(policies, function, "UpdateItem", "users", wrong)
    for key in ("sub 4711", "data key", "data key 4711", "passkey 4711"):
        assert not may(policies, function, "UpdateItem", "users", "failures", key=key)
    assert may(policies, function, "UpdateItem", "users", "sign_count", "attempt", key="passkey 4711")
    assert not may(policies, function, "UpdateItem", "users", "username", key="passkey 4711")
    assert not may(policies, function, "PutItem", "users")


def test_who_recognises_people_reads_no_password(policies):
    assert may(policies, "authorize", "GetItem", "users", "profile", "suspended_at")
    assert not may(policies, "authorize", "GetItem", "users", select="ALL_ATTRIBUTES")
    assert not may(policies, "authorize", "GetItem", "users", "profile", select="ALL_ATTRIBUTES")
    for secret in ("record", "invitation", "code_use"):
        assert not may(policies, "authorize", "GetItem", "users", "profile", secret)
    for key in ("data key 4711", "passkey 4711", "sub 4711"):
        assert not may(policies, "authorize", "GetItem", "users", "profile", key=key)


def test_who_gives_tokens_reads_of_people_whether_they_left(policies):
    assert may(policies, "token", "GetItem", "users", "left_at", "suspended_at", key="sub 4711")
    assert not may(policies, "token", "GetItem", "users", "username", key="sub 4711")
    assert not may(policies, "token", "GetItem", "users", "left_at", key="sub 4711", select="ALL_ATTRIBUTES")
    assert not may(policies, "token", "GetItem", "users", "left_at")


def test_who_adds_passkeys_puts_no_person(policies):
    assert may(policies, "passkey", "UpdateItem", "users", "username", "record", "person", key="passkey 4711")
    assert may(policies, "passkey", "UpdateItem", "users", "passkey_keys", "invitation")
    for wrong in ("record", "username", "passkeys_removed"):
        assert not may(policies, "passkey", "UpdateItem", "users", wrong)
    assert not may(policies, "passkey", "UpdateItem", "users", "username", "left_at", key="sub 4711")
    assert not may(policies, "passkey", "PutItem", "users", key="passkey 4711")


def test_who_changes_how_people_sign_in_changes_no_record(policies):
    for own in (
        "passkey_keys",
        "passkeys_removed",
        "own_totp",
        "recovery_codes",
        "failures",
        "last_attempt_browser",
        "recovery_from",
    ):
        assert may(policies, "security", "UpdateItem", "users", own)
    for wrong in ("record", "profile_of", "invitation", "left_at", "username", "data_key_id", "wrapped"):
        assert not may(policies, "security", "UpdateItem", "users", wrong)
    for key in ("sub 4711", "data key", "data key 4711"):
        assert not may(policies, "security", "UpdateItem", "users", "own_totp", key=key)
        assert not may(policies, "security", "DeleteItem", "users", key=key)
    assert may(policies, "security", "UpdateItem", "users", "name", "record", key="passkey 4711")
    assert may(policies, "security", "DeleteItem", "users", key="passkey 4711")
    assert not may(policies, "security", "DeleteItem", "users")
    assert not may(policies, "security", "PutItem", "users")


def test_no_function_writes_a_password(policies):
    assert not [name for name in policies if may(policies, name, "UpdateItem", "users", "record")]
    assert not [name for name in policies if may(policies, name, "PutItem", "users", "record")]


@pytest.mark.parametrize("function", ["par", "authorize"])
@pytest.mark.parametrize(
    "attribute", ["decision", "login", "code_hash", "token", "token_hash", "refresh_hash", "given_at"]
)
def test_who_begins_a_grant_puts_none_that_is_further(policies, function, attribute):
    assert may(policies, function, "PutItem", "grants", "record", "client_id")
    assert not may(policies, function, "PutItem", "grants", "record", "client_id", attribute)


STEPS = {
    "authorize": {"login", "person", "decision"},
    "login": {"login", "person", "decision"},
    "consent": {"person", "decision", "code_hash", "granted", "front_token", "front_hash", "revoked_at"},
    "token": {"login", "decision", "code_hash", "token", "token_hash", "refresh_hash", "revoked_at"},
    "revoke": {"revoked_at"},
    "authorizer": {"revoked_at", "consumed_0"},
    "par": set(),
    "grants": {"revoked_at"},
}
"""Of a grant, which of its parts each role may write. A condition's attributes count as written."""


@pytest.mark.parametrize("function", STEPS)
def test_each_step_of_a_grant_is_written_by_who_does_it(policies, function):
    parts = set().union(*STEPS.values()) | {"record", "client_id"}
    written = {part for part in parts if may(policies, function, "UpdateItem", "grants", part)}
    assert written == STEPS[function] | ({"client_id"} if function == "authorize" else set())


def test_no_role_writes_what_was_requested_once_it_is_kept(policies):
    assert not [name for name in policies if may(policies, name, "UpdateItem", "grants", "record")]


@pytest.mark.parametrize(("function", "attribute"), [("login", "replaced_at"), ("grants", "signed_out_at")])
def test_an_update_of_a_session_ends_it_and_changes_nobody(policies, function, attribute):
    assert may(policies, function, "UpdateItem", "sessions", attribute)
    assert not may(policies, function, "UpdateItem", "sessions", "record")
    assert not may(policies, function, "UpdateItem", "sessions", "expires_at")


def test_an_access_token_that_was_put_is_only_ended(policies):
    assert may(policies, "revoke", "UpdateItem", "access_tokens", "revoked_at")
    assert not may(policies, "revoke", "UpdateItem", "access_tokens", "record")


@pytest.mark.parametrize("row", [row for row in FUNCTIONS if not row.weekly], ids=lambda row: row.name)
def test_a_roles_policy_is_short_enough_for_iam(policies, row):
    document = json.dumps({"Version": "2012-10-17", "Statement": policies[row.name]}, separators=(",", ":"))
    assert len(document) < MAX_POLICY_BYTES * 3 / 4  # names of stacks, tables and keys may be longer than here
