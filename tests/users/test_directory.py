"""The product's directory of end users, over the stand-in's tables and KMS."""

import json
import secrets
from base64 import b32encode, b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import pyotp
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.assembly import Aws
from chalicelib.settings import Settings, variable
from chalicelib.storage.dynamodb.attributes import as_attributes
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignInRefused
from chalicelib.users import directory, password
from chalicelib.users.enrolment import MIN_PASSWORD_LENGTH, enrol
from chalicelib.users.lockout import FIRST_LOCK, FREE_ATTEMPTS, LOCKS, MAX_LOCK
from tests.aws_in_process import aws as standin

pytestmark = pytest.mark.usefixtures("light_passwords")

NOW = 1_800_000_000
PASSWORD = "correct horse battery staple"
CLAIMS = {"name": "Alice Arnold", "email": "alice@example.com", "email_verified": True}


@pytest.fixture(scope="module")
def aws():
    """A stand-in of this file's own, and the settings that lead to it."""
    with standin.running("eu-west-1") as (stand, settings):
        everything = {variable(name): "unused" for name in Settings._fields} | {
            variable("vocabulary"): "{}",
            "DUCAT_OTP_LEVEL": "2",
            "DUCAT_WEEKLY_TABLES": "no",
            "DUCAT_DATA_KEYS": "yes",
            "DUCAT_SECURE_PAYMENT_CONFIRMATION": "no",
        }
        hosts = {
            "DUCAT_ISSUER": "https://bank.example",
            "DUCAT_MTLS_URL": "https://mtls.bank.example",
            "DUCAT_RESOURCE_URL": "https://api.bank.example",
        }
        yield stand, Settings.read(everything | hosts | {"DUCAT_BANK_NAME": "Example Bank"} | settings)


@pytest.fixture
def provider(aws):
    """A provider that nobody used, over tables that are empty again afterwards."""
    stand, settings = aws
    put_back = stand.kept()
    yield Aws(settings)
    put_back()


def rng(length):
    """Always the same, so that no two codes of a test are alike by accident."""
    return bytes(range(length))


@pytest.fixture
def alice(provider):
    """Her authenticator app: what it shows at a time."""
    uri = enrol(provider, "Alice", sub="s-alice", password=PASSWORD, claims=CLAIMS, random_bytes=rng)
    return pyotp.parse_uri(uri).at


@pytest.fixture
def sign_in(provider):
    people = directory.build(provider)

    def attempt(username="alice", typed=PASSWORD, *, code, scope=("openid",), now=NOW, login="this", browser=None):
        return people.sign_in(
            username,
            password=typed,
            one_time_code=code,
            scope=scope,
            now=now,
            attempt=login,
            browser=browser,
        )

    return attempt


