"""Notices to people: of what they get one, in which words and language, by which ways, and what happens where one fails."""

import json
from contextvars import Context
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator

from chalicelib.assembly import Aws
from chalicelib.audit import notice_words, notices
from chalicelib.audit.event import WHAT
from chalicelib.language import of
from chalicelib.storage import notice_ways
from chalicelib.storage.notice_stores import Contact, Message, Notices, NotQueued
from chalicelib.storage.token_values import digest
from chalicelib.users import directory
from local import sandbox_users
from local.recorded import NoticeFile
from local.sandbox_users import ALICE
from tests.actors import Browser
from tests.specs.test_rfc9396 import PAYMENT, rich, tokens
from tests.storage.sample_records import user

__all__ = ["rich"]

pytestmark = pytest.mark.usefixtures("light_passwords")


class Queue:
    def __init__(self):
        self.texts = []

    def put(self, texts):
        self.texts += texts


class Way:
    def __init__(self):
        self.sent = []

    def send(self, message):
        self.sent.append(message)


def unjudged(found):
    """The directory, whose reads for notices are not held against the role: of the deployment that is judged, which sends none.

    infra/test_template_audit.py holds them against the role of one that does.
    """
    contact = found.contact
    found.contact = lambda person: Context().run(contact, person)
    return found


@pytest.fixture
def noticed(record):
    """A function: the notices that people got since the last time. `queue`, `way`: what is in the place of AWS's."""
    queue, way = Queue(), Way()
    vars(record.aws)["user_directory"] = unjudged(record.aws.user_directory)
    vars(record.aws)["notices"] = Notices(queue, (way,))

    def since():
        record.events()
        texts, queue.texts, way.sent = queue.texts, [], []
        given = [{"eventSource": "aws:sqs", "messageId": str(n), "body": text} for n, text in enumerate(texts)]
        assert record.run({"Records": given}) == {"batchItemFailures": []} if given else True
        return way.sent

    since.queue, since.way = queue, way
    return since


def test_a_consent_by_hand_is_told_with_app_time_and_the_way_out(noticed, fintech, bank):
    Browser(bank).login("fintech", fintech.pushed())
    (message,) = noticed()
    assert (message.kind, message.email, message.language) == ("new_consent", "alice@example.com", "en")
    assert (message.sub, message.at) == (ALICE.sub, bank.now)
    assert message.subject == "You connected an app: Fintech"
    for part in (
        "15 January 2027, 08:00",
        "Fintech",
        "https://login.bank.example/grants",
        "/security",
        "never asks for",
    ):
        assert part in message.text, part


def test_a_consent_without_a_page_is_told_to_nobody(noticed, fapi1_bearer_client, bank):
    browser = Browser(bank)
    browser.login("fapi1-bearer", fapi1_bearer_client.pushed())
    assert [one.kind for one in noticed()] == ["new_consent"]
    answer = browser.open("fapi1-bearer", fapi1_bearer_client.pushed())
    assert browser.get(answer.location).parameters["code"]
    assert noticed() == []


def test_an_approved_payment_is_told_without_amount_payee_and_account(noticed, rich):
    tokens(rich, PAYMENT)
    (message,) = noticed()
    assert message.kind == "payment_approved"
    text = message.subject + message.text
    assert not [part for part in ("123", "EUR", "Merchant", "DE0", ALICE.accounts[0]["iban"][-4:]) if part in text]


def test_what_changes_a_persons_sign_in_is_told_in_their_language(record, noticed, monkeypatch, bank):
    monkeypatch.setitem(vars(record.aws), "user_directory", unjudged(directory.build(record.aws)))
    carol = user(username="carol", sub="s-carol", claims={"email": "carol@example.com", "locale": "de-AT"})
    record.aws.users.put(carol)
    record.aws.users.put(replace(carol, totp="b3RoZXI="))
    (message,) = noticed()
    assert (message.kind, message.email, message.language) == ("new_second_factor", "carol@example.com", "de")
    assert message.subject == of("de").say(notice_words.WORDS["new_second_factor"][0])


