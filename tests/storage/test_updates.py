"""What tests/aws_in_process makes of DynamoDB's updates and items is what AWS's own DynamoDB Local makes of them."""

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

pytestmark = pytest.mark.parametrize("settings", ["standin", "dynamodb-local"], indirect=True, scope="module")

typed, plain = TypeSerializer().serialize, TypeDeserializer().deserialize

REFUSED = "ValidationException"
LARGEST = 400 * 1024
UPDATES = [
    # An expression and its value :v, the attributes before, and those after or the refusal.
    ("SET a = :v", "x", {}, {"a": "x"}),
    ("set a = :v remove c", 1, {"c": "x"}, {"a": 1}),
    ("SET a = b", None, {"b": "z"}, {"a": "z", "b": "z"}),
    ("SET a = b", None, {}, REFUSED),
    ("SET a = :v, b = a", "new", {"a": "old"}, {"a": "new", "b": "old"}),
    ("SET a = a + :v", 1, {"a": 2}, {"a": 3}),
    ("SET a = a - :v", 3, {"a": 2}, {"a": -1}),
    ("SET a = a + :v", 1, {}, REFUSED),
    ("SET a = a + :v", 1, {"a": "x"}, REFUSED),
    ("SET a = if_not_exists(a, :v)", 1, {}, {"a": 1}),
    ("SET a = if_not_exists(a, :v)", 1, {"a": 7}, {"a": 7}),
    ("SET a = if_not_exists(b, if_not_exists(c, :v))", 1, {}, {"a": 1}),
    ("SET a = if_not_exists(a, :v) + :v", 1, {}, {"a": 2}),
    ("SET a = if_not_exists(a, b)", None, {}, REFUSED),
    ("SET a = list_append(a, :v)", ["x"], {"a": ["y"]}, {"a": ["y", "x"]}),
    ("SET a = list_append(if_not_exists(a, :v), :v)", ["x"], {}, {"a": ["x", "x"]}),
    ("SET a = list_append(:v, a)", "x", {"a": ["y"]}, REFUSED),
    ("SET a.b = :v", "new", {"a": {"c": 1}}, {"a": {"b": "new", "c": 1}}),
    ("SET a.b = :v", "new", {}, REFUSED),
    ("SET a[7] = :v", "new", {"a": ["x"]}, {"a": ["x", "new"]}),
    ("SET a[0] = :v REMOVE a[1]", "new", {"a": ["x", "y"]}, {"a": ["new"]}),
    ("REMOVE a[0], a[1]", None, {"a": ["x", "y", "z"]}, {"a": ["z"]}),
    ("REMOVE a", None, {"a": 1, "b": 2}, {"b": 2}),
    ("REMOVE a", None, {}, {}),
    ("REMOVE a.b", None, {"a": {"b": 1}}, {"a": {}}),
    ("REMOVE a.b", None, {}, REFUSED),
    ("ADD a :v", 2, {}, {"a": 2}),
    ("ADD a :v", 2, {"a": -2}, {"a": 0}),
    ("ADD a :v", 2, {"a": "-2"}, REFUSED),
    ("ADD a :v", {"x"}, {}, {"a": {"x"}}),
    ("ADD a :v", {"x", "y"}, {"a": {"y", "z"}}, {"a": {"x", "y", "z"}}),
    ("ADD a :v", {1, 3}, {"a": {1}}, {"a": {1, 3}}),
    ("ADD a :v", {"x"}, {"a": {1}}, REFUSED),
    ("ADD a :v", {"x"}, {"a": "x"}, REFUSED),
    ("ADD a :v", "x", {}, REFUSED),
    ("ADD a :v", ["x"], {}, REFUSED),
    ("SET red = if_not_exists(red, :v) ADD tries :v", {"x"}, {"tries": {"y"}}, {"red": {"x"}, "tries": {"x", "y"}}),
    ("DELETE a :v", {"x"}, {"a": {"x", "y"}}, {"a": {"y"}}),
    ("DELETE a :v", {"x", "y"}, {"a": {"x", "y"}}, {}),
    ("DELETE a :v", {"x"}, {}, {}),
    ("DELETE a :v", {"x"}, {"a": {1}}, REFUSED),
    ("DELETE a :v", 1, {"a": {1}}, REFUSED),
    ("SET a = :v, a = :v", "x", {}, REFUSED),
    ("SET a = :v, a.b = :v", "x", {}, REFUSED),
    ("SET a = :v REMOVE a", "x", {}, REFUSED),
    ("SET a = :v SET b = :v", "x", {}, REFUSED),
    ("SET pk = :v", "x", {}, REFUSED),
    ("SET ttl = :v", "a reserved word", {}, REFUSED),
    ("SET a = b", "a value that is not used", {"b": 1}, REFUSED),
    ("SET person = :v", "", {}, REFUSED),
    ("SET a = :v", "x" * LARGEST, {}, REFUSED),
    (" ", None, {}, REFUSED),
]
KEPT = [
    {"N": "1"},
    {"N": "123456789012345678901234567890.12345678"},
    {"S": ""},
    {"S": "x" * (LARGEST - len("pk" + "k" + "a"))},
    {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"x": {"B": b"\0"}}}]},
]
ITEMS_REFUSED = [
    {"pk": {"S": ""}},
    {"pk": {"S": "x" * 2049}},
    {"pk": {"N": "1"}},
    {"person": {"N": "1"}},
    {"person": {"S": ""}},
    {"a": {"S": "x" * (LARGEST - len("pk" + "k" + "a") + 1)}},
    {"a": {"SS": []}},
    {"a": {"NS": []}},
    {"a": {"SS": ["x", "x"]}},
    {"a": {"NS": ["1", "1.0"]}},
    {"a": {"N": "x"}},
    {"a": {"N": "1" * 39}},
    {"a": {"N": "1E126"}},
    {"a": {"N": "1E-131"}},
    {"a": {"M": {"x": {"SS": []}}}},
]
NUMBERS = {"1.0": "1", "1E2": "100", "007": "7", "-0": "0", "0.10": "0.1", "1e-5": "0.00001"}


