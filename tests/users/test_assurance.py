"""Levels of assurance: computed from what was done, never from what was asked."""

import pytest

from chalicelib.profiles import PROFILES
from chalicelib.users import assurance
from chalicelib.users.assurance import ACR, acr_values, enough, level, login, reached
from tests.actors import Browser


def test_a_password_and_a_one_time_code_reach_level_two():
    who = login("s1", auth_time=1000, methods=("pwd", "otp"), claims={"name": "Alice"})
    assert (who.sub, who.auth_time, who.acr, who.claims) == ("s1", 1000, "urn:ducat:loa:2", {"name": "Alice"})


@pytest.mark.clause("RFC8176-2")
def test_the_methods_are_named_in_the_order_they_were_done_and_two_factors_are_mfa():
    """`mfa` stands for more than one factor, and the methods themselves may stand beside it."""
    assert login("s1", auth_time=1, methods=("pwd", "otp"), claims={}).amr == ("pwd", "otp", "mfa")


@pytest.mark.clause("RFC8176-2")
def test_a_passkey_reaches_level_three_and_says_no_more_of_its_key_than_is_known():
    """`pop` is the proof of possession of a key, `user` that of presence; `hwk` and `swk` would say where the key is kept."""
    who = login("s1", auth_time=1, methods=("passkey",), claims={})
    assert (who.acr, who.amr) == ("urn:ducat:loa:3", ("pop", "user", "mfa"))


@pytest.mark.parametrize("methods", [(), ("pwd",), ("otp",), ("pwd", "pwd"), ("pwd", "otp", "telepathy")])
def test_methods_that_reach_no_level_make_no_login(methods):
    with pytest.raises(ValueError, match="no level of assurance"):
        login("s1", auth_time=1, methods=methods, claims={})


def test_two_methods_of_one_factor_are_not_several_factors(monkeypatch):
    monkeypatch.setitem(assurance.METHODS, "pin", assurance.Method(("pin",), frozenset({"knowledge"})))
    monkeypatch.setattr(assurance, "REACHED", ((frozenset({"pwd", "pin"}), 2),))
    assert login("s1", auth_time=1, methods=("pwd", "pin"), claims={}).amr == ("pwd", "pin")


def test_the_highest_level_that_was_reached_counts(monkeypatch):
    monkeypatch.setattr(assurance, "REACHED", ((frozenset({"otp"}), 2), (frozenset({"pwd", "otp"}), 3)))
    assert login("s1", auth_time=1, methods=("pwd", "otp"), claims={}).acr == ACR[3]


def test_a_level_is_read_back_from_its_acr():
    assert {number: level(acr) for number, acr in ACR.items()} == {2: 2, 3: 3}


@pytest.mark.parametrize("acr", ["", "3", "urn:ducat:loa:9", "urn:mace:incommon:iap:silver"])
def test_another_houses_acr_satisfies_no_demand(acr):
    assert level(acr) == 0


def test_only_what_can_be_reached_is_advertised(bank):
    assert acr_values(bank.settings) == ("urn:ducat:loa:2", "urn:ducat:loa:3")


def test_every_profile_asks_for_a_level_that_can_be_reached(bank):
    reachable = max(level(acr) for acr in acr_values(bank.settings))
    assert [name for name, profile in PROFILES.items() if profile.least_assurance > reachable] == []


def test_what_password_and_one_time_code_reach_is_what_the_banks_audit_says(bank):
    """W7: password and one-time code reach level 3 where policy says so, and nothing else changes by that."""
    audited = bank.settings._replace(otp_level="3")
    for settings, acr in ((bank.settings, ACR[2]), (audited, ACR[3])):
        who = login("s1", auth_time=1, methods=("pwd", "otp"), claims={}, reached=reached(settings))
        assert (who.acr, who.amr) == (acr, ("pwd", "otp", "mfa"))
    with pytest.raises(ValueError, match="no level of assurance"):
        login("s1", auth_time=1, methods=("pwd",), claims={}, reached=reached(audited))


@pytest.mark.parametrize(
    ("least", "to_write", "writes", "does"),
    [(2, 2, False, (2, 3)), (2, 3, False, (2, 3)), (2, 3, True, (3,)), (3, 2, True, (3,)), (3, 3, False, (3,))],
)
def test_what_is_enough_is_for_the_profile_to_say_and_more_for_what_writes(least, to_write, writes, does):
    """R9, W7: the least level of the profile, and of what is asked for."""
    profile = PROFILES["fapi1-baseline"]._replace(least_assurance=least, least_assurance_to_write=to_write)
    fit = enough(profile, (*ACR.values(), "another house's"), writes=writes)
    assert fit == tuple(ACR[number] for number in does)


def test_w7_a_client_that_needs_level_three_lets_nobody_in_by_less(bank, fapi1_baseline_client, monkeypatch):
    """Who signs in by less is told so and may try another way; it is no weaker token, and no consent page."""
    stricter = PROFILES["fapi1-baseline"]._replace(least_assurance_to_write=3)
    monkeypatch.setitem(PROFILES, "fapi1-baseline", stricter)
    browser, client = Browser(bank), fapi1_baseline_client
    page = browser.page(client.client_id, client.pushed(scope="openid profile"))
    assert browser.sign_in(page).location.startswith("/consent?")
    page = browser.page(client.client_id, client.pushed(scope="openid payments", prompt="login"))
    again = browser.sign_in(page)
    assert "needs a stronger way to sign in" in again.text
    assert browser.open(client.client_id, client.pushed(scope="openid payments")).location.startswith("/login?")
    monkeypatch.setattr(bank.aws, "settings", bank.settings._replace(otp_level="3"))
    assert browser.sign_in(again).location.startswith("/consent?")
