"""JSON Web Encryption (RFC 7516), as request objects and answers use it."""

import pytest

from tests.encryption import ENC, bank_key, sealed

TEXT = {"error": "invalid_request_object", "error_description": "the request object can't be used"}


@pytest.fixture
def send_request(fapi1_advanced_client):
    """A function: header members to the answer to a request object that is encrypted so."""
    inside = fapi1_advanced_client.request_object(response_type="code id_token")
    return lambda **header: fapi1_advanced_client.post(
        "/par", request=sealed(fapi1_advanced_client.bank, inside, **header)
    )


@pytest.mark.clause("RFC7516-5.2")
@pytest.mark.clause("RFC7516-7.1")
def test_5_2_what_is_encrypted_to_a_published_key_is_decrypted(bank, send_request):
    """The message decryption process is the reverse of the encryption process."""
    key = bank_key(bank)
    assert (key["kty"], key.get("alg"), key["use"]) == ("RSA", None, "enc")
    assert not key.keys() & {"d", "p", "q"}
    assert send_request().status == 201


@pytest.mark.clause("RFC7516-4.1.6")
def test_4_1_6_a_kid_says_which_key(send_request):
    """This parameter allows originators to explicitly signal a change of key to recipients; the only key needs none."""
    assert send_request(kid=None).status == 201
    assert send_request(kid="another").json() == TEXT


@pytest.mark.clause("RFC7516-4.1.3")
def test_4_1_3_compression_is_not_understood(send_request):
    """zip: Compression algorithms are used only where both sides support them; here nobody does."""
    assert send_request(zip="DEF").json() == TEXT


@pytest.mark.clause("RFC7516-4.1.2")
def test_4_1_2_the_content_is_encrypted_by_an_agreed_algorithm(send_request):
    """enc MUST be an AEAD algorithm; of those one is taken."""
    assert send_request(enc=ENC).status == 201
    for other in ("A128GCM", "A128CBC-HS256", "A256CBC-HS512"):
        assert send_request(enc=other).json() == TEXT
