"""The RSA keys of the tests are as good to them as those that are looked for."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.rsa_keys_once import _keys


@pytest.mark.parametrize(("bits", "known"), [(2048, 66), (1024, 15)])
def test_each_key_is_another_of_the_wanted_size(bits, known):
    moduli = [key.public_key().public_numbers().n for key in _keys(bits)]
    assert len(set(moduli)) == len(moduli) == known
    assert {modulus.bit_length() for modulus in moduli} == {bits}


def test_what_one_signs_another_does_not_verify():
    first, second = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = first.sign(b"x", pss, hashes.SHA256())
    first.public_key().verify(signature, b"x", pss, hashes.SHA256())
    with pytest.raises(InvalidSignature):
        second.public_key().verify(signature, b"x", pss, hashes.SHA256())


def test_a_key_of_a_size_without_primes_is_made():
    assert rsa.generate_private_key(65537, 1032).key_size == 1032
