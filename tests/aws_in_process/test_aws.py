"""The stand-in behind botocore: what is kept and put back, what fails where a test wants it, how many may ask at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError
from pytest_socket import disable_socket

from tests.aws_in_process.aws import Call, Stand, running
from tests.aws_in_process.errors import SERVER_ERROR, AwsError, Unknown

ITEM = {"pk": {"S": "k"}, "n": {"N": "1"}}
Body = dict[str, Any]


@dataclass(frozen=True)
class Used:
    """A stand, one table of it, and a client."""

    stand: Stand
    table: str
    dynamodb: Any

    def put(self, **more: Any) -> Any:
        return self.dynamodb.put_item(TableName=self.table, Item=ITEM, **more)

    def there(self) -> Any:
        return self.dynamodb.get_item(TableName=self.table, Key={"pk": ITEM["pk"]}).get("Item")


@pytest.fixture
def used() -> Iterator[Used]:
    disable_socket(allow_unix_socket=True)
    with running("eu-south-1") as (stand, settings):
        yield Used(stand, settings["DUCAT_REPLAY_CACHE_TABLE"], client("dynamodb"))


def client(service: str, **more: Any) -> Any:
    return botocore.session.get_session().create_client(service, **more)


def test_what_was_kept_is_put_back(used: Used) -> None:
    empty = used.stand.kept()
    used.put()
    filled = used.stand.kept()
    for put_back, there in ((empty, None), (filled, ITEM), (empty, None), (filled, ITEM)):
        put_back()
        assert used.there() == there
        used.dynamodb.delete_item(TableName=used.table, Key={"pk": ITEM["pk"]})
        used.dynamodb.put_item(TableName=used.table, Item={"pk": {"S": "another"}})


def test_what_is_put_back_knows_no_later_transaction(used: Used) -> None:
    put_back = used.stand.kept()
    put = {"Put": {"TableName": used.table, "Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)"}}
    for _ in range(2):
        used.dynamodb.transact_write_items(TransactItems=[put], ClientRequestToken="token")
        assert used.there() == ITEM
        put_back()
        assert used.there() is None


def refusing(call: Call, work: Callable[[], Body]) -> Body:
    raise AwsError("ProvisionedThroughputExceededException", "too much", status=SERVER_ERROR)


def losing(call: Call, work: Callable[[], Body]) -> Body:
    work()
    raise ConnectionClosedError(endpoint_url=call.service)


@pytest.mark.parametrize(
    ("fault", "error", "there"),
    [(refusing, ClientError, None), (losing, ConnectionClosedError, ITEM)],
    ids=["before-it-lands", "after-it-landed"],
)
def test_a_call_fails_where_a_test_wants_it(
    used: Used, fault: Callable[..., Body], error: type[Exception], there: Body | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    with used.stand.failing(fault), pytest.raises(error):
        used.put()
    assert used.there() == there


def test_a_fault_sees_each_call_and_its_answer_and_the_last_comes_first(used: Used) -> None:
    seen = []

    def noting(name: str) -> Callable[[Call, Callable[[], Body]], Body]:
        def note(call: Call, work: Callable[[], Body]) -> Body:
            seen.append((name, call.service, call.operation, call.body.get("TableName")))
            return work()

        return note

    with used.stand.failing(noting("first")), used.stand.failing(noting("last")):
        used.put()
    used.put()
    assert seen == [(name, "dynamodb", "PutItem", used.table) for name in ("last", "first")]


def test_of_eight_conditional_writes_at_once_one_wins(used: Used) -> None:
    together = Barrier(8)

    def write(_: int) -> int:
        together.wait(10)
        try:
            used.put(ConditionExpression="attribute_not_exists(pk)")
        except used.dynamodb.exceptions.ConditionalCheckFailedException:
            return 0
        return 1

    with ThreadPoolExecutor(8) as racers:
        assert sum(racers.map(write, range(8))) == 1


def test_what_it_does_not_know_reaches_the_test_past_botocore(used: Used) -> None:
    with pytest.raises(Unknown, match="DynamoDB's ListTables"):
        used.dynamodb.list_tables()
    with pytest.raises(Unknown, match="sts"):
        client("sts").get_caller_identity()


def test_each_region_is_one_of_its_own(used: Used) -> None:
    used.put()
    with running("eu-south-2") as (_, settings):
        other = client("dynamodb")
        assert (
            other.get_item(TableName=settings["DUCAT_REPLAY_CACHE_TABLE"], Key={"pk": ITEM["pk"]}).get("Item") is None
        )
    assert used.there() == ITEM


def test_another_region_is_not_answered_for(used: Used) -> None:
    request = AWSRequest("POST", url="https://dynamodb.eu-south-2.amazonaws.com/").prepare()
    assert used.stand.answer(request, "before-send.dynamodb.GetItem") is None


def test_only_what_is_asked_of_it_goes_unsigned(used: Used) -> None:
    sent: list[Any] = []

    def answered(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        response = AWSResponse(request.url, 200, {}, None)
        response._content = b"{}"
        return response

    elsewhere = client("dynamodb", endpoint_url="http://127.0.0.1:9")
    for request_parameters in (used.dynamodb, elsewhere):
        request_parameters.meta.events.register_first("before-send", answered)
        request_parameters.put_item(TableName=used.table, Item=ITEM)
    assert ["Authorization" in request.headers for request in sent] == [False, True]
