"""How the secrets of one-time codes are kept: by a data key that is unwrapped once an hour, or by KMS at each sign-in."""

import os
from base64 import b64decode, b64encode

import pytest

from chalicelib.assembly import Aws
from chalicelib.one_time_code_secrets import CACHE_SECONDS, CannotUnseal
from chalicelib.storage.data_keys import DataKey
from chalicelib.storage.dynamodb.attributes import Write

NOW = 1_800_000_000
SECRET = b"a secret of twenty b"


@pytest.fixture
def opened(begin_again, bank):
    """The calls to KMS and to DynamoDB that were made, by name, with what KMS was told that they are for."""
    calls = []

    def watched(call, work):
        calls.append((call.operation, call.body.get("EncryptionContext")))
        return work()

    with begin_again.failing(watched):
        yield calls


def cold(bank, **changes):
    """What a fresh process has, over the bank's tables."""
    return Aws(bank.aws.settings._replace(**changes)).one_time_code_secrets


def seal(secrets, username="alice"):
    return secrets.seal(SECRET, username, random_bytes=os.urandom, now=NOW)


def test_a_warm_function_asks_kms_once_an_hour(bank, opened):
    sealed = [seal(cold(bank), name) for name in ("alice", "bob")]
    secrets = cold(bank)
    for now, required in ((NOW, True), (NOW + CACHE_SECONDS - 1, False), (NOW + CACHE_SECONDS, True), (NOW - 1, True)):
        opened.clear()
        for username, one in zip(("alice", "bob"), sealed, strict=True):
            assert secrets.unseal(one, username, now=now) == SECRET
        assert [operation for operation, _ in opened] == (["GetItem", "Decrypt"] if required else [])


def test_where_the_setting_says_so_kms_opens_each_and_gets_its_owner(bank, opened):
    secrets = cold(bank, data_keys="no")
    sealed = seal(secrets)
    opened.clear()
    for _ in range(2):
        assert secrets.unseal(sealed, "alice", now=NOW) == SECRET
    assert opened == [("Decrypt", {"user": "alice"})] * 2


def test_either_setting_opens_what_the_other_sealed(bank, opened):
    by_data_key, by_kms = cold(bank), cold(bank, data_keys="no")
    assert by_kms.unseal(seal(by_data_key), "alice", now=NOW) == SECRET
    assert by_data_key.unseal(seal(by_kms), "alice", now=NOW) == SECRET
    opened.clear()
    sealed = seal(by_data_key)
    for _ in range(2):
        by_kms.unseal(sealed, "alice", now=NOW)
    assert [operation for operation, _ in opened].count("Decrypt") == 2, "no data key is kept"


def test_another_persons_secret_can_not_stand_in_for_ones_own(bank):
    for data_keys in ("yes", "no"):
        secrets = cold(bank, data_keys=data_keys)
        with pytest.raises(CannotUnseal):
            secrets.unseal(seal(secrets, "mallory"), "alice", now=NOW)


def test_what_was_changed_is_not_opened(bank):
    secrets = cold(bank)
    name, text = seal(secrets).split(":")
    data = bytearray(b64decode(text))
    for at in (0, 12, len(data) - 1):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(CannotUnseal):
            secrets.unseal(f"{name}:{b64encode(changed).decode()}", "alice", now=NOW)


def test_a_data_key_that_is_not_there_opens_nothing(bank):
    sealed = seal(cold(bank)).split(":")[1]
    with pytest.raises(CannotUnseal, match="not there"):
        cold(bank).unseal(f"another:{sealed}", "alice", now=NOW)


@pytest.mark.parametrize("wrapped", [{"N": "5"}, {"S": "not base64"}, {"S": "AAAA"}, None])
def test_a_malformed_data_key_opens_nothing_and_is_no_failure(bank, wrapped):
    """A failure would say that the password was right."""
    sealed = seal(cold(bank))
    item = {"pk": {"S": f"data key {sealed.split(':')[0]}"}, **({"wrapped": wrapped} if wrapped else {})}
    bank.aws.dynamo._tables._connection.dispatch("PutItem", {"TableName": bank.settings.users_table, "Item": item})
    with pytest.raises(CannotUnseal, match="its data key"):
        cold(bank).unseal(sealed, "alice", now=NOW)


def test_a_data_key_put_in_the_place_of_another_is_refused_by_kms(bank):
    data_keys = bank.aws.dynamo.data_keys
    secrets = cold(bank)
    sealed = seal(secrets)
    of_another = secrets.renew()
    data_keys.put(DataKey(sealed.split(":")[0], of_another.wrapped))
    with pytest.raises(Exception, match="InvalidCiphertext"):
        cold(bank).unseal(sealed, "alice", now=NOW)


def test_a_new_data_key_seals_what_is_new_and_the_old_one_opens_what_it_sealed(bank):
    secrets = cold(bank)
    before = seal(secrets)
    renewed = secrets.renew()
    after = seal(secrets)
    assert after.split(":")[0] == renewed.data_key_id != before.split(":")[0]
    assert [cold(bank).unseal(one, "alice", now=NOW) for one in (before, after)] == [SECRET, SECRET]


def test_no_nonce_is_used_twice(bank):
    secrets = cold(bank)
    assert len({seal(secrets) for _ in range(20)}) == 20


def test_a_sign_in_goes_on_while_kms_is_away_once_the_data_key_is_there(begin_again, bank):
    secrets = cold(bank)
    sealed = seal(secrets)
    with begin_again.failing(lambda call, work: pytest.fail(call.operation)):
        assert secrets.unseal(sealed, "alice", now=NOW + 1) == SECRET


def test_a_function_that_may_make_no_data_key_has_kms_seal_where_there_is_none(bank, opened):
    """It uses one that is there."""
    bank.aws.dynamo._tables.write(Write("Delete", bank.settings.users_table, "data key"))
    opened.clear()
    secrets = cold(bank)
    sealed = secrets.seal(SECRET, "alice", random_bytes=os.urandom, now=NOW, may_make_data_key=False)
    assert [operation for operation, _ in opened] == ["GetItem", "Encrypt"]
    assert cold(bank).unseal(sealed, "alice", now=NOW) == SECRET
    seal(cold(bank))
    opened.clear()
    again = cold(bank).seal(SECRET, "alice", random_bytes=os.urandom, now=NOW, may_make_data_key=False)
    assert "Encrypt" not in [operation for operation, _ in opened]
    assert cold(bank).unseal(again, "alice", now=NOW) == SECRET
