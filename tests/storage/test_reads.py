"""What tests/aws_in_process makes of reads and transactions is what AWS's own DynamoDB Local makes of them."""

import pytest
from botocore.exceptions import ClientError

from tests.storage.sample_records import token_value

pytestmark = pytest.mark.parametrize("settings", ["standin", "dynamodb-local"], indirect=True, scope="module")

GIVEN = [5, 3, 9, 10, 1]
"""When what a person gave was given, in the order of writing."""


@pytest.fixture
def person(dynamodb, settings):
    """Somebody of whom the index has an item for each of GIVEN, and not those that lack an attribute of it."""
    name = token_value()
    for n, at in enumerate(GIVEN):
        item = {"pk": {"S": f"{name} {n}"}, "person": {"S": name}, "given_at": {"N": str(at)}, "other": {"S": "x"}}
        dynamodb.put_item(TableName=settings.grants_table, Item=item)
    dynamodb.put_item(TableName=settings.grants_table, Item={"pk": {"S": f"{name} later"}, "person": {"S": name}})
    return name


@pytest.fixture
def query(dynamodb, settings, person):
    """A function: more of a query of that person's to its answer."""

    def send_request(**more):
        return dynamodb.query(
            TableName=settings.grants_table,
            IndexName="by_person",
            KeyConditionExpression="person = :p",
            ExpressionAttributeValues={":p": {"S": person}},
            **more,
        )

    return send_request


def times(answer):
    return [int(item["given_at"]["N"]) for item in answer["Items"]]


def test_an_index_gives_keys_in_the_order_of_numbers(query):
    answer = query()
    assert times(answer) == sorted(GIVEN)
    assert answer["Count"] == answer["ScannedCount"] == len(GIVEN)
    assert [item.keys() for item in answer["Items"]] == [{"pk", "person", "given_at"}] * len(GIVEN)
    assert times(query(ScanIndexForward=False)) == sorted(GIVEN, reverse=True)


def test_pages_follow_each_other_until_there_is_no_more(query):
    found, start = [], {}
    for _ in range(3):
        answer = query(ScanIndexForward=False, Limit=2, **start)
        found.append(times(answer))
        if "LastEvaluatedKey" in answer:
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert found == [[10, 9], [5, 3], [1]]
    assert "LastEvaluatedKey" not in answer
    assert "LastEvaluatedKey" in query(Limit=len(GIVEN))  # it does not look whether there is more
    assert "LastEvaluatedKey" not in query(Limit=len(GIVEN) + 1)


def test_a_page_begins_where_nothing_is(query, person):
    key = {"pk": {"S": "gone"}, "person": {"S": person}, "given_at": {"N": "4"}}
    assert times(query(ExclusiveStartKey=key)) == [5, 9, 10]
    assert times(query(ExclusiveStartKey=key, ScanIndexForward=False)) == [3, 1]


@pytest.mark.parametrize(
    "changed", [{"person": {"S": "another"}}, {"given_at": {"S": "4"}}, {"pk": {"S": ""}}, {"more": {"S": "x"}}]
)
def test_a_page_that_begins_with_no_key_of_the_query_is_refused(query, person, changed):
    key = {"pk": {"S": "gone"}, "person": {"S": person}, "given_at": {"N": "4"}} | changed
    with pytest.raises(ClientError, match="ValidationException"):
        query(ExclusiveStartKey=key)


@pytest.mark.parametrize(
    "wrong", [{"ConsistentRead": True}, {"IndexName": "no such"}, {"ExpressionAttributeValues": {":p": {"N": "1"}}}]
)
def test_a_query_that_can_not_be_is_refused(dynamodb, settings, wrong):
    parameters = {"IndexName": "by_person", "KeyConditionExpression": "person = :p"}
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.query(
            **{
                "TableName": settings.grants_table,
                "ExpressionAttributeValues": {":p": {"S": "x"}},
                **parameters,
                **wrong,
            }
        )


