"""Everything that the product can do is in the record, with who did it, and nothing secret is."""

import json
import re
from dataclasses import replace

import pytest

from chalicelib import writer
from chalicelib.jobs import rotate_keys
from chalicelib.storage.token_values import digest
from chalicelib.users import directory
from local.sandbox_users import ALICE
from tests.actors import Browser, elements
from tests.audit.conftest import ERNA
from tests.authenticator import Authenticator, b64, passkey_options, put
from tests.specs.test_rfc9396 import PAYMENT, SHOP, rich, tokens

__all__ = ["rich"]

pytestmark = pytest.mark.usefixtures("light_passwords")

PASSWORD = "correct horse battery staple"


def steps(events):
    return [(event.what, event.actor.kind) for event in events]


def button(page, action):
    """What a button posts, of a page with several forms."""
    for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
        tags = elements(part)
        if action in {a.get("value") for t, a in tags if t == "button"}:
            return {a["name"]: a.get("value", "") for t, a in tags if t == "input" and "name" in a} | {"action": action}
    raise AssertionError(f"no button {action}")


def test_a_login_is_recorded_step_by_step_and_one_identifier_finds_it(record, fintech):
    pushed = fintech.push()
    journey = pushed.header("x-fapi-interaction-id")
    browser = Browser(fintech.bank)
    login = browser.get(browser.open("fintech", pushed.json()["request_uri"]).location)
    signed_in = browser.sign_in(browser.sign_in(login, one_time_code="000000"))
    back = browser.submit(browser.get(signed_in.location), "approve")
    token = fintech.redeem(back.parameters["code"]).json()["refresh_token"]
    fintech.refresh(token)
    fintech.revoke(token)
    found = [event for event in record.events() if event.journey == journey]
    assert steps(found) == [
        ("grant.requested", "client"),
        ("grant.opened", "person"),
        ("grant.authenticated", "person"),
        ("grant.approved", "person"),
        ("grant.redeemed", "client"),
        ("grant.ended", "client"),
        ("sign_in.refused", "person"),
        ("sign_in.succeeded", "person"),
        ("token.refreshed", "client"),
        ("token.revoked", "client"),
    ]
    assert {event.client for event in found} == {"fintech"}
    assert len({event.grant for event in found if event.what.startswith("grant.")}) == 1
    assert {event.person for event in found[2:] if not event.what.startswith("token.")} == {record.person(ALICE.sub)}
    assert {event.actor.id for event in found if event.actor.kind == "client"} == {"fintech"}
    assert all(len(event.interaction) == 36 for event in found)


def test_what_was_agreed_is_sealed_word_by_word(record, rich, bank):
    client = bank.aws.clients.find(rich.client_id, now=bank.now)
    bank.aws.clients.put(replace(client, purpose="To pay", register_name="BaFin", registered_at=1))
    tokens(rich, PAYMENT)
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    (detail,) = agreed["authorization_details"]
    assert detail["instructedAmount"] == {"currency": "EUR", "amount": "123.50"}
    assert detail["creditorAccount"] == {"iban": SHOP}
    assert detail["debtorAccount"]["iban"] == ALICE.accounts[0]["iban"]
    assert (agreed["sub"], agreed["username"], agreed["acr"]) == (ALICE.sub, "alice", "urn:ducat:loa:2")
    assert agreed["amr"] == ["pwd", "otp", "mfa"]
    assert agreed["auth_time"] == rich.bank.now
    assert agreed["until"] == approved.details["until"]
    assert agreed["words_as_shown"] is True
    assert agreed["approval"] == {"exemption": "low value"}
    about = ["Stated purpose: To pay", "Registered with: BaFin", "Known to the bank since: 1 January 1970"]
    assert agreed["words"][1:4] == about
    assert {"Recognise you when you come back", "Pay 123.50\N{NO-BREAK SPACE}EUR to Merchant A"} <= {
        *agreed["words"]
    }, agreed["words"]
    assert approved.details["types"] == ["payment_initiation"]


