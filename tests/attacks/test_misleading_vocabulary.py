"""A bank's own words let a client hide what is agreed to, or one thing pass for another (RFC 9396 11; OIDC Core 5.5.1.1)."""

import json

import pytest

from chalicelib.authorization_details import details
from chalicelib.errors import InvalidAuthorizationDetails
from chalicelib.vocabulary_file import VocabularyError, read
from tests.actors import NOW, Browser, elements
from tests.each import each
from tests.specs.test_vocabulary import ORDER, SANDBOX, own, speaking
from tests.users.test_grants import Person

__all__ = ["own", "speaking"]


def declared(**more):
    """The sandbox's vocabulary with another type: `more` of its members beside `members`, which are added."""
    words = json.loads(SANDBOX)
    (one,) = words["authorization_details_types"]
    one["members"] |= more.pop("members", {})
    words["authorization_details_types"] = [one | more]
    return words


def agree(client, **wanted):
    """The authorization response to an order that alice agrees to."""
    browser = Browser(client.bank)
    wanted = json.dumps([ORDER | wanted])
    page = browser.consent_page("own", client.pushed(scope="openid", authorization_details=wanted))
    form: dict[str, str] = {}
    for tag, a in elements(page.text):
        if tag == "input" and "name" in a:
            form.setdefault(a["name"], a.get("value", ""))
    return page, browser.post("/consent", form | {"action": "approve"})


def test_what_is_sent_is_shown_whatever_is_left_out_beside_it(own, speaking):
    """The client left out an optional member, and a whole fact went with it: who is paid was shown to nobody."""
    speaking(declared(facts={"To account": "{payeeAccount} {reference}", "First payment": "{firstPayment}"}))
    page, _ = agree(own)
    assert "DE02 1001 0010 9307 1186 03" in " ".join(page.text.split())


@each(
    "shadow",
    [
        ({"acr": {"3": "urn:ducat:loa:2"}}, "3 has the library's name of another level"),
        ({"acr": {"2": "urn:ducat:loa:3", "3": "urn:x"}}, "2 has the library's name of another level"),
        ({"claims": [{"name": "sub", "words": "x"}]}, "sub is there already"),
        ({"claims": [{"name": "email", "words": "x", "scopes": ["openid"]}]}, "email is there already"),
        (declared(members={"note": "text"}), "nobody is shown note"),
        (
            declared(members={"type": "text"}, facts={"Of": "{type} {payeeAccount} {firstPayment} {reference}"}),
            "type is there already",
        ),
    ],
)
def test_no_word_stands_for_another_and_none_is_hidden(shadow):
    """Level 3 had level 2's name, and a password and a code were taken for a passkey."""
    text, words = shadow
    with pytest.raises(VocabularyError, match=words):
        read(json.dumps(text))


@each("payee", [{"name": "Mer\u202echant"}, {"name": "A", "also": [{"b": "\u200b"}]}, {"name": " "}])
def test_a_text_inside_a_member_is_read_as_it_is_meant(speaking, payee):
    """The bank's schema said only that there is a text; it turned what stands around it."""
    speaking(declared(members={"payee": {"type": "object"}}))
    assert details.requested(json.dumps([ORDER | {"payee": {"name": "A", "n": 7}}]), ["standing_order"], now=NOW)
    with pytest.raises(InvalidAuthorizationDetails):
        details.requested(json.dumps([ORDER | {"payee": payee}]), ["standing_order"], now=NOW)


@each(
    "amount",
    [{"currency": "EUR", "amount": 5}, {"currency": "EUR", "amount": "x"}, {"currency": "EUR", "amount": "1.001"}],
)
def test_an_amount_inside_a_member_is_one(speaking, amount):
    """It was shown as it came, or the consent page failed."""
    speaking(declared(members={"payee": {"type": "object"}}))
    with pytest.raises(InvalidAuthorizationDetails):
        details.requested(json.dumps([ORDER | {"payee": {"limit": amount}}]), ["standing_order"], now=NOW)


def test_what_was_granted_of_a_type_that_is_gone_can_be_ended(own, speaking):
    """The person's page failed, and so nothing on it could be ended, of any app."""
    speaking(declared(once=False, writes=False))
    _, back = agree(own)
    tokens = own.redeem(back.parameters["code"]).json()
    _, waiting = agree(own)
    speaking({})
    assert "standing_order" in Person(own.bank).arrive().text
    assert own.introspect(tokens["access_token"]).json()["active"]
    assert own.refresh(tokens["refresh_token"]).json()["scope"] == "openid"
    assert "authorization_details" not in own.refresh(tokens["refresh_token"]).json()
    assert "refresh_token" not in own.redeem(waiting.parameters["code"]).json()
    alice = Person(own.bank)
    alice.end(alice.arrive(), "own")
    assert own.refresh(tokens["refresh_token"]).error == "invalid_grant"


def test_a_request_of_a_type_that_is_gone_is_refused_to_the_client(own, speaking):
    """RFC 9126 7.4: what it may ask for changed since it pushed. The consent page failed."""
    pushed = own.pushed(scope="openid", authorization_details=json.dumps([ORDER]))
    speaking({})
    assert Browser(own.bank).open("own", pushed).parameters["error"] == "invalid_authorization_details"
