"""More of what the product can do, and that it is in the record: imports, keys, CRLs, passkeys, languages, suspended people."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pyotp
import pytest

from chalicelib import writer
from chalicelib.jobs import rotate_keys
from chalicelib.storage.records import RECOVERY_OPEN
from chalicelib.users import directory
from local.sandbox_users import ALICE
from tests.actors import AUTHORITY, Browser
from tests.audit.conftest import ERNA
from tests.audit.test_everything import PASSWORD, steps
from tests.authenticator import Authenticator, passkey_options, put
from tests.paying import fields
from tests.revocation_world import SERIAL
from tests.specs.test_rfc9396 import SHOP
from tests.specs.test_rts import Payer, payer, phone
from tests.users.test_deployed_directory import DIRECTORY
from tests.users.test_passkeys import make, path_of, prove_on
from tests.users.test_passkeys import sign_in as sign_in_by
from tests.users.test_recovery import WAIT, complete, opened, recover, switch
from tests.users.test_security import Owner, by_code, secret_on

__all__ = ["payer", "phone"]

pytestmark = pytest.mark.usefixtures("light_passwords")


def test_who_is_imported_is_recorded_with_the_operator_and_without_a_word_of_the_file(
    record, operate, tmp_path, monkeypatch
):
    """Several threads write, none of which is the one that gave the command."""
    submit = (
        ThreadPoolExecutor.submit
    )  # tests/aws_calls hands its own context on to each thread; no thread has it by itself.
    alone = lambda pool, work, *given: submit(pool, Context().run, work, *given)  # noqa: E731
    monkeypatch.setattr(ThreadPoolExecutor, "submit", alone)
    people = [
        {"username": f"eve{n}", "sub": f"s-eve{n}", "password": PASSWORD, "claims": {"email": f"eve{n}@mail.example"}}
        for n in range(4)
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in people))
    operate("user", "import", str(file), "--parallel", "3")
    events = [event for event in record.events() if event.what == "user.added"]
    assert {(event.actor.kind, event.actor.id) for event in events} == {("operator", ERNA)}
    assert {event.person for event in events} == {record.person(one["sub"]) for one in people}
    assert "eve" not in "".join(record.files().values())


def test_a_rotation_by_command_is_its_operators(record, bank, operate):
    rotate_keys.run(bank.aws, {})
    record.events()
    bank.now += 16 * 60
    operate("key", "rotate")
    events = record.events()
    assert {event.what for event in events} == {"key.added", "key.withdrawn"}
    assert {event.actor.id for event in events} == {ERNA}
    assert all(event.key for event in events)


def test_crls_are_recorded_and_what_is_refused_for_them(record, revocation):
    revocation.publish(revocation.authority.crl())
    with writer.acting("fetch_crls", None):
        revocation.job()
    events = record.events()
    assert {(event.what, event.actor.kind, event.actor.id) for event in events} == {
        ("crl.fetched", "schedule", "fetch_crls")
    }
    revocation.publish(revocation.authority.crl(SERIAL, number=2))
    with writer.acting("fetch_crls", None):
        revocation.job()
    revocation.later()
    assert not revocation.works()
    (refused,) = [event for event in record.events() if event.what == "certificate.refused"]
    assert (refused.actor.kind, refused.client) == ("client", "tls-client-auth")
    assert AUTHORITY not in json.dumps(refused.details)


def test_a_passkey_is_enrolled_by_its_page_and_signs_in(record, bank, operate, tls_client_auth_client):
    bank.aws.user_directory = directory.build(bank.aws)
    uri = json.loads(operate("user", "add", "alice", "--sub", ALICE.sub, "--password-stdin", said=PASSWORD))
    app = pyotp.parse_uri(uri["otpauth_uri"])
    link = json.loads(operate("user", "invite", "alice"))["link"]
    record.events()
    browser, phone = Browser(bank), Authenticator()
    page = prove_on(browser, browser.get(path_of(link)), password=PASSWORD, one_time_code=app.at(bank.now))
    assert make(browser, page, phone.create(passkey_options(page.text))).status == 200
    events = record.events()
    assert {"user.invitation_used", "user.passkey_added"} <= {event.what for event in events}
    assert {event.actor.id for event in events} == {event.person for event in events} == {record.person(ALICE.sub)}
    browser = Browser(bank)
    login = browser.page("tls-client-auth", tls_client_auth_client.pushed())
    assert sign_in_by(browser, login, phone).status == 303
    events = record.events()
    (signed_in,) = [event for event in events if event.what == "grant.authenticated"]
    assert signed_in.details["amr"] == ["pop", "user", "mfa"]
    assert (signed_in.actor.id, signed_in.person) == (record.person(ALICE.sub),) * 2
    assert ("sign_in.succeeded", "person") in steps(events)
    assert not [event.what for event in events if event.what.endswith("s.changed")]


def test_what_a_person_changes_of_their_own_sign_in_is_recorded_as_theirs(record, bank, operate):
    bank.aws.user_directory = directory.build(bank.aws)
    carol = Owner(bank)
    record.events()
    page = carol.arrive()
    (code, *others) = carol.recovery_codes(page)
    carol.make(page, Authenticator(), name="Her phone")
    carol.press(carol.open_passkey(carol.get("/security")), "rename", {"name": "Old"})
    carol.press(carol.open_passkey(carol.get("/security")), "remove")
    app = carol.press(carol.get("/security"), "offer-app")
    secret = secret_on(app)
    carol.press(app, "set-app", {"one_time_code": pyotp.TOTP(secret).at(bank.now)})
    by_code(carol, code)
    events = record.events()
    of_user = [event for event in events if event.what.startswith("user.")]
    assert [event.what for event in of_user] == [
        "user.recovery_codes_made",
        "user.passkey_added",
        "user.passkey_renamed",
        "user.passkey_removed",
        "user.second_factor_changed",
        "user.recovery_code_used",
    ]
    assert [event.details["left"] for event in (of_user[0], of_user[-1])] == [10, 9]
    assert {(event.actor.kind, event.actor.id, event.person) for event in of_user} == {
        ("person", record.person("s-carol"), record.person("s-carol"))
    }
    assert not [event.what for event in events if event.what.endswith("s.changed")]
    said = json.dumps([(event.details, event.sealed) for event in events])
    assert not [hidden for hidden in (secret, code, *others, "Her phone") if hidden in said]
    operate("user", "reset", "carol", "--second-factor")
    assert {event.what for event in record.events()} >= {"user.second_factor_changed", "user.recovery_codes_ended"}


def lost_phone(bank):
    """Carol, who has the password alone, at a bank with the recovery."""
    bank.aws.user_directory = directory.build(bank.aws)
    carol = Owner(bank)
    switch(carol, WAIT // 3600)
    return carol


def test_each_begin_and_end_of_a_recovery_is_recorded(record, bank, operate):
    lost = lost_phone(bank)
    record.events()
    at = lost.bank.now
    recover(lost)
    recover(lost)
    lost.press(lost.arrive(), "cancel-recovery")
    recover(lost)
    lost.bank.now += WAIT
    ready_at = lost.user.recovery_from
    complete(*opened(lost))
    events = [event for event in record.events() if event.what.startswith("user.")]
    assert [(event.what, event.details) for event in events] == [
        ("user.recovery_begun", {"ready_at": at + WAIT}),
        ("user.recovery_cancelled", {}),
        ("user.recovery_begun", {"ready_at": ready_at}),
        ("user.second_factor_changed", {}),
        ("user.recovery_completed", {}),
    ]
    assert {(event.actor.kind, event.person) for event in events} == {("person", record.person("s-carol"))}
    recover(lost)
    operate("user", "reset", "carol", "--second-factor")
    assert "user.recovery_cancelled" in {event.what for event in record.events()}


def test_operators_see_a_recovery_while_it_runs(bank, operate):
    lost = lost_phone(bank)
    recover(lost)
    shown = json.loads(operate("user", "show", "carol"))
    assert shown["recovery_from"].startswith("20")
    lost.bank.now += WAIT + RECOVERY_OPEN
    assert json.loads(operate("user", "show", "carol"))["recovery_from"] is None


def test_a_remembered_consent_names_the_person_the_client_and_the_consent(record, fapi1_baseline_client):
    browser = Browser(fapi1_baseline_client.bank)
    browser.login("baseline", fapi1_baseline_client.pushed())
    events = record.events()
    (approved,) = [event for event in events if event.what == "grant.approved"]
    (remembered,) = [event for event in events if event.what == "consent.remembered"]
    assert (remembered.client, remembered.grant) == ("baseline", approved.grant)
    assert remembered.person == remembered.actor.id == record.person(ALICE.sub)
    assert "accounts" in remembered.details["scope"]
    back = browser.get(browser.open("baseline", fapi1_baseline_client.pushed()).location)
    assert back.parameters["code"]
    again = record.events()
    assert [event.what for event in again] == [
        "grant.requested",
        "grant.opened",
        "grant.authenticated",
        "grant.approved",
    ]
    assert "words_as_shown" not in record.unsealed(again[-1], ALICE.sub)


def test_a_payment_that_another_passkey_signs_is_refused_and_recorded(record, bank, payer, phone):
    bank.aws.settings = bank.settings._replace(payment_exemption="none")
    one = Payer(payer)
    another = Authenticator(credential_id=phone.credential_id, user_handle=phone.user_handle)
    assert one.approve(another).status == 200
    (refused,) = [event for event in record.events() if event.what == "sign_in.refused"]
    assert (refused.writer, refused.client, refused.actor.kind) == ("consent", "payer", "person")
    assert refused.details["reason"].startswith("passkey: ")
    assert SHOP not in "".join(record.files().values())


def test_a_payment_that_is_refused_in_the_banks_app_is_recorded(record, bank, payer):
    """The page's own looks tell nothing: only the person's form, once."""
    bank.aws.settings = bank.settings._replace(payment_exemption="none", approval_app="local.sandbox_app:build")
    one, app = Payer(payer), bank.aws.approval_app
    page = one.browser.submit(one.page, "app")
    (request,) = app.waiting(ALICE.sub)
    app.answer(request.reference, ALICE.sub, "refused")
    for action in ("app-poll", "app-look"):
        assert one.browser.post("/consent", fields(page.text) | {"action": action}).status == 200
    (refused,) = [event for event in record.events() if event.what == "approval.refused"]
    assert (refused.writer, refused.client, refused.actor.kind) == ("consent", "payer", "person")
    assert refused.person == refused.actor.id == record.person(ALICE.sub)
    assert refused.details == {"reason": "refused in the app", "event": "approval_refused", "outcome": "200"}


def test_what_was_agreed_in_another_language_is_kept_in_that_language(record, fintech):
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed(ui_locales="de"))
    browser.submit(page, "approve")
    (approved,) = [event for event in record.events() if event.what == "grant.approved"]
    agreed = record.unsealed(approved, ALICE.sub)
    assert (agreed["language"], agreed["words_as_shown"]) == ("de", True)
    assert "Recognise you when you come back" not in agreed["words"]


def test_who_is_suspended_is_refused_with_the_reason(record, bank, operate, fintech):
    bank.aws.user_directory = directory.build(bank.aws)
    record.aws.settings = record.aws.settings._replace(user_directory=DIRECTORY)
    put(bank, ALICE, Authenticator())
    token = fintech_tokens(fintech, bank, operate)["refresh_token"]
    operate("user", "suspend", "alice", "--yes")
    record.events()
    assert fintech.refresh(token).error == "access_denied"
    (refused,) = record.events()
    assert (refused.what, refused.client) == ("request.refused", "fintech")
    assert (refused.details["error"], refused.details["reason"]) == ("access_denied", "suspended")
    assert refused.journey


def fintech_tokens(fintech, bank, operate):
    """Alice's, with the deployed directory."""
    operate("user", "reset", "alice", "--password", "--password-stdin", said=PASSWORD)
    uri = json.loads(operate("user", "reset", "alice", "--second-factor"))["otpauth_uri"]
    bank.now += 60
    browser = Browser(bank)
    page = browser.page("fintech", fintech.pushed())
    signed_in = browser.sign_in(page, password=PASSWORD, one_time_code=pyotp.parse_uri(uri).at(bank.now))
    back = browser.submit(browser.get(signed_in.location), "approve")
    return fintech.redeem(back.parameters["code"]).json()