@pytest.fixture
def table(settings):
    """One that has an index."""
    return settings.grants_table


def test_an_update_leaves_what_dynamodb_leaves_or_is_refused(dynamodb, table):
    def after(expression, value, before):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "k"}} | {name: typed(v) for name, v in before.items()})
        parameters = {
            "TableName": table,
            "Key": {"pk": {"S": "k"}},
            "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW",
        }
        if value is not None:
            parameters["ExpressionAttributeValues"] = {":v": typed(value)}
        try:
            left = dynamodb.update_item(**parameters)["Attributes"]
        except ClientError as problem:
            return problem.response["Error"]["Code"]
        return {name: plain(value) for name, value in left.items() if name != "pk"}

    outcomes = [(*update, after(*update[:3])) for update in UPDATES]
    assert [outcome for outcome in outcomes if outcome[3] != outcome[4]] == []


def test_an_update_of_what_is_not_there_makes_it(dynamodb, table):
    key = {"pk": {"S": "fresh"}}
    for values in ("ALL_OLD", "NONE"):
        dynamodb.delete_item(TableName=table, Key=key)
        assert "Attributes" not in dynamodb.update_item(TableName=table, Key=key, ReturnValues=values)
        assert dynamodb.get_item(TableName=table, Key=key)["Item"] == key


def test_an_item_is_kept_as_it_is_or_refused(dynamodb, table):
    for value in KEPT:
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "k"}, "a": value})
        assert dynamodb.get_item(TableName=table, Key={"pk": {"S": "k"}})["Item"]["a"] == value
    for item in [{"a": {"S": "x"}}, *({"pk": {"S": "k"}, **wrong} for wrong in ITEMS_REFUSED)]:
        with pytest.raises(ClientError, match=REFUSED):
            dynamodb.put_item(TableName=table, Item=item)


def test_a_number_comes_back_in_one_form(dynamodb, table):
    item = {str(n): {"N": number} for n, number in enumerate(NUMBERS)}
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "k"}, **item})
    found = dynamodb.get_item(TableName=table, Key={"pk": {"S": "k"}})["Item"]
    assert [found[name]["N"] for name in item] == list(NUMBERS.values())
