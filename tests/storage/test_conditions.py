"""What tests/aws_in_process makes of DynamoDB's conditions is what AWS's own DynamoDB Local makes of them."""

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

pytestmark = pytest.mark.parametrize("settings", ["standin", "dynamodb-local"], indirect=True, scope="module")

typed = TypeSerializer().serialize

ITEM = {
    "pk": "k",
    "s": "text",
    "n": 5,
    "b": True,
    "nu": None,
    "bi": b"\1\2",
    "ss": {"x", "y"},
    "ns": {1, 2},
    "l": ["a", 1, {"q": 3}],
    "m": {"i": {"j": "deep"}, "z": 1},
}

TRUE, FALSE, REFUSED = "holds", "ConditionalCheckFailedException", "ValidationException"
CONDITIONS = {
    # What each says of the item, and the values :v and :w.
    TRUE: [
        ("s = :v", "text"),
        (":v = s", "text"),
        ("s=:v", "text"),
        ("s <> :v", "other"),
        ("n <> :v", "text"),
        ("absent <> :v", "text"),
        ("absent <> gone",),
        ("s <= :v", "text"),
        ("s >= :v", "text"),
        ("s < :v", "texu"),
        ("s < :v", "\uffff"),
        ("n < :v", 10),
        ("bi <= :v", b"\1\2"),
        ("n = :v", 5),
        ("b = :v", True),
        ("nu = :v", None),
        ("bi = :v", b"\1\2"),
        ("ss = :v", {"y", "x"}),
        ("l = :v", ["a", 1, {"q": 3}]),
        ("m.z = :v", 1),
        ("l[2].q = :v", 3),
        ("n BETWEEN :v AND :w", 1, 5),
        ("n BETWEEN :v AND :w AND s <> :v", 1, 5),
        ("n IN (:v, :w)", 1, 5),
        ("n IN (:v, :w)", 5, "x"),
        ("attribute_exists (m.i.j)",),
        ("attribute_exists(l[2].q)",),
        ("attribute_not_exists(m.i.k)",),
        ("attribute_not_exists(l[3])",),
        ("attribute_type(s, :v)", "S"),
        ("attribute_type(nu, :v)", "NULL"),
        ("begins_with(s, :v)", "te"),
        ("begins_with(bi, :v)", b"\1"),
        ("contains(s, :v)", "ex"),
        ("contains(ss, :v)", "x"),
        ("contains(ns, :v)", 1),
        ("contains(l, :v)", {"q": 3}),
        ("contains(bi, :v)", b"\2"),
        ("size(s) = :v", 4),
        ("size(ss) = :v", 2),
        ("size(l) = :v", 3),
        ("size(m) = :v", 2),
        ("size(bi) = :v", 2),
        ("size(absent) <> :v", 0),
        ("size(n) <> :v", 1),
        ("size(s) > size(ss)",),
        ("size(s) BETWEEN :v AND :w", 1, 5),
        ("NOT absent = :v", "x"),
        ("NOT NOT s = :v", "text"),
        ("s = :v and(n <> :v)", "text"),
        ("s = :v OR s = :v AND n = :v", "text"),
        ("NOT n = :v AND s = :v", "text"),
        ("NOT s = :v OR s = :v", "text"),
    ],
    FALSE: [
        ("s = :v", "other"),
        ("n = :v", "5"),
        ("absent = :v", "text"),
        ("absent = gone",),
        ("absent < :v", "text"),
        (":v >= absent", "text"),
        ("n < :v", "text"),
        ("ss < :v", "text"),
        ("ss < s",),
        ("s BETWEEN :v AND :w", 4, 6),
        ("s BETWEEN n AND ss",),
        ("n IN (:v, s)", 1),
        ("absent IN (:v)", 1),
        ("attribute_exists(s.x)",),
        ("attribute_exists(l[3])",),
        ("attribute_exists(absent)",),
        ("attribute_not_exists(s)",),
        ("attribute_type(s, :v)", "N"),
        ("attribute_type(absent, :v)", "S"),
        ("begins_with(s, :v)", "xt"),
        ("begins_with(n, :v)", "5"),
        ("begins_with(s, ss)",),
        ("begins_with(absent, :v)", "a"),
        ("contains(s, :v)", 1),
        ("contains(n, :v)", 5),
        ("contains(m, :v)", "i"),
        ("contains(ss, :v)", {"x"}),
        ("contains(absent, :v)", "x"),
        ("size(b) = :v", 1),
        ("size(absent) = :v", 0),
        ("size(ss) < :v", "x"),
        ("NOT s = :v", "text"),
        ("not (s = :v)", "text"),
        ("(s = :v OR s = :v) AND n = :v", "text"),
    ],
    REFUSED: [
        ("s < :v", True),
        ("s >= :v", {"x"}),
        ("n = :w AND s < :v", True, 6),
        ("s BETWEEN :v AND :w", 6, 5),
        ("s BETWEEN :v AND :w", 6, "x"),
        ("s BETWEEN n AND s",),
        ("s = s",),
        ("n IN (:v, n)", 1),
        ("begins_with(s, :v)", 1),
        ("begins_with(s, s)",),
        ("attribute_type(s, :v)", "Q"),
        ("attribute_type(s, :v)", 1),
        ("((s = :v))", "text"),
        ("name = :v", "a reserved word"),
        ("#x = :v", "a name that is not defined"),
        ("s = :v AND n = :w", "a value that is not defined"),
        ("s = :v", "text", "a value that is not used"),
        (" ",),
    ],
}


@pytest.fixture
def said(settings, dynamodb):
    """A function: a condition and its values to what DynamoDB says of it over ITEM."""
    item = {name: typed(value) for name, value in ITEM.items()}
    dynamodb.put_item(TableName=settings.users_table, Item=item)

    def answer(expression, *values):
        bound = {name: typed(value) for name, value in zip((":v", ":w"), values, strict=False)}
        more = {"ExpressionAttributeValues": bound} if bound else {}
        try:
            dynamodb.put_item(TableName=settings.users_table, Item=item, ConditionExpression=expression, **more)
        except ClientError as problem:
            return problem.response["Error"]["Code"]
        return TRUE

    return answer


@pytest.mark.parametrize("outcome", CONDITIONS)
def test_a_condition_holds_fails_or_is_refused_as_dynamodb_has_it(said, outcome):
    answers = [(*condition, said(*condition)) for condition in CONDITIONS[outcome]]
    assert [answer for answer in answers if answer[-1] != outcome] == []