def test_a_recovery_is_told_when_it_begins_and_when_it_ends(record, noticed, monkeypatch):
    monkeypatch.setitem(vars(record.aws), "user_directory", unjudged(directory.build(record.aws)))
    record.aws.users.put(user(username="carol", sub="s-carol", claims={"email": "carol@example.com"}))
    noticed()
    carol, factors, now = record.aws.users.find("carol"), record.aws.second_factors, record.aws.now()
    factors.begin_recovery(carol, ready_at=now, now=now)
    (begun,) = noticed()
    assert (begun.kind, begun.email) == ("recovery_begun", "carol@example.com")
    assert "https://login.bank.example/security" in begun.text
    factors.cancel_recovery(carol)
    assert [one.kind for one in noticed()] == ["recovery_cancelled"]
    factors.begin_recovery(record.aws.users.find("carol"), ready_at=now, now=now)
    factors.complete_recovery(carol, "sealed", step=1, ready_at=now)
    assert {one.kind for one in noticed()} == {"recovery_begun", "recovery_completed", "new_second_factor"}


@pytest.mark.parametrize("claims", [{}, {"email": "x@example.com", "email_verified": False}, {"email": 7}])
def test_no_mail_goes_to_an_address_that_is_not_the_persons(record, noticed, monkeypatch, claims):
    monkeypatch.setitem(vars(record.aws), "user_directory", unjudged(directory.build(record.aws)))
    carol = user(username="carol", sub="s-carol", claims=claims)
    record.aws.users.put(carol)
    record.aws.users.put(replace(carol, totp="b3RoZXI="))
    (message,) = noticed()
    assert (message.email, message.language) == ("", "en")


def test_what_an_operator_ends_is_told_and_what_the_person_or_the_client_ends_is_not(record, noticed, fintech, operate):
    by_operator, by_client = fintech.tokens(), fintech.tokens()
    assert len(noticed()) == 2
    fintech.revoke(by_client["refresh_token"])
    assert noticed() == []
    grant = by_operator["access_token"].split(".")[1]
    operate("consent", "end", grant, "--yes")
    assert {one.kind for one in noticed()} == {"consent_ended"}


def test_of_an_erased_person_nothing_is_sent_by_any_way(record, noticed, fintech, operate, monkeypatch):
    """Neither what waits in the queue, nor what the erasure itself does."""
    monkeypatch.setitem(vars(record.aws), "user_directory", unjudged(directory.build(record.aws)))
    record.aws.users.put(user(username="carol", sub="s-carol"))
    waiting = notices.Notice("1", "new_passkey", 0, digest("s-carol"), "s-carol")
    noticed.queue.put([notices.as_text(waiting)])
    (message,) = noticed()
    assert (message.sub, message.email) == ("s-carol", "")
    operate("user", "erase", "--sub", "s-carol", "--yes")
    noticed.queue.put([notices.as_text(waiting)])
    assert noticed() == []


def test_a_queue_that_takes_nothing_never_holds_up_the_record(record, noticed, fintech, caplog):
    def refuse(texts):
        raise NotQueued("ServiceUnavailable")

    noticed.queue.put = refuse
    fintech.tokens()
    batch = next(event for event in record.taken() if "Records" in event)
    assert record.run(batch) == {"batchItemFailures": []}
    assert "grant.approved" in {event.what for event in record.all()}
    assert "failed to queue notices of" in caplog.text
    assert next(event.id for event in record.all() if event.what == "grant.approved") in caplog.text


def test_of_a_batch_that_is_recorded_again_nobody_is_told_before_it_is_recorded(record, noticed, fintech, monkeypatch):
    class Refusing:
        def put(self, *arguments):
            raise NotQueued

    fintech.tokens()
    batch = next(event for event in record.taken() if "Records" in event)
    with monkeypatch.context() as patched:
        patched.setitem(vars(record.aws), "audit_files", Refusing())
        assert record.run(batch)["batchItemFailures"]
    assert noticed.queue.texts == []
    record.run(batch)
    assert len(noticed.queue.texts) == 1


def test_a_notice_that_fails_is_given_again_and_the_others_go_out(record, noticed, fintech, caplog):
    fintech.tokens()
    record.events()
    (good,) = noticed.queue.texts
    given = [{"eventSource": "aws:sqs", "messageId": n, "body": b} for n, b in (("1", "{}"), ("2", good), ("3", "x"))]
    assert record.run({"Records": given}) == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}
    assert len(noticed.way.sent) == 1
    assert "alice" not in caplog.text


def test_a_clients_name_begins_no_other_header():
    notice = notices.Notice("1", "new_consent", 0, "p", client="c")
    words = notice_words.words_of(notice, "A\r\nBcc: x@evil.example", of("en"), bank="B", issuer="https://b.example")
    assert words.subject == "You connected an app: A Bcc: x@evil.example"