def test_a_scan_looks_at_all_and_shows_what_its_filter_lets_through(dynamodb, settings, person):
    parameters = {"FilterExpression": "person = :p AND given_at > :t"}
    values = {":p": {"S": person}, ":t": {"N": "4"}}
    table = settings.grants_table
    answer = dynamodb.scan(TableName=table, ExpressionAttributeValues=values, **parameters)
    assert sorted(times(answer)) == [5, 9, 10]
    assert (answer["Count"], answer["ScannedCount"]) == (3, dynamodb.scan(TableName=table, Select="COUNT")["Count"])
    first = dynamodb.scan(TableName=table, Limit=2)
    rest = dynamodb.scan(TableName=table, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert len(first["Items"]) + len(rest["Items"]) == answer["ScannedCount"]


def test_a_batch_gives_what_is_there_and_refuses_a_key_twice(dynamodb, settings, person):
    table, key = settings.grants_table, {"pk": {"S": f"{person} 0"}}
    parameters = {table: {"ConsistentRead": True, "Keys": [key, {"pk": {"S": "nothing"}}]}}
    answer = dynamodb.batch_get_item(RequestItems=parameters)
    assert [item["pk"] for item in answer["Responses"][table]] == [key["pk"]]
    assert answer["UnprocessedKeys"] == {}
    for wrong in ([key, key], [{"pk": {"S": ""}}], [{"pk": {"S": str(n)}} for n in range(101)]):
        with pytest.raises(ClientError, match="ValidationException"):
            dynamodb.batch_get_item(RequestItems={table: {"Keys": wrong}})


# Transactions.


def put(table, key, **more):
    return {"Put": {"TableName": table, "Item": {"pk": {"S": key}}, **more}}


ABSENT = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def test_a_transaction_that_fails_says_why_of_each_part_and_writes_nothing(dynamodb, settings):
    table, taken, new = settings.replay_cache_table, token_value(), token_value()
    dynamodb.put_item(TableName=table, Item={"pk": {"S": taken}, "n": {"N": "1"}})
    there = {"TableName": table, "Key": {"pk": {"S": token_value()}}, "ConditionExpression": "attribute_exists(pk)"}
    parts = [put(table, new), put(table, taken, **ABSENT), {"ConditionCheck": there}]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as failed:
        dynamodb.transact_write_items(TransactItems=parts)
    reasons = failed.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert [reason.get("Item") for reason in reasons] == [None, {"pk": {"S": taken}, "n": {"N": "1"}}, None]
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"pk": {"S": new}})


def test_a_transaction_is_done_once_by_its_token(dynamodb, settings):
    table, key, token = settings.replay_cache_table, token_value(), token_value()[:36]
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[put(table, key, **ABSENT)], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[put(table, token_value(), **ABSENT)], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[put(table, key, **ABSENT)])


def test_a_token_of_what_failed_can_be_used_again(dynamodb, settings):
    table, key, token = settings.replay_cache_table, token_value(), token_value()[:36]
    parts = [put(table, key, **ABSENT)]
    dynamodb.put_item(TableName=table, Item={"pk": {"S": key}})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=parts, ClientRequestToken=token)
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": key}})
    dynamodb.transact_write_items(TransactItems=parts, ClientRequestToken=token)
    assert "Item" in dynamodb.get_item(TableName=table, Key={"pk": {"S": key}})


@pytest.mark.parametrize("keys", [["same", "same"], [str(n) for n in range(101)], [""]], ids=["twice", "many", "empty"])
def test_a_transaction_that_can_not_be_is_refused(dynamodb, settings, keys):
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.transact_write_items(TransactItems=[put(settings.replay_cache_table, key) for key in keys])


def test_a_failed_condition_shows_what_was_there_where_it_is_wanted(dynamodb, settings):
    table, item = settings.replay_cache_table, {"pk": {"S": token_value()}, "n": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=item)
    for shown, more in ((item, ABSENT), (None, {"ConditionExpression": "attribute_not_exists(pk)"})):
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as failed:
            dynamodb.put_item(TableName=table, Item={"pk": item["pk"]}, **more)
        assert failed.value.response.get("Item") == shown
    assert dynamodb.delete_item(TableName=table, Key={"pk": item["pk"]}, ReturnValues="ALL_OLD")["Attributes"] == item