@pytest.fixture
def calls():
    """The AWS operations, as they are made."""
    made = []
    really = BaseClient._make_api_call

    def recorded(client, operation, arguments):
        made.append(operation)
        return really(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", recorded):
        yield made


@pytest.fixture
def hashes(monkeypatch):
    """The hashes that passwords are compared with."""
    compared = []
    really = password.matches
    monkeypatch.setattr(password, "matches", lambda typed, stored: compared.append(stored) or really(typed, stored))
    return compared


def refused(attempt, *arguments, **more):
    with pytest.raises(SignInRefused) as refusal:
        attempt(*arguments, **more)
    return refusal.value


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


# Signing in.


def test_the_right_password_and_code_sign_a_person_in(sign_in, alice):
    signed_in = sign_in(code=alice(NOW), scope=("openid", "email"))
    login = signed_in.login
    assert (login.sub, login.auth_time, login.acr) == ("s-alice", NOW, "urn:ducat:loa:2")
    assert login.amr == ("pwd", "otp", "mfa")
    assert login.claims == {"email": "alice@example.com", "email_verified": True}


@pytest.mark.parametrize("typed", ["alice", "ALICE", " Alice ", "\uff21lice"])
def test_a_username_is_found_however_it_is_typed(sign_in, alice, typed):
    assert sign_in(typed, code=alice(NOW)).login.sub == "s-alice"


def test_a_wrong_password_is_refused(sign_in, alice):
    assert refused(sign_in, "alice", PASSWORD + "!", code=alice(NOW)).reason == "wrong password"


def test_a_wrong_code_is_refused(sign_in, alice):
    assert refused(sign_in, code=wrong(alice(NOW))).reason == "wrong code"


@pytest.mark.parametrize("username", ["bob", "", "alice\0", "a" * 100_000])
def test_a_name_that_nobody_has_is_refused(sign_in, alice, username):
    assert refused(sign_in, username, code=alice(NOW)).reason == "unknown name"


def test_an_endless_password_is_refused_before_it_is_hashed(sign_in, alice, monkeypatch):
    monkeypatch.delattr(password, "matches")
    assert refused(sign_in, "alice", "x" * 257, code=alice(NOW)).reason == "password too long"


def test_another_persons_sealed_secret_cant_stand_in_for_ones_own(provider, sign_in, alice):
    uri = enrol(provider, "mallory", sub="s-mallory", password=PASSWORD, claims={}, random_bytes=rng)
    hers, his = provider.users.find("alice"), provider.users.find("mallory")
    provider.users.put(type(hers)(**{**vars(hers), "totp": his.totp}))
    assert refused(sign_in, code=pyotp.parse_uri(uri).at(NOW)).reason == "wrong code"


MALFORMED = {
    "password": ({"password": 5}, {}),
    "totp": ({"totp": ["x"]}, {}),
    "password, totp": ({"password": None, "totp": None}, {}),
    "claims": ({"claims": "none"}, {}),
    "accounts": ({"accounts": ["everyday"]}, {}),
    "passkeys": ({"passkeys": [{"id": 5}]}, {}),
    "not JSON": ({"totp": "\ud800"}, {}),
    "own_totp": ({}, {"own_totp": {"N": "5"}}),
    "failures": ({}, {"failures": {"S": "many"}}),
    "invited_until": ({}, {"invited_until": {"L": []}}),
    "passkeys_removed": ({}, {"passkeys_removed": {"S": "a digest"}}),
    "recovery_codes": ({}, {"recovery_codes": {"BOOL": True}}),
    "record": ({}, {"record": {"S": "{"}}),
    "of a later release": ({}, {"v": {"N": "2"}}),
}
"""By what the log says: members of the record, and attributes of the item, of another type than they have."""


@pytest.mark.parametrize("said", MALFORMED)
def test_a_malformed_record_is_no_failure_and_reads_like_no_ones(provider, sign_in, alice, caplog, calls, hashes, said):
    """It was a 500, which told that there is such a name, or a mark that did not count."""
    refused(sign_in, "nobody", code=alice(NOW))
    as_long = ([*calls], len(hashes))
    members, attributes = MALFORMED[said]
    table = provider.settings.users_table
    item = provider.dynamo._tables.get(table, "alice")
    record = {"record": {"S": json.dumps(json.loads(item["record"]) | members)}}
    body = {"TableName": table, "Item": as_attributes(item) | record | attributes}
    provider.dynamo._tables._connection.dispatch("PutItem", body)
    caplog.clear()
    calls.clear()
    hashes.clear()
    assert refused(sign_in, code=alice(NOW)).reason in ("unknown name", "locked")
    assert (calls, len(hashes)) == as_long
    (line,) = (one for one in caplog.records if getattr(one, "line", {}).get("outcome") == "unreadable")
    assert line.levelname == "ERROR"
    assert said in line.line["reason"] or said == "record"
    whose = {"sub": "s-alice"} if said != "record" else {"key": digest("alice")}
    assert {name: value for name, value in line.line.items() if name in ("sub", "key")} == whose
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "sealed", ["", "AAAA", "not base64", "\xe9", "gone:AAAA", ":", "own:", "own:AAAA", "own:!", "own:\xe9"]
)
def test_a_malformed_secret_is_a_wrong_code_and_no_failure(provider, sign_in, alice, caplog, sealed):
    """A failure after a right password alone would say that the password was right."""
    user = provider.users.find("alice")
    own = user.totp.split(":")[0]
    provider.users.put(replace(user, totp=sealed.replace("own", own)))
    assert refused(sign_in, code=alice(NOW)).reason == "wrong code"
    assert '"outcome": "unreadable", "sub": "s-alice"' in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$!$!", "\xe9"])
