"""Every page that a person may see, made in one language and one theme: for the tests, and for `make screenshots`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chalicelib import date_format
from chalicelib.authorization import scope
from chalicelib.authorization_details import details
from chalicelib.interaction import (
    app_approval,
    connections,
    consent_page,
    consent_time,
    own_page,
    own_page_changes,
    own_page_recovery,
    own_page_sign_in,
    secure_payment,
)
from chalicelib.interaction.consent_words import client_words
from chalicelib.language import Language
from chalicelib.messages import Response
from chalicelib.own_means import OwnMeans
from chalicelib.pages import approval, consent, enrolment, gateway_error_pages, grants, render, security, sign_in
from chalicelib.pages.error_texts import WORDS
from chalicelib.pages.frame import Frame
from chalicelib.pages.grants import Connection, Consent, PastConsent
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.passkey_stores import OwnPasskey
from chalicelib.storage.records import AuthorizationRequest, Client
from chalicelib.users import claims, sign_in_form

UNTIL = 1798121100
CLIENT = "Penny Planner"
PERSON = "alice"
IBANS = ("DE02100100100006820101", "DE18100100100006820201")
OTHER_IBAN = "DE34100100100006820301"
ACCOUNTS: Any = tuple(
    {"iban": iban, "name": name} for iban, name in zip(IBANS, ("Girokonto Ä", "Sparkonto Ö"), strict=True)
)
EVERY_SCOPE = ("openid", "profile", "email", "phone", "address", "accounts", "payments")
ACCESS = {
    "type": "account_information",
    "access": {"accounts": [], "balances": [], "transactions": []},
    "frequencyPerDay": 4,
    "validUntil": "2027-01-15",
}
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "1234567.50"},
    "creditorName": "Ḧäńďĺéŕ",
    "creditorAccount": {"iban": OTHER_IBAN},
    "remittanceInformationUnstructured": "№ 4711",
    "requestedExecutionDate": "2027-02-01",
}
STANDING_ORDER = {
    **{name: value for name, value in PAYMENT.items() if name != "requestedExecutionDate"},
    **{"frequency": "Monthly", "startDate": "2027-02-01", "dayOfExecution": "15"},
}
ONCE = {**ACCESS, "recurringIndicator": False}
FROM_OWN = {**PAYMENT, "debtorAccount": {"iban": IBANS[0]}}
FROM_ANOTHERS = {**PAYMENT, "debtorAccount": {"iban": OTHER_IBAN}}
LINKS = {field: f"https://penny.example/{field}" for field in ("logo_uri", "policy_uri", "tos_uri")}
CLIENT_RECORD = Client(
    *("penny", CLIENT, "fapi2-security", "tls_client_auth", (), ()),
    purpose="Ḿöńéý",
    register_name="BaFin",
    register_number="№ 123456",
    register_uri="https://register.example/1",
    registered_at=UNTIL - 50_000_000,
)
"""A client of whom the bank knows all that it may."""
REQUESTED = Grant(
    "x", AuthorizationRequest("penny", "", "code", (), None), UNTIL - 200 * 86_400, consent_expires_at=UNTIL
)
PASSKEY = Ceremony({"challenge": ""}, "the-nonce")
SHOWN_BY_BROWSER = Ceremony(
    {"challenge": "c" * 43, "rpId": "login.bank.example"},
    "the-nonce",
    {
        "payeeName": "Ḧäńďĺéŕ",
        "total": {"currency": "EUR", "value": "1234567.50"},
        "instrument": {"displayName": f"Girokonto Ä {IBANS[0]}", "icon": secure_payment.ICON, "iconMustBeShown": False},
        "credentialIds": " ".join(["i" * 43] * 10),
    },
)
"""The options for a person with as many passkeys as one may have."""
SECRET = "7" * 32


def every_page(frame: Frame, redirect_uri: str = "https://penny.example/cb") -> dict[str, Response]:
    """Each page by its name, as `frame` says. `redirect_uri`: where the client is."""
    words = frame.language
    own = {"frame": frame, "key": "the-key", "csrf": "the-csrf"}
    shown = own | {"client_name": CLIENT, "redirect_uri": redirect_uri}
    frames = {at: {**own, "frame": replace(frame, here=at)} for at in ("/grants", "/passkey?invitation=1")}
    problem = words.say(sign_in_form.MISMATCH_TEXT)
    limit = render.time_limit(UNTIL, words, now=UNTIL - 900)
    return {
        "login": sign_in.login(**shown | _at(frame, "/login?interaction=1"), **LINKS, passkey=PASSKEY, limit=limit),
        "login-again": sign_in.login(**shown, username=PERSON, problem=problem),
        "login-remembered": sign_in.login(**shown, username=PERSON, remembered=True, passkey=PASSKEY, recovery="/"),
        "consent": consent.page(
            **shown | _at(frame, "/consent?interaction=1"),
            **LINKS,
            **_consent(words),
            client_id="penny",
            about=client_words(CLIENT_RECORD, words),
        ),
        "account-access": consent.page(**shown | _at(frame, "/consent?interaction=1"), **_consent(words, ACCESS, ONCE)),
        "account-access-again": consent.page(
            **shown | _at(frame, "/consent?interaction=1"),
            **_consent(words, ACCESS),
            chosen={},
            problem=words.say(consent_page.NOTHING_CHOSEN),
        ),
        "payment": consent.page(**shown, **_consent(words, PAYMENT, FROM_OWN, FROM_ANOTHERS) | {"access": []}),
        "standing-order": consent.page(**shown, **_consent(words, STANDING_ORDER) | {"access": []}),
        "no-account": consent.page(**shown, **_consent(words, PAYMENT, ACCESS, accounts=()) | {"access": []}),
        "approval": approval.page(
            _approval(frame), passkey=PASSKEY, by_app=True, problem=words.say(app_approval.REFUSED)
        ),
        "approval-by-the-browser": approval.page(
            _approval(frame), passkey=SHOWN_BY_BROWSER, by_app=True, problem=words.say(app_approval.REFUSED)
        ),
        "approval-by-passkey": approval.page(_approval(frame), passkey=PASSKEY),
        "approval-in-the-app": approval.waiting(_approval(frame), number="0042", again=True),
        "on-the-way": render.onward(frame=frame, redirect_uri=redirect_uri, location="#on-the-way"),
        "to-an-app": render.onward(frame=frame, redirect_uri="com.example.app:/cb", location="#on-the-way"),
        "form-post": render.form_post(frame=frame, redirect_uri=redirect_uri, parameters={"code": "c"}),
        "grants-sign-in": grants.sign_in(**frames["/grants"], passkey=PASSKEY),
        "grants": grants.page_of(_ours(frame), [_connection(words, FROM_OWN)]),
        "grants-many": grants.page_of(
            _ours(frame, later=True),
            [_connection(words, FROM_OWN, FROM_ANOTHERS), _connection(words)],
            done=words.say(connections.WORDS["one"], client=CLIENT),
            more="/grants?after=1.x",
        ),
        "grants-none": grants.page_of(_ours(frame), []),
        "grants-past": grants.past(
            _ours(frame, later=True),
            [_past(words, [FROM_OWN], "for your safety"), _past(words, [], "{day}, or before")],
            more="/grants?past=1&after=1.x",
        ),
        "grants-past-none": grants.past(_ours(frame), []),
        "grants-signed-out": grants.sign_in(**frames["/grants"], done=words.say(connections.WORDS["out"])),
        "passkey": enrolment.prove(**frames["/passkey?invitation=1"], invitation="1"),
        "passkey-make": enrolment.make(**own, username=PERSON, passkey=PASSKEY),
        "passkey-made": enrolment.made(frame=frame),
        **_own_pages(frame, own),
        **{f"error-{code}": render.error(frame=frame, error=code, description="…") for code in (*WORDS, "x")},
        **{f"gateway-{kind}": _gateway(kind, frame) for kind in gateway_error_pages.WORDS},
    }


def _own_pages(frame: Frame, own: dict[str, Any]) -> dict[str, Response]:
    """The pages of how a person signs in."""
    words, here = frame.language, own | {"frame": replace(frame, here="/security")}
    passkeys = tuple(
        OwnPasskey(f"k{n}", {"id": "i", "key": "k", "handle": "h", "created_at": UNTIL - n}, name)
        for n, name in enumerate(("Ḧäńďĺéŕ", "", "№" * 50))
    )
    some, none = OwnMeans(passkeys, 9, full=False), OwnMeans((), 0, full=True)
    page: Any = {**here, "person": PERSON, "nonce": "the-nonce"}
    problem = words.say(own_page_changes.NOT_PROVEN)
    return {
        "security-sign-in": security.sign_in(**here, username=PERSON, remembered=True, passkey=PASSKEY),
        "security-by-code": security.sign_in(
            **here, by_code=True, recovers=True, problem=words.say(own_page_sign_in.MISMATCH_TEXT)
        ),
        "security": security.page_of(**page, means=some, ceremony=PASSKEY, done=words.say(own_page.WORDS["added"])),
        "security-none": security.page_of(
            **page, means=none, ceremony=None, problem=words.say(own_page_changes.MADE_BEFORE)
        ),
        "security-passkey": security.passkey(**own, one=passkeys[1], last=True),
        "security-app": security.app(
            **own,
            shown="s",
            uri=f"otpauth://totp/Bank:{PERSON}?secret={SECRET}&issuer=Bank",
            secret=SECRET,
            problem=problem,
        ),
        "security-begin-recovery": security.begin_recovery(
            **here, hours=48, problem=words.say(own_page_recovery.MISMATCH_TEXT)
        ),
        "security-recovery": security.recovery(frame=frame, ready_at=UNTIL),
        "security-recovery-runs": security.page_of(
            **page, means=replace(some, recovery_at=UNTIL), ceremony=PASSKEY, done=words.say(own_page.WORDS["named"])
        ),
        "security-recovering": security.page_of(**page, means=none, ceremony=None, recovering=True),
        "security-codes": security.codes(frame=frame, codes=[SECRET[:24]] * 10),
    }


def _at(frame: Frame, here: str) -> dict[str, Any]:
    return {"frame": replace(frame, here=here)}


def _approval(frame: Frame) -> approval.Shown:
    return approval.Shown(
        frame=replace(frame, here="/consent?interaction=1"),
        client_name=CLIENT,
        key="the-key",
        csrf="the-csrf",
        nonce="the-nonce",
        redirect_uri="https://penny.example/cb",
        person=PERSON,
        until=UNTIL,
        details=details.in_words([FROM_OWN], ACCOUNTS, frame.language),
        chosen={"details": "chosen"},
        limit=render.time_limit(UNTIL, frame.language, now=UNTIL - 60),
    )


def _consent(words: Language, *requested: Any, accounts: Any = ACCOUNTS) -> dict[str, Any]:
    access = [*scope.in_words(EVERY_SCOPE, words), *claims.in_words(sorted(claims.NAMES), (), words)]
    return {
        "person": PERSON,
        "access": access if not requested else access[:2],
        "until": UNTIL,
        "ends": consent_time.ends(REQUESTED, words)
        if not any(one["type"] == "payment_initiation" for one in requested)
        else [],
        "details": details.in_words(requested, accounts, words),
    }


def _connection(words: Language, *granted: Any) -> Connection:
    """A client with a consent for each of these details, or one without details."""
    may = scope.in_words(("openid", "accounts"), words)
    each: Any = [[one] for one in granted] or [[]]
    consents = [
        Consent(str(n), may, details.in_words(one, ACCOUNTS, words), UNTIL - 10_000_000, UNTIL, _today(words))
        for n, one in enumerate(each)
    ]
    return Connection("penny", CLIENT, consents)


def _today(words: Language) -> str:
    return words.date(datetime.fromtimestamp(UNTIL, UTC))


def _past(words: Language, granted: Any, end: str) -> PastConsent:
    may = [] if granted else scope.in_words(("openid", "accounts"), words)
    shown = details.in_words(granted, ACCOUNTS, words)
    ended = words.say(end, day=date_format.in_words(UNTIL, words))
    return PastConsent(CLIENT, may, shown, UNTIL - 10_000_000, words.say("Ended"), ended)


def _ours(frame: Frame, *, later: bool = False) -> grants.Ours:
    return grants.Ours(replace(frame, here="/grants"), "the-key", "the-csrf", PERSON, later, "/security")


def _gateway(kind: str, frame: Frame) -> Response:
    body = gateway_error_pages.page(kind, (frame.tag,), theme=frame.theme)
    return Response(400, (("Content-Type", "text/html; charset=utf-8"),), body)
