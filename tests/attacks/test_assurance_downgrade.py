"""A sign-in at another level than the client must have: its claims parameter said so, and no directory may differ."""

import json
from dataclasses import replace

import pytest

from chalicelib.interaction import session
from tests.actors import Browser

LOA2, LOA3 = "urn:ducat:loa:2", "urn:ducat:loa:3"


@pytest.fixture
def reached(bank, monkeypatch):
    """A function: from now on whoever signs in reaches this level, as in a bank's own directory they may."""
    people = bank.aws.user_directory
    sign_in = people.sign_in

    def reach(acr):
        def changed(*request_parameters, **more):
            signed_in = sign_in(*request_parameters, **more)
            return replace(signed_in, login=replace(signed_in.login, acr=acr))

        monkeypatch.setattr(people, "sign_in", changed, raising=False)

    return reach


def signed_in(client, **wish):
    """What follows the login page, where the client asks for an acr so."""
    browser = Browser(client.bank)
    page = browser.page(client.client_id, client.pushed(claims=json.dumps({"id_token": {"acr": wish}})))
    return browser, browser.sign_in(page)


@pytest.mark.clause("OIDCC-5.5.1.1")
def test_an_essential_acr_is_held_against_what_the_person_reached(tls_client_auth_client, reached):
    """If the Authorization Server cannot provide an essential acr, it MUST treat that as a failed authentication attempt."""
    reached(LOA3)
    browser, answer = signed_in(tls_client_auth_client, essential=True, values=[LOA2])
    assert answer.parameters["error"] == "unmet_authentication_requirements"
    assert answer.parameters["state"] == "a-state"
    assert session.COOKIE not in browser.cookies


@pytest.mark.clause("OIDCC-5.5.1.1")
@pytest.mark.parametrize("wish", [{"essential": True, "values": [LOA2, LOA3]}, {"values": [LOA2]}, {"essential": True}])
def test_a_level_that_was_requested_or_just_wished_for_does(tls_client_auth_client, reached, wish):
    """Another of the values, or a voluntary wish, ends nobody's login."""
    reached(LOA3)
    _, answer = signed_in(tls_client_auth_client, **wish)
    assert answer.location.startswith("/consent?")
