"""Each attribute that a store writes is told by an event, or stands in a list with the reason why it is none."""

import ast
from pathlib import Path

import pytest

from chalicelib.audit import of_grants, of_lines
from chalicelib.audit.event import WHAT
from chalicelib.audit.rules import RULES
from chalicelib.storage.dynamodb import grant_items
from docs import syntax
from tests.house.source import ROOT

PACKAGE = ROOT / "chalicelib" / "storage" / "dynamodb"
NOT_RECORDED = {"audit_keys.py", "replay_cache.py", "tokens.py", "data_keys.py"}
"""Files of tables without a stream; a data key has one attribute."""

EXPLAINED = {
    "clients": {"record", "suspended_at"},
    "users": {"record", "suspended_at", "invitation", "invited_until", "left_at", "username", "wrapped"}
    | {
        "passkey_keys",
        "passkeys_removed",
        "name",
        "person",
        "created_at",
        "own_totp",
        "recovery_codes",
        "recovery_from",
    },
    "grants": of_grants.OPENED
    | of_grants.APPROVED
    | of_grants.REDEEMED
    | of_grants.REFRESHED
    | of_grants.ENDED
    | {"revoked_at"},
    "bonds": {"epoch"},
    "sessions": {"record", "replaced_at", "signed_out_at"},
    "signing_keys": {"record", "signs_from"},
    "revocations": {"record", "entries", "why", "denied_at"},
}
"""Attributes that an event tells."""


def names_in(file: Path):
    """The attributes that a store's file names."""
    for node in syntax.nodes(file):
        if isinstance(node, ast.keyword) and node.arg == "attr_name" and isinstance(node.value, ast.Constant):
            yield node.value.value


def test_each_attribute_that_a_store_names_is_classified():
    known = {name for names in EXPLAINED.values() for name in names} | {"by", "pk", "kid", "ring", "claimed_by"}
    for file in sorted(PACKAGE.glob("*.py")):
        if file.name in NOT_RECORDED:
            continue
        left = {name for name in names_in(file) if name not in known}
        left = {name for name in left if not any(rule.leaves(name) for rule in RULES.values())}
        assert left == set(), file.name


def test_each_attribute_of_a_grant_is_classified():
    stored = {name for name in (*grant_items.PLAIN, *grant_items.JSON, *grant_items.TOKENS)}
    fixed = {"journey", "client_id", "record"}  # Of a new grant alone.
    assert {name for name in stored - EXPLAINED["grants"] - fixed if not RULES["grants"].leaves(name)} == set()


def test_each_reason_is_a_sentence_and_no_list_hides_what_an_event_tells():
    for table, rule in RULES.items():
        assert all(len(reason) > 8 for reason in rule.no_event.values()), table
        assert not EXPLAINED[table] & {name for name in rule.no_event if name not in ("expires_at",)}, table


def test_each_event_that_is_made_is_listed():
    made = {
        node.args[0].value
        for file in (ROOT / "chalicelib" / "audit").glob("of_*.py")
        for node in syntax.nodes(file)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Draft"
        and isinstance(node.args[0], ast.Constant)
    }
    made |= set(of_lines.BY_EVENT.values()) | set(of_lines.BY_GRANT_TYPE.values())
    assert made - {""} <= set(WHAT)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            {"endpoint": "token", "outcome": "200", "event": "tokens_issued", "grant_type": "client_credentials"},
            "token.issued",
        ),
        ({"endpoint": "token", "outcome": "200", "event": "tokens_issued", "grant_type": "authorization_code"}, None),
        ({"endpoint": "consent", "outcome": "200", "event": "consent_given"}, None),
        ({"endpoint": "token", "outcome": "400", "error": "invalid_grant", "event": "replay"}, "request.replayed"),
        ({"endpoint": "authorizer", "outcome": "refused", "error": "invalid_token"}, "request.refused"),
        ({"endpoint": "authorizer", "outcome": "failed", "reason": "KeyError"}, "request.failed"),
        ({"endpoint": "par", "outcome": "503", "error": "temporarily_unavailable"}, "request.failed"),
        (
            {"endpoint": "par", "outcome": "401", "error": "invalid_client", "event": "certificate_revoked"},
            "certificate.refused",
        ),
        ({"endpoint": "fetch_crls", "outcome": "reported", "event": "crl_stale"}, "job.reported"),
        ({"endpoint": "fetch_crls", "outcome": "done"}, None),
        ({"endpoint": "jwks", "outcome": "404", "error": "invalid_request"}, None),
        ({"endpoint": "token", "outcome": "400", "error": "use_dpop_nonce"}, None),
        ({"endpoint": "jwks", "outcome": "200"}, None),
        ({"endpoint": "token", "outcome": "200", "event": "of a later release"}, "request.reported"),
    ],
)
def test_a_line_tells(line, what):
    draft = of_lines.draft_of(line)
    assert (None if draft is None else draft.what) == what
