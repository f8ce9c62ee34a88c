"""stores.SigningKeys, where a job changes them: each write as it was read, and one key for each slot."""

import json
from dataclasses import replace

import pytest

from chalicelib.storage.dynamodb.signing_keys import CLAIM_SECONDS, NEVER
from chalicelib.storage.signing_keys import SigningKey, SigningKeyChanged
from tests.storage.sample_records import NOW, token_value


def signing_key(**changes):
    kid = token_value()
    key = SigningKey(kid, "PS256", "arn:key", {"kid": kid, "n": "AQAB"}, NOW, uses=("id_token",), published_from=NOW)
    return replace(key, **changes)


def there(aws, kid):
    aws.signing_keys.forget()
    return next((key for key in aws.signing_keys.all(now=NOW) if key.kid == kid), None)


@pytest.mark.parametrize("uses", [(), ("id_token",), ("authorization_response", "api_response")])
def test_a_key_is_read_as_it_was_written(aws, uses):
    key = signing_key(uses=uses)
    aws.signing_keys.add(key)
    assert there(aws, key.kid) == key


def test_a_release_that_knows_no_uses_never_signs_by_a_key_of_one_use(aws, dynamodb):
    """It reads the record alone, and chooses the newest: its role may lack that key."""
    key = signing_key()
    aws.signing_keys.put(key)
    where = {"ring": {"S": "ring"}, "kid": {"S": key.kid}}
    item = dynamodb.get_item(TableName=aws.settings.signing_keys_table, Key=where)["Item"]
    assert json.loads(item["record"]["S"])["signs_from"] == NEVER


def test_what_is_read_anew_has_what_others_published(aws, another):
    aws.signing_keys.put(signing_key())
    aws.signing_keys.all(now=NOW)
    key = signing_key()
    another.signing_keys.put(key)
    aws.signing_keys.forget()
    assert key in aws.signing_keys.all(now=NOW)


def test_a_key_that_is_there_is_not_added_again(aws):
    key = signing_key(published_until=NOW)
    aws.signing_keys.add(key)
    aws.signing_keys.add(replace(key, published_until=None))
    assert there(aws, key.kid) == key


def test_a_key_is_changed_as_it_was_read_and_by_one_of_two(aws, another):
    key = signing_key()
    withdrawn, retired = replace(key, published_until=NOW), replace(key, published_until=NOW + 900)
    aws.signing_keys.put(key)
    another.signing_keys.change(key, withdrawn)
    another.signing_keys.change(key, withdrawn)  # sent again
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.change(key, retired)
    assert there(aws, key.kid) == withdrawn
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.change(replace(key, kid="nobody"), retired)


def test_another_instant_of_the_first_signature_is_a_change_too(aws):
    key = signing_key()
    aws.signing_keys.put(key)
    aws.signing_keys.change(key, replace(key, signs_from=NOW + 1))
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.change(key, replace(key, signs_from=NOW + 2))
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.remove(key)
    assert there(aws, key.kid).signs_from == NOW + 1


def test_between_the_read_and_the_write_of_a_change_nobody_comes(aws, another, monkeypatch):
    key = signing_key()
    aws.signing_keys.put(key)
    unchanged = aws.signing_keys._unchanged

    def interrupted(seen):
        condition = unchanged(seen)
        another.signing_keys.put(replace(key, published_until=NOW))
        return condition

    monkeypatch.setattr(aws.signing_keys, "_unchanged", interrupted)
    for work in (
        lambda: aws.signing_keys.change(key, replace(key, signs_from=1)),
        lambda: aws.signing_keys.remove(key),
    ):
        with pytest.raises(SigningKeyChanged):
            work()
        assert there(aws, key.kid).published_until == NOW
        another.signing_keys.put(key)


def test_a_key_is_removed_as_it_was_read(aws):
    key = signing_key()
    aws.signing_keys.put(key)
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.remove(replace(key, published_until=NOW))
    aws.signing_keys.remove(key)
    aws.signing_keys.remove(key)  # sent again
    assert there(aws, key.kid) is None


def test_a_slot_is_claimed_by_one_and_shows_no_key(aws, another):
    slot = token_value()
    before = aws.signing_keys.all(now=NOW)
    assert aws.signing_keys.claim(slot, "one", now=NOW) == "one"
    assert aws.signing_keys.claim(slot, "one", now=NOW) == "one"  # sent again
    with pytest.raises(SigningKeyChanged):
        another.signing_keys.claim(slot, "two", now=NOW + CLAIM_SECONDS - 1)
    aws.signing_keys.forget()
    assert aws.signing_keys.all(now=NOW) == before


def test_who_takes_a_slot_over_learns_who_began(aws, another):
    slot, later = token_value(), NOW + CLAIM_SECONDS
    aws.signing_keys.claim(slot, "one", now=NOW)
    assert another.signing_keys.claim(slot, "two", now=later) == "one"
    with pytest.raises(SigningKeyChanged):
        aws.signing_keys.claim(slot, "three", now=later)
    aws.signing_keys.release(slot, "one")  # not its own any more
    assert another.signing_keys.claim(slot, "four", now=later + CLAIM_SECONDS) == "one"
    another.signing_keys.release(slot, "four")
    another.signing_keys.release(slot, "four")
    assert aws.signing_keys.claim(slot, "five", now=later) == "five"