def test_a_malformed_hash_is_a_wrong_password_and_costs_a_hash(provider, sign_in, alice, stored, monkeypatch):
    """A failure, or a fast refusal, would say that the name exists."""
    provider.users.put(replace(provider.users.find("alice"), password=stored))
    hashed = []
    really = password._HASHER.verify
    verifier = SimpleNamespace(verify=lambda stored, typed: hashed.append(stored) or really(stored, typed))
    monkeypatch.setattr(password, "_HASHER", verifier)
    assert refused(sign_in, code=alice(NOW)).reason == "wrong password"
    assert hashed[-1] == password.DUMMY_HASH


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
@pytest.mark.parametrize("by_kms", [False, True])
def test_a_failure_of_kms_is_no_wrong_code(provider, sign_in, alice, code, by_kms):
    if by_kms:
        sealed = provider.kms.seal(rng(20), {"user": "alice"})
        provider.users.put(replace(provider.users.find("alice"), totp=sealed))
    really = BaseClient._make_api_call

    def call(client, operation, arguments):
        if operation == "Decrypt":
            raise ClientError({"Error": {"Code": code}}, operation)
        return really(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", call), pytest.raises(ClientError, match=code):
        sign_in(code=alice(NOW))
    assert sign_in(code=alice(NOW)).login.sub == "s-alice"


# What it costs.


def test_a_sign_in_is_counted_before_and_forgiven_after_and_asks_kms_once_an_hour(provider, alice, calls):
    people = directory.build(provider)
    for now, unwrapped in ((NOW, ["GetItem", "Decrypt"]), (NOW + 30, [])):
        calls.clear()
        people.sign_in("alice", password=PASSWORD, one_time_code=alice(now), scope=(), now=now, attempt=f"at {now}")
        assert calls == ["UpdateItem", *unwrapped, "UpdateItem"]


def test_the_secret_of_the_codes_stays_sealed_until_the_password_was_right(sign_in, alice, calls):
    refused(sign_in, "alice", PASSWORD + "!", code=alice(NOW))
    assert "Decrypt" not in calls


# What its time tells.


def tried(provider, now=NOW):
    attempt = secrets.token_hex()
    return provider.users.admit("alice", attempt=attempt, free=FREE_ATTEMPTS, locks=LOCKS, now=now)[1]


def _locked(provider):
    assert all([tried(provider) for _ in range(FREE_ATTEMPTS)])


@pytest.mark.parametrize("who", ["unknown", "known", "locked"])
def test_whoever_is_unknown_or_known_or_locked_costs_one_hash_and_one_write(provider, sign_in, alice, calls, who):
    if who == "locked":
        _locked(provider)
    calls.clear()
    with patch.object(password, "_HASHER", wraps=password._HASHER) as hasher:
        refused(sign_in, "bob" if who == "unknown" else "alice", PASSWORD + "!", code=alice(NOW))
    assert hasher.verify.call_count == 1
    assert calls == ["UpdateItem"]


def test_an_unknown_name_leaves_nothing_behind(provider, sign_in):
    refused(sign_in, "bob", code="123456")
    assert provider.users.find("bob") is None
    assert provider.dynamo._tables._connection.scan(provider.settings.users_table)["Items"] == []


# A code is used once.


@pytest.mark.clause("RFC6238-5.2")
def test_5_2_a_code_is_accepted_once(provider, sign_in, alice):
    """The verifier must not accept the second attempt of the OTP after the first was validated."""
    assert not sign_in(code=alice(NOW)).again
    assert sign_in(code=alice(NOW), now=NOW + 29).again  # the same login, sent again
    assert refused(sign_in, code=alice(NOW), now=NOW + 29, login="another").reason == "code used before"


def test_the_codes_of_two_steps_are_two_values(sign_in, alice):
    assert not sign_in(code=alice(NOW)).again
    assert not sign_in(code=alice(NOW + 30)).again
    assert sign_in(code=alice(NOW + 30)).again


@pytest.mark.clause("RFC6238-5.2")
def test_5_2_a_code_of_before_the_last_one_is_refused(sign_in, alice):
    """A code that somebody read and did not use is worth nothing once its person has used the next one."""
    before, then = alice(NOW), alice(NOW + 30)
    assert not sign_in(code=then, now=NOW + 30).again
    assert refused(sign_in, code=before, now=NOW + 30, login="another").reason == "code used before"
    assert refused(sign_in, code=before, now=NOW + 30).reason == "code used before"


@pytest.mark.clause("RFC6238-5.2")
def test_5_2_of_many_at_once_one_uses_the_code(sign_in, alice):
    """The verifier must not accept the second attempt, also where both come at one time."""
    code = alice(NOW)

    def one(n):
        try:
            return not sign_in(code=code, login=f"login {n}", browser=f"b{n}").again
        except SignInRefused:
            return False

    with ThreadPoolExecutor(8) as at_once:
        assert sum(at_once.map(one, range(8))) == 1


def test_who_is_removed_between_password_and_code_is_refused(provider, sign_in, alice, monkeypatch):
    """The write that uses the code up is the one that decides."""
    unseal = provider.one_time_code_secrets.unseal

    def removed(*given, **more):
        provider.users.remove("alice", now=NOW)
        return unseal(*given, **more)

    monkeypatch.setattr(provider.one_time_code_secrets, "unseal", removed)
    assert refused(sign_in, code=alice(NOW)).reason == "nobody of that name"


# The lock.


def test_each_failure_is_counted(provider, sign_in, alice):
    refused(sign_in, "alice", PASSWORD + "!", code=alice(NOW))
    refused(sign_in, code=wrong(alice(NOW)), now=NOW + 7)
    user = provider.users.find("alice")
    assert (user.failures, user.last_failure) == (2, NOW + 7)


def test_after_five_failures_even_the_right_password_and_code_are_refused(sign_in, alice):
    for _ in range(FREE_ATTEMPTS):
        assert not refused(sign_in, "alice", "wrong", code=alice(NOW)).locked
    assert refused(sign_in, code=alice(NOW)).locked


def test_the_lock_opens_by_itself(provider, sign_in, alice):
    _locked(provider)
    later = NOW + FIRST_LOCK
    assert refused(sign_in, code=alice(later - 1), now=later - 1).locked
    assert sign_in(code=alice(later), now=later).login.sub == "s-alice"


def test_the_lock_doubles_with_each_failure_up_to_a_quarter_of_an_hour_and_never_for_ever(provider, alice):
    _locked(provider)
    now, locks = NOW, []
    for _ in range(9):
        opens = next(
            passed
            for passed in range(30, MAX_LOCK + 1, 30)
            if not tried(provider, now + passed - 1) and tried(provider, now + passed)
        )
        locks.append(opens)
        now += opens
    assert locks == [30, 60, 120, 240, 480, 900, 900, 900, 900]


def test_attempts_during_the_lock_make_it_no_longer(provider, sign_in, alice):
    _locked(provider)
    before = provider.users.find("alice")
    for passed in range(FIRST_LOCK):
        refused(sign_in, "alice", "wrong", code="123456", now=NOW + passed)
    assert provider.users.find("alice") == before


def test_a_volley_after_the_lock_is_one_attempt(provider, sign_in, alice):
    _locked(provider)
    later = NOW + FIRST_LOCK
    with ThreadPoolExecutor(8) as volley:
        refusals = list(
            volley.map(lambda n: refused(sign_in, "alice", f"guess {n}", code="123456", now=later), range(8))
        )
    assert [refusal.locked for refusal in refusals].count(False) == 1
    assert provider.users.find("alice").failures == FREE_ATTEMPTS + 1


@pytest.mark.fault("3f")
def test_who_is_gone_is_not_recalled_and_whose_password_was_guessed_at_is(provider, alice):
    """A session says who is there already: strangers' guesses ended it, and shut a person out of their own page."""
    recall = directory.build(provider).recall
    _locked(provider)
    assert recall("alice", scope=("email",), now=NOW).claims == {"email": CLAIMS["email"], "email_verified": True}
    assert recall("nobody", scope=(), now=NOW) is None


@pytest.mark.fault("3f")
def test_of_two_hundred_parallel_guesses_no_more_than_the_limit_are_looked_at(provider, sign_in, alice):
    """150 were, before the fifth failure was counted. Counted before it is hashed, by one conditional write."""
    hers = provider.users.find("alice").password
    with patch.object(password, "matches", wraps=password.matches) as matches, ThreadPoolExecutor(32) as volley:
        refusals = list(volley.map(lambda n: refused(sign_in, "alice", f"guess {n}", code="123456"), range(200)))
    assert [stored for _, stored in (call.args for call in matches.call_args_list)].count(hers) == FREE_ATTEMPTS <= 10
    assert [refusal.locked for refusal in refusals].count(False) == FREE_ATTEMPTS


@pytest.mark.fault("3f")
def test_a_browser_that_is_known_counts_for_itself(provider, sign_in, alice):
    """One wrong attempt each quarter of an hour shut a person out for ever."""
    _locked(provider)
    assert refused(sign_in, code=alice(NOW)).locked
    assert sign_in(code=alice(NOW), browser="hers").login.sub == "s-alice"
    assert refused(sign_in, code=alice(NOW)).locked, "and its success opens nothing for strangers"
    for _ in range(FREE_ATTEMPTS):
        assert not refused(sign_in, "alice", "wrong", code="123456", browser="stolen").locked
    assert refused(sign_in, code=alice(NOW), browser="stolen").locked
    assert not refused(sign_in, "alice", "wrong", code="123456", browser="hers").locked


def test_an_attempt_that_the_sdk_sends_again_counts_once(provider, alice):
    for _ in range(3):
        assert provider.users.admit("alice", attempt="same", free=FREE_ATTEMPTS, locks=LOCKS, now=NOW)[1]
    assert provider.users.find("alice").failures == 1


def test_success_forgets_failures(provider, sign_in, alice):
    refused(sign_in, "alice", "wrong", code=alice(NOW))
    sign_in(code=alice(NOW))
    assert provider.users.find("alice").failures == 0


def test_a_code_seen_in_use_buys_no_further_guesses(provider, sign_in, alice):
    sign_in(code=alice(NOW))
    refused(sign_in, "alice", "wrong", code="123456")
    assert refused(sign_in, code=alice(NOW), now=NOW + 5, login="another").reason == "code used before"
    assert provider.users.find("alice").failures == 2


# Enrolment.


def test_the_secret_is_remembered_sealed_and_the_password_hashed(provider, alice):
    user = provider.users.find("alice")
    assert user.password.startswith("$argon2id$")
    secret = rng(20)
    assert provider.one_time_code_secrets.unseal(user.totp, "alice", now=NOW) == secret
    item = str(provider.dynamo._tables.get(provider.settings.users_table, "alice"))
    forms = (PASSWORD, secret.hex(), b32encode(secret).decode(), b64encode(secret).decode())
    assert [form for form in forms if form in item] == []


def test_enrolment_says_everything_that_is_wrong_and_quotes_no_password(provider):
    with pytest.raises(ValueError, match="username") as problem:
        enrol(provider, "a b", sub="", password="short-a b", claims={"sub": "other"}, random_bytes=rng)
    for part in ("without spaces", "the sub", f"{MIN_PASSWORD_LENGTH} to 256", "hold the username", "among the claims"):
        assert part in str(problem.value)
    assert "short" not in str(problem.value)
    assert provider.users.find("a b") is None


def test_enrolling_again_replaces_password_and_secret_and_forgets_failures(provider, sign_in, alice):
    tried(provider)
    uri = enrol(
        provider,
        "alice",
        sub="s-alice",
        password=PASSWORD[::-1],
        claims={},
        random_bytes=lambda length: rng(length)[::-1],
        anew=True,
    )
    assert provider.users.find("alice").failures == 0
    assert refused(sign_in, code=alice(NOW)).reason == "wrong password"
    assert sign_in("alice", PASSWORD[::-1], code=pyotp.parse_uri(uri).at(NOW)).login.sub == "s-alice"


@pytest.mark.fault("6")
@pytest.mark.parametrize(
    ("username", "changed", "words"),
    [
        ("alice", {}, "somebody has that username"),
        ("alice", {"sub": "s-another", "anew": True}, "has another sub"),
        ("nobody", {"anew": True}, "nobody has that username"),
    ],
)
def test_enrolment_takes_nobodys_place_in_silence(provider, alice, username, changed, words):
    """Enrolling a name again took another sub without a word, and wiped accounts and passkeys."""
    before = provider.users.find("alice")
    given = {"sub": "s-alice", "password": PASSWORD, "claims": {}, "random_bytes": rng} | changed
    with pytest.raises(ValueError, match=words):
        enrol(provider, username, **given)
    assert provider.users.find("alice") == before


@pytest.mark.fault("6")
def test_enrolling_anew_keeps_accounts_and_passkeys(provider, alice):
    """Whoever gets a new password is still the customer that they were."""
    passkey = {"id": "id", "key": "key", "handle": "handle", "created_at": NOW}
    had = replace(provider.users.find("alice"), accounts=({"iban": "DE02100100100006820101", "name": "A"},))
    provider.users.put(replace(had, passkeys=(passkey,)))
    enrol(provider, "alice", sub="s-alice", password=PASSWORD, claims={"name": "Alice"}, random_bytes=rng, anew=True)
    found = provider.users.find("alice")
    assert (found.accounts, found.passkeys) == (had.accounts, (passkey,))
    enrol(provider, "alice", sub="s-alice", password=PASSWORD, claims={}, random_bytes=rng, accounts=(), anew=True)
    assert provider.users.find("alice").accounts == ()
