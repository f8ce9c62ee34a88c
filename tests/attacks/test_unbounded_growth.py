"""A client with a long history: ending its access stays one write, and the person's list shows what is in force."""

from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from chalicelib.storage.token_values import digest, read
from tests.users.test_grants import Person, clients

MANY = 1200


@pytest.fixture
def long_ago(bank, fintech):
    """Alice let the client in 1,201 times, and the first alone is in force; gives that one's key."""
    kept = read(fintech.tokens()["access_token"]).grant
    tables, name = bank.aws.dynamo._tables._connection, bank.settings.grants_table
    item = tables.get_item(name, kept, consistent_read=True)["Item"]
    for n in range(MANY):
        given_at = int(item["given_at"]["N"]) + 1 + n
        ended = {
            **item,
            "pk": {"S": digest(str(n))},
            "given_at": {"N": str(given_at)},
            "revoked_at": {"N": str(bank.now)},
        }
        del ended["listed_until"]
        tables.dispatch("PutItem", {"TableName": name, "Item": ended})
    return kept


def counted(what):
    made = []
    really = BaseClient._make_api_call

    def call(client, operation, arguments):
        made.append(operation)
        return really(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", call):
        answer = what()
    return answer, made


@pytest.mark.fault("3g")
def test_the_list_shows_what_is_in_force_behind_many_that_are_over(bank, long_ago):
    """A page took 25 keys before it left out those that had ended, so that it could be empty."""
    alice = Person(bank)
    page, made = counted(alice.arrive)
    assert clients(page) == ["fintech"]
    assert made.count("Query") <= MANY // 100 + 1
    (grant,), more = bank.aws.grants.of_person("c4d0a1ce-0001-4000-8000-000000000001", now=bank.now)
    assert (grant.key, more) == (long_ago, None)


@pytest.mark.fault("3g")
def test_ending_its_access_is_one_write_whatever_the_history(bank, fintech, long_ago):
    """It was an update for each consent that had ever been given."""
    alice = Person(bank)
    page = alice.arrive()
    answer, made = counted(lambda: alice.end(page, "fintech"))
    assert answer.status == 303
    assert made == ["BatchGetItem", "PutItem"]
    assert clients(alice.arrive()) == []
