"""The way back to the client, in Chromium and by the product itself: wherever the client's callback leads on to."""

import json
from dataclasses import replace

import pytest

from chalicelib.messages import Response, see_other
from tests.actors import Browser

APP = "com.example.app:/done"
ONWARDS = ["another origin", "an app's scheme", "a loopback address"]
FORM_POST = {"response_mode": "form_post"}


@pytest.fixture
def onward(sites, fapi1_baseline_client, monkeypatch):
    """A function: where the client's callback leads on to. Gives the client, whose bank and callback are sites."""
    bank_site, callback, further = sites
    client = fapi1_baseline_client
    client.redirect_uri = f"{callback.address}/callback"
    registered = client.bank.aws.clients.find(client.client_id, now=client.bank.now)
    client.bank.aws.clients.put(replace(registered, redirect_uris=(client.redirect_uri,)))
    bank_site.bank = client.bank
    addresses = {
        "another origin": f"{further.address}/done",
        "an app's scheme": APP,
        "a loopback address": f"http://[::1]:{further.server.server_port}/done",
    }

    def leads(name):
        for method in ("GET", "POST"):
            callback.answers[(method, "/callback")] = see_other(addresses[name])
        further.answers[("GET", "/done")] = Response(200, (("Content-Type", "text/html"),), "<title>Connected</title>")
        return client, addresses[name]

    return leads


def begin(page, sites, client, **request_parameters):
    page.goto(
        f"{sites[0].address}/authorize?client_id={client.client_id}&request_uri={client.pushed(**request_parameters)}"
    )


def sign_in(page, button="login"):
    if button == "login":
        page.fill("#username", "alice")
        if page.locator("#password").is_hidden():  # With a script the page asks for the user name first.
            page.press("#username", "Enter")
        page.fill("#password", "wonderland")
        page.fill("#one-time-code", "123456")
    page.click(f"#{button}", no_wait_after=True)


WAYS = {
    "allow": lambda page: (sign_in(page), page.click("#approve", no_wait_after=True)),
    "cancel": lambda page: (sign_in(page), page.click("#cancel", no_wait_after=True)),
    "cancel at the sign-in": lambda page: sign_in(page, "cancel"),
    "sign in as a returning customer": sign_in,
    "allow, by form_post": lambda page: (sign_in(page), page.click("#approve", no_wait_after=True)),
}


@pytest.mark.fault("4a")
@pytest.mark.parametrize("further", ONWARDS)
@pytest.mark.parametrize("way", WAYS)
def test_the_person_gets_back_wherever_the_callback_leads_on_to(browse, sites, onward, way, further):
    """Chromium holds form-action against the whole redirect chain: the page did nothing, and the code was lost."""
    client, address = onward(further)
    if "returning" in way:
        client.agreed()
    page = browse(java_script_enabled="form_post" in way)
    devtools = page.context.new_cdp_session(page)
    went: list[str] = []
    devtools.on("Network.requestWillBeSent", lambda sent: went.append(sent["request"]["url"]))
    devtools.send("Network.enable")
    begin(page, sites, client, **FORM_POST if "form_post" in way else {})
    WAYS[way](page)
    if further == "another origin":
        page.wait_for_url(address)
        assert page.title() == "Connected"
    for _ in range(40):
        if address in went:
            break
        page.wait_for_timeout(50)
    devtools.detach()
    assert address in went, json.dumps(went)
    assert [line for line in page.complaints if "Security Policy" in line] == []
    (arrived,) = [seen for seen in sites[1].seen if seen[1] == "/callback"]
    assert arrived[0] == ("POST" if "form_post" in way else "GET")


@pytest.mark.fault("4a")
def test_the_page_on_the_way_is_no_redirect_and_has_a_link_and_no_form(fapi1_baseline_client):
    """RFC 6749 4.1.2 lets any means of the browser lead back; a redirect would be a part of the form's own way."""
    browser = Browser(fapi1_baseline_client.bank)
    page = browser.consent_page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    back = browser.submit(page, "approve")
    assert back.onward.startswith(f"{fapi1_baseline_client.redirect_uri}?code=")
    assert back.header("cache-control") == "no-store"
    assert "form-action 'none'" in back.header("content-security-policy")
    assert "<form" not in back.text
    silent = browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="none"))
    assert silent.status == 303  # nothing was posted, and a client's hidden frame may wait for it
