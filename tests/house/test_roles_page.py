"""The reference page says of each function what its role could do if it were stolen: of each row, and of nothing else."""

from dataclasses import replace

import pytest

from docs import roles
from docs.stolen_roles import POWERS, could, could_not
from ducat_cdk.function_rows import Function
from ducat_cdk.functions import FUNCTIONS

BY_NAME = {row.name: row for row in FUNCTIONS}


def alone():
    """Each row of a function, as if the function had no other."""
    for row in FUNCTIONS:
        yield from ((f"{row.name}: {one.why}", Function("x", tables=(one,))) for one in row.tables)
        yield from ((f"{row.name}: {one.why}", Function("x", keys=(one,))) for one in row.keys)
        yield from ((f"{row.name}: {one.why}", Function("x", made_keys=(one,))) for one in row.made_keys)
        yield from ((f"{row.name}: {one.why}", Function("x", files=(one,))) for one in row.files)
        if row.domain:
            yield f"{row.name}: {row.domain}", Function("x", domain=row.domain)


def test_something_is_said_of_each_row():
    assert [name for name, function in alone() if not could(function)] == []


def test_each_power_is_some_functions_and_none_is_everyones():
    for power in POWERS:
        held = [row.name for row in FUNCTIONS if power.held(row)]
        assert held, power.words
        assert len(held) < len(FUNCTIONS), power.words


def test_what_is_grave_is_said_of_who_could_and_of_who_could_not():
    for row in FUNCTIONS:
        grave = [power.words for power in POWERS if power.grave]
        assert sorted(grave) == sorted([*(words for words in could(row) if words in grave), *could_not(row)])


def test_it_follows_the_rows():
    hash_read = "read any user's password hash and passkeys"
    authorize = BY_NAME["authorize"]
    assert hash_read in could_not(authorize)
    wide = tuple(replace(table, attributes=()) for table in authorize.tables)
    assert {hash_read, "give any request a code"} <= set(could(replace(authorize, tables=wide)))
    everyone = tuple(replace(table, not_keys=()) for table in BY_NAME["token"].tables)
    assert "set the counter of any passkey" not in could(replace(BY_NAME["token"], tables=everyone))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("token", "sign ID tokens for anyone, by the keys that the job makes"),
        ("consent", "sign ID tokens for anyone, by the keys that the job makes"),
        ("token", "give any grant an access token and a refresh token"),
        ("consent", "give any request a code"),
        ("passkey", "add a passkey to any user, and take any away"),
        ("login", "read any user's password hash and passkeys"),
        ("publish_keys", "publish keys of their own, by which clients then verify"),
        ("sweep", "read all grants and bonds, and delete them"),
        ("fetch_crls", "have any certificate count as revoked, or a revoked one as good"),
    ],
)
def test_the_page_hides_nothing_that_is_grave(function, words):
    section = roles.page().partition(f"\n## {function}\n")[2].partition("\n## ")[0]
    assert f"- {words}\n" in section.partition("They could not")[0]


def test_a_function_without_rows_writes_log_lines():
    section = roles.page().partition("\n## openid_configuration\n")[2].partition("\n## ")[0]
    assert "nothing else" in section