def test_each_event_that_is_told_can_happen_and_each_kind_has_words():
    assert set(notices.KINDS) <= set(WHAT)
    assert set(notice_words.WORDS) == {*notices.KINDS.values(), "payment_approved"}


# By AWS.

MESSAGE = Message("e1", "new_passkey", 1, "s-1", "a@example.com", "en", "Subject", "Text")


class Client:
    """A client of AWS's whose calls are held against the service's own model. `answers`: one for each call."""

    def __init__(self, service, *answers):
        self.model = botocore.session.get_session().get_service_model(service)
        self.answers, self.calls = [*answers], []

    def __getattr__(self, name):
        operation = self.model.operation_model("".join(word.title() for word in name.split("_")))

        def call(**parameters):
            report = ParamValidator().validate(parameters, operation.input_shape)
            assert not report.has_errors(), report.generate_report()
            self.calls.append(parameters)
            return self.answers.pop(0)

        return call


def test_an_email_is_sent_from_the_banks_address_to_the_persons_alone():
    way, client = notice_ways.ByEmail(None, "no-reply@bank.example"), Client("sesv2", {"MessageId": "1"})
    vars(way)["_ses"] = client
    way.send(MESSAGE)
    way.send(replace(MESSAGE, email=""))
    (sent,) = client.calls
    assert (sent["FromEmailAddress"], sent["Destination"]) == (
        "no-reply@bank.example",
        {"ToAddresses": ["a@example.com"]},
    )
    simple = sent["Content"]["Simple"]
    assert [simple["Subject"]["Data"], simple["Body"]["Text"]["Data"]] == ["Subject", "Text"]
    assert set(simple["Body"]) == {"Text"}


def test_the_bus_gets_the_words_and_the_sub_and_no_address():
    class Bus:
        def put(self, events):
            self.events = events

    bus = Bus()
    notice_ways.OnTheBus(bus).send(MESSAGE)
    ((what, detail),) = bus.events
    assert what == "notice"
    assert json.loads(detail) == {
        **{"id": "e1", "kind": "new_passkey", "at": 1, "sub": "s-1"},
        **{"language": "en", "subject": "Subject", "text": "Text"},
    }


def test_a_queue_gets_ten_at_once_and_a_refused_one_is_an_error():
    refused = {"Id": "0", "Code": "InternalError", "SenderFault": False}
    queue = notice_ways.NoticeQueue(None, "https://sqs.example/q")
    client = Client("sqs", {"Failed": []}, {"Failed": [refused]})
    vars(queue)["_sqs"] = client
    with pytest.raises(NotQueued, match="InternalError"):
        queue.put([str(n) for n in range(11)])
    bodies = [[one["MessageBody"] for one in call["Entries"]] for call in client.calls]
    assert bodies == [[str(n) for n in range(10)], ["10"]]
    assert {call["QueueUrl"] for call in client.calls} == {"https://sqs.example/q"}


@pytest.mark.parametrize(
    ("named", "ways"),
    [
        ("none", []),
        ("email", [notice_ways.ByEmail]),
        ("bus", [notice_ways.OnTheBus]),
        ("email bus", [notice_ways.ByEmail, notice_ways.OnTheBus]),
    ],
)
def test_a_deployment_sends_by_the_ways_that_its_settings_name(record, named, ways):
    settings = record.aws.settings._replace(notices=named, notices_from="a@b.example", notices_queue="https://q")
    made = Aws(settings).notices
    assert [type(way) for way in made.ways] == ways
    assert made.queue is not None
    assert record.aws.notices == Notices()


def test_the_sandbox_knows_its_people_by_the_digest_of_the_sub_alone(record):
    sandbox = sandbox_users.build(record.aws)
    assert sandbox.contact(digest(ALICE.sub)) == Contact("alice@example.com", "en-GB")
    assert sandbox.contact(ALICE.sub) is None


def test_on_a_laptop_notices_go_into_a_file(record, tmp_path):
    file = NoticeFile(tmp_path / "notices.jsonl", lambda: record.aws)
    vars(record.aws)["notices"] = Notices(file, (file,))
    file.put([notices.as_text(notices.Notice("1", "new_passkey", 0, digest(ALICE.sub)))])
    (line,) = (tmp_path / "notices.jsonl").read_text().splitlines()
    assert (json.loads(line)["email"], json.loads(line)["kind"]) == ("alice@example.com", "new_passkey")
    assert (tmp_path / "notices.jsonl").stat().st_mode & 0o777 == 0o600
