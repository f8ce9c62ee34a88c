"""`ducat consent`, as its user runs it."""

import json
from dataclasses import replace

import pytest

from chalicelib.storage.records import User
from tests.storage import sample_records
from tests.storage.sample_records import NOW, REQUEST, flow

DETAIL = {"type": "payment_initiation", "instructedAmount": {"currency": "EUR", "amount": "1.00"}}


@pytest.fixture
def dora(ducat, request):
    """A person of the test's own."""
    name = f"d{abs(hash(request.node.name))}"
    ducat.aws.clients.put(sample_records.client(client_id="fintech", registered_at=1))
    ducat.aws.users.put(User(name, f"s-{name}", "$argon2id$", "c2VhbGVk", {"name": "Dora"}))
    return name


def granted(ducat, name, *, client_id="fintech", redeemed=True, **changes):
    """A consent of the person."""
    one = flow(f"s-{name}", request=replace(REQUEST, client_id=client_id), **changes)
    one.pushed(ducat.aws).open(ducat.aws, client_id=client_id)
    one.authenticate(ducat.aws)
    one.approve(ducat.aws, granted=(DETAIL,))
    if redeemed:
        one.redeem(ducat.aws)
    return one


def test_what_was_agreed_is_shown_and_no_token(ducat, dora):
    one = granted(ducat, dora)
    shown = ducat.json("consent", "show", one.key)
    assert (shown["sub"], shown["client_name"], shown["state"]) == (f"s-{dora}", "A Fintech", "in force")
    assert (shown["scope"], shown["authorization_details"]) == (["openid", "accounts"], [DETAIL])
    assert (shown["given_at"], shown["last_known_use"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z")
    assert shown["amr"] == ["pwd", "otp", "mfa"]
    printed = json.dumps(shown) + ducat.run("consent", "show", one.key)
    for secret in (
        one.access,
        one.refresh,
        one.secret,
        ducat.aws.dynamo.operated_grants.find(one.key).grant.refresh_hash,
    ):
        assert secret not in printed


def test_consents_are_listed_by_person_and_by_client_page_by_page(ducat, dora):
    keys = {granted(ducat, dora).key for _ in range(3)}
    other = granted(ducat, dora, client_id="another").key
    assert {row["consent_id"] for row in ducat.json("consent", "list", "--user", dora)["consents"]} == {*keys, other}
    both = ("consent", "list", "--user", dora, "--client", "fintech", "--limit", "2")
    first = ducat.json(*both)
    second = ducat.json(*both, "--after", first["after"])
    assert {row["consent_id"] for page in (first, second) for row in page["consents"]} == keys
    assert second["after"] is None
    for whose in (("--user", dora), ("--client", "fintech")):
        of_another = first["after"] if "--client" in whose else first["after"].partition(".")[2]
        for wrong in ("", of_another):
            printed = ducat.run("consent", "list", *whose, "--after", wrong, status=2)
            assert printed.splitlines()[-1] == "Error: --after: give what the page before says, of the same list"
    printed = ducat.run("consent", "list", "--client", "fintech", "--in-force")
    assert "the table is read page by page" in printed
    assert all(key in printed for key in keys)
    assert other not in printed


def test_one_is_ended_with_its_tokens_and_it_says_by_whom(ducat, dora):
    one, stays = granted(ducat, dora), granted(ducat, dora)
    ducat.run("consent", "end", one.key, "--yes")
    assert ducat.aws.tokens.find(one.access, now=NOW) is None
    assert ducat.aws.tokens.find(stays.access, now=NOW)
    shown = ducat.json("consent", "show", one.key)
    assert (shown["state"], shown["ended_by"]) == ("ended", "operator")
    assert shown["ended_at"]


def test_who_else_ended_one_is_told_as_far_as_it_is_known(ducat, dora):
    by_client, by_replay, unused = granted(ducat, dora), granted(ducat, dora), granted(ducat, dora, redeemed=False)
    ducat.aws.grants.revoke(by_client.key, now=NOW)
    ducat.run("consent", "end", by_client.key, "--yes")  # is not the operator's for that
    with pytest.raises(Exception, match="redeemed before"):
        by_replay.redeem(ducat.aws)
    of = {row["consent_id"]: row["state"] for row in ducat.json("consent", "list", "--user", dora)["consents"]}
    assert of == {by_client.key: "ended", by_replay.key: "ended", unused.key: "in force"}
    assert "the client" in ducat.json("consent", "show", by_client.key)["ended_by"]
    assert ducat.json("consent", "show", by_replay.key)["ended_by"] == "a second use of its code"


def test_all_of_a_person_are_ended_with_what_is_remembered_and_what_comes_late(ducat, dora):
    ducat.aws.clients.put(sample_records.client(client_id="second", registered_at=1))
    ones = [granted(ducat, dora), granted(ducat, dora, client_id="second")]
    late = flow(f"s-{dora}", bond=ones[0].bond).authenticated(ducat.aws)
    assert ducat.json("consent", "end", "--user", dora, "--yes") == {"ended": 2}
    late.approve(ducat.aws)
    late.redeem(ducat.aws)
    assert not any(ducat.aws.tokens.find(one.access, now=NOW) for one in (*ones, late))
    assert "Ended 0 consents." in ducat.run("consent", "end", "--sub", f"s-{dora}", "--yes")


def test_all_of_a_client_are_ended_and_no_others(ducat, dora):
    ones = [granted(ducat, dora, client_id="leaving") for _ in range(2)]
    stays = granted(ducat, dora)
    ducat.aws.clients.put(sample_records.client(client_id="leaving", registered_at=1))
    assert "Ended 2 consents." in ducat.run("consent", "end", "--client", "leaving", "--yes")
    assert not any(ducat.aws.tokens.find(one.access, now=NOW) for one in ones)
    assert ducat.aws.tokens.find(stays.access, now=NOW)


def test_wrong_ids_are_one_line_and_the_others_are_ended(ducat, dora):
    one, nobodys = granted(ducat, dora), sample_records.digest("x")
    printed = ducat.run("consent", "end", nobodys, one.key, "no id", "--yes", status=1)
    assert printed == f"Error: no consent has the id {nobodys}, no id. Ended 1 consent.\n"
    assert ducat.aws.tokens.find(one.access, now=NOW) is None
    assert "no consent has the id" in ducat.run("consent", "show", "\x1b[31m", status=1)
    assert "say which" in ducat.run("consent", "end", status=2)
    assert "say whose" in ducat.run("consent", "list", status=2)
    assert "[y/N]" in ducat.run("consent", "end", one.key, said="n\n", status=1)
