"""Password hashes."""

import pytest
from argon2 import extract_parameters

from chalicelib.users.password import ARGON2, DUMMY_HASH, hashed, matches

SALT = b"sixteen bytes !!"


def test_a_hash_matches_its_password_alone():
    stored = hashed("correct horse battery staple", salt=SALT)
    assert matches("correct horse battery staple", stored)
    assert not matches("correct horse battery stapler", stored)


def test_no_character_is_cut_off():
    stored = hashed("x" * 255 + "y", salt=SALT)
    assert not matches("x" * 256, stored)


def test_a_password_is_the_same_however_its_characters_are_composed():
    """NIST SP 800-63B-4 3.1.1.2: normalise before hashing."""
    assert matches("cafe\u0301 au lait, deux", hashed("caf\u00e9 au lait, deux", salt=SALT))


def test_checking_against_nobodys_hash_costs_what_checking_a_persons_does():
    assert extract_parameters(DUMMY_HASH) == extract_parameters(hashed("x", salt=SALT)) == ARGON2


@pytest.mark.parametrize("password", ["", "\0" * 32, "password"])
def test_nobodys_hash_matches_nothing(password):
    assert not matches(password, DUMMY_HASH)


def test_the_parameters_are_no_weaker_than_owasp_advises():
    assert (ARGON2.memory_cost, ARGON2.time_cost, ARGON2.parallelism) == (47104, 1, 1)


def test_salt_and_tag_are_as_long_as_rfc_9106_advises():
    assert (ARGON2.salt_len, ARGON2.hash_len) == (16, 32)