def test_what_was_signed_is_kept_with_what_was_agreed(record, rich, bank):
    """A payment's evidence, and the words of the page that led to it."""
    phone = put(bank, ALICE, Authenticator())
    browser = Browser(bank)
    login = browser.page(rich.client_id, rich.pushed(authorization_details=json.dumps([PAYMENT])))
    consent = browser.get(browser.submit(login, "login", passkey=phone.get(passkey_options(login.text))).location)
    page = browser.submit(consent, "approve")
    form = {a["name"]: a.get("value", "") for t, a in elements(page.text) if t == "input"}
    answer = browser.post("/consent", form | {"passkey": phone.get(passkey_options(page.text))})
    assert answer.parameters["code"]
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    assert agreed["words_as_shown"] is True
    assert json.loads(agreed["approval"]["text"])["details"] == agreed["authorization_details"]
    assert agreed["approval"]["passkey"] == b64(phone.credential_id)
    assert agreed["amr"] == ["pop", "user", "mfa"]


def test_a_shorter_time_is_in_the_record_beside_the_words_of_the_page(record, fintech):
    """The page said until when access is asked for, and the person chose an earlier day."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    requested, week, *_ = [a["value"] for tag, a in elements(page.text) if a.get("name") == "until"]
    browser.submit(page, "approve", until=week)
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    assert requested == "requested"
    assert approved.details["until"] == agreed["until"] == int(week)
    assert agreed["words_as_shown"] is True
    assert not any("22 January" in line for line in agreed["words"])


def test_words_that_the_page_did_not_have_are_told(record, fintech):
    """The client has another name before the event is made: what is made again is not what was shown."""
    fintech.code()
    client = fintech.bank.aws.clients.find("fintech", now=fintech.bank.now)
    taken = record.taken()
    fintech.bank.aws.clients.put(replace(client, client_name="Another"))
    for event in taken:
        record.run(event)
    (approved,) = [event for event in record.all() if event.what == "grant.approved"]
    assert record.unsealed(approved, ALICE.sub)["words_as_shown"] is False


def test_words_that_this_release_can_not_make_again_hold_up_nothing(record, rich, monkeypatch):
    """A type of details, or a language, that is gone when the event is made."""
    tokens(rich, PAYMENT)
    monkeypatch.setattr("chalicelib.authorization_details.details.types", dict)
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    assert "words" not in agreed
    assert agreed["authorization_details"][0]["creditorName"] == "Merchant A"


def test_a_page_that_was_posted_without_its_words_proves_none(record, fintech):
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    browser.submit(page, "approve", shown="en.AAAAAAAAAAAAAAAAAAAAAA.AAAA")
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    assert "words" in agreed
    assert "words_as_shown" not in agreed


def test_what_is_refused_and_what_is_stolen_is_recorded(record, fintech, rival):
    browser = Browser(fintech.bank)
    browser.submit(browser.consent_page("fintech", fintech.pushed()), "cancel")
    code = fintech.code()
    fintech.redeem(code)
    fintech.redeem(code)
    assert fintech.post("/token", grant_type="client_credentials", scope="accounts").status == 200
    thief = fintech.with_(key=rival.key, alg="ES256")
    assert thief.push().status == 401
    events = record.events()
    assert ("grant.denied", "person") in steps(events)
    assert ("grant.code_replayed", "client") in steps(events)
    assert ("token.issued", "client") in steps(events)
    (replayed,) = [event for event in events if event.what == "request.replayed"]
    assert (replayed.client, replayed.details["error"]) == ("fintech", "invalid_grant")
    (refused,) = [event for event in events if event.what == "request.refused"]
    assert (refused.client, refused.details["error"]) == ("", "invalid_client")
    assert refused.details["claimed_client_id"] == "fintech"


def test_what_a_person_ends_names_the_person_and_the_client(record, fintech):
    fintech.tokens()
    browser = Browser(fintech.bank)
    browser.sign_in(browser.get("/grants"))
    page = browser.get("/grants")
    record.events()
    browser.post("/grants", button(page, "end"))
    browser.post("/grants", button(browser.get("/grants"), "sign-out"))
    events = record.events()
    assert steps(events) == [("access.ended", "person"), ("session.signed_out", "person")]
    assert {event.person for event in events} == {record.person(ALICE.sub)}
    assert events[0].client == "fintech"


def test_what_an_operator_does_is_recorded_with_who_it_was(record, bank, operate, fintech):
    uri = operate(
        "user", "add", "carol", "--sub", "s-carol", "--password-stdin", "--claim", "name=Carol", said=PASSWORD
    )
    done = [
        ("user.added", uri),
        ("user.suspended", operate("user", "suspend", "carol", "--yes")),
        ("user.resumed", operate("user", "resume", "carol")),
        ("user.invited", operate("user", "invite", "carol")),
        (
            "user.password_changed",
            operate("user", "reset", "carol", "--password", "--password-stdin", said=f"{PASSWORD}2"),
        ),
        ("user.ended", operate("user", "end", "carol", "--yes")),
        ("certificate.denied", operate("certificate", "deny", "a" * 64, "--why", "stolen", "--yes")),
        ("certificate.allowed", operate("certificate", "allow", "a" * 64)),
        ("client.suspended", operate("client", "suspend", "fintech", "--yes")),
        ("client.resumed", operate("client", "resume", "fintech")),
        ("client.ended", operate("client", "end", "fintech", "--yes")),
        ("client.added", operate("client", "add", "--id", "another", "--jwks-uri", "https://f.example/jwks")),
    ]
    events = record.events()
    found = {event.what for event in events}
    assert [what for what, _ in done if what not in found] == []
    of_operator = [event for event in events if event.what in dict(done)]
    assert {(event.actor.kind, event.actor.id) for event in of_operator} == {("operator", ERNA)}
    assert not [event.what for event in events if event.what.endswith("s.changed") or event.what == "unreadable"]


def test_a_second_factor_a_passkey_and_a_lock_are_recorded(record, bank, operate, fintech):
    bank.aws.user_directory = directory.build(bank.aws)
    operate("user", "add", "carol", "--sub", "s-carol", "--password-stdin", said=PASSWORD)
    operate("user", "reset", "carol", "--second-factor")
    record.events()
    with writer.acting("passkey", bank.aws.new_uuid()):
        put(bank, replace(bank.aws.users.find("carol"), claims={"name": "Carol"}), Authenticator())
    added = record.events()
    assert ("user.passkey_added", "person") in steps(added)
    assert ("user.claims_changed", "person") in steps(added)
    page = Browser(bank).page("fintech", fintech.pushed())
    for _ in range(6):
        Browser(bank).get("/grants")
        browser = Browser(bank)
        browser.sign_in(browser.get("/grants"), username="carol", password="wrong")
    events = record.events()
    assert page.status == 200
    (locked,) = [event for event in events if event.what == "user.locked"]
    assert (locked.person, locked.details) == (record.person("s-carol"), {"attempts": 5})
    refused = [event for event in events if event.what in ("sign_in.refused", "sign_in.locked")]
    assert [event.what for event in refused] == ["sign_in.refused"] * 5 + ["sign_in.locked"]
    assert {event.person for event in refused} == {record.person("s-carol")}
    operate("user", "unlock", "carol")
    assert steps(record.events()) == [("user.unlocked", "operator")]


def test_a_consent_that_its_person_ends_is_recorded_as_theirs(record, fintech):
    fintech.tokens()
    (consent,) = {event.grant for event in record.events() if event.what == "grant.approved"}
    browser, person = Browser(fintech.bank), record.person(ALICE.sub)
    fintech.bank.now += 60
    browser.sign_in(browser.get("/grants"))
    browser.post("/grants", button(browser.get("/grants"), "sign-out") | {"action": "end-one", "consent": consent})
    ended = [event for event in record.events() if event.what == "grant.ended"]
    assert [(one.grant, one.client, one.person, one.actor.id) for one in ended] == [
        (consent, "fintech", person, person)
    ]


def test_a_job_is_a_schedule_and_a_commanded_one_is_its_operators(record, bank, operate):
    with writer.acting("rotate_keys", None):
        rotate_keys.run(bank.aws, {})
    events = record.events()
    assert {(event.what, event.actor.id) for event in events} == {("key.added", "rotate_keys")}
    kid = events[0].key
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", kid)
    operate("key", "compromised", kid, "--yes")
    withdrawn = [event for event in record.events() if event.key == kid]
    assert ("key.withdrawn", "operator") in steps(withdrawn)
    assert {event.actor.id for event in withdrawn} == {ERNA}


def test_a_consent_that_an_operator_ends_and_metadata_that_change_are_recorded(record, fintech, operate):
    fintech.tokens()
    (consent,) = {event.grant for event in record.events() if event.what == "grant.approved"}
    operate("consent", "end", consent, "--yes")
    operate("client", "update", "fintech", "--name", "Fintech 2")
    ended, changed = record.events()
    assert (ended.what, ended.grant, ended.actor.id) == ("grant.ended", consent, ERNA)
    assert ended.person == record.person(ALICE.sub)
    assert (changed.what, changed.details) == (
        "client.changed",
        {"changed": ["client_name"], "client_name": "Fintech 2"},
    )


def test_the_truststores_object_is_its_operators(record):
    stored = {"bucket": {"name": "trust"}, "object": {"key": "trust+store.pem", "versionId": "7", "sequencer": "0A"}}
    record.run(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "eventTime": "2027-01-15T08:00:01.000Z",
                    "userIdentity": {"principalId": "AWS:AROA:erna"},
                    "s3": stored,
                }
            ]
        }
    )
    (event,) = record.all()
    assert (event.what, event.key) == ("truststore.changed", "s3://trust/trust store.pem")
    assert (event.actor.kind, event.actor.id) == ("operator", "AWS:AROA:erna")


def test_nothing_secret_and_nothing_personal_is_in_the_record(record, bank, fintech, rich, operate):
    """All that was given out, and all that names alice, is looked for in every byte of the files, the bus and the keys."""
    operate(
        "user", "add", "carol", "--sub", "s-4711", "--password-stdin", "--claim", "name=Carol Personal", said=PASSWORD
    )
    browser = Browser(bank)
    back = browser.login("fintech", fintech.pushed())
    granted = fintech.redeem(back.parameters["code"]).json()
    refreshed = fintech.refresh(granted["refresh_token"]).json()
    paid = tokens(rich, PAYMENT)
    own = fintech.post("/token", grant_type="client_credentials", scope="accounts").json()
    fintech.revoke(granted["refresh_token"])
    browser.sign_in(browser.get("/grants"))
    operate("user", "erase", "carol", "--yes")
    assert record.events()
    given = {
        back.parameters["code"],
        *(a[name] for a in (granted, refreshed, paid, own) for name in a if "token" in name),
    }
    given -= {"Bearer", "DPoP"} | {str(a.get("token_type")) for a in (granted, refreshed, paid, own)}
    given |= {part for value in [*given] for part in value.split(".") if len(part) > 20}
    secret = given | {digest(value) for value in given} | set(browser.cookies.values()) | {PASSWORD, "wonderland"}
    secret -= {event.grant for event in record.all()}
    personal = {"Carol Personal", "Alice", "alice", "carol", SHOP, "Merchant A", ALICE.accounts[0]["iban"], "123.50"}
    files, bus = "".join(record.files().values()), json.dumps(record.stand.bus)
    assert [word for word in secret | personal if word in files or word in bus] == []
    assert [sub for sub in (ALICE.sub, digest(ALICE.sub), "s-4711", digest("s-4711")) if sub in files] == []
    assert ALICE.sub in bus
