"""What `make run` holds is there again after a restart."""

import json
import stat

import pytest

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys, rotate_keys
from chalicelib.settings import Settings
from chalicelib.users import enrolment
from local import aws_stand_in
from local.kept_state import UnusableState

REGION = "eu-south-2"
"""No other test has a stand-in there."""
REST = {
    "DUCAT_ISSUER": "https://localhost:8843",
    "DUCAT_MTLS_URL": "https://localhost:8844",
    "DUCAT_BANK_NAME": "Sandbox Bank",
    "DUCAT_USER_DIRECTORY": "local.sandbox_users:build",
    "DUCAT_RESOURCE_URL": "https://localhost:8844",
    "DUCAT_RESOURCE_RULES": "{}",
    "DUCAT_OTP_LEVEL": "2",
    "DUCAT_CLIENT_AUTHORITIES": "[]",
}


def started(made):
    return Aws(Settings.read(made | REST))


@pytest.mark.usefixtures("light_passwords")
def test_users_keys_and_what_they_sealed_are_there_after_a_restart(tmp_path):
    file = tmp_path / "state.json"
    with aws_stand_in.served(REGION, kept=file) as first:
        bank = started(first)
        publish_keys.run(bank)
        rotate_keys.run(bank, {})
        enrolment.enrol(
            bank, "carol", sub="s-carol", password="correct horse battery", claims={}, random_bytes=lambda n: bytes(n)
        )
        before = (bank.users.find("carol"), bank.ring.jwks(now=bank.now()), bank.kms.bond_mac(b"bond"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with aws_stand_in.served(REGION, kept=file) as second:
        assert second == first
        bank = started(second)
        publish_keys.run(bank)
        assert (bank.users.find("carol"), bank.ring.jwks(now=bank.now()), bank.kms.bond_mac(b"bond")) == before
        assert bank.one_time_code_secrets.unseal(before[0].totp, "carol", now=bank.now()) == bytes(20)
        assert {made["made"] for made in [rotate_keys.run(bank, {})] if made["made"]} == set()


@pytest.mark.parametrize("text", ["{", "{}", json.dumps({"version": 0, "keys": [], "tables": {}})])
def test_a_file_that_can_not_be_used_is_said_with_what_to_do(tmp_path, text):
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(UnusableState, match="make clean"), aws_stand_in.served(REGION, kept=file):
        pass
    assert file.read_text() == text
