"""JWK thumbprints, against the examples that specifications print."""

import pytest

from chalicelib.keys.thumbprint import thumbprint

RFC7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu"
    "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awa"
    "pJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
RFC8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC9449 = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}


@pytest.mark.clause("RFC7638-3.1")
@pytest.mark.parametrize(
    ("jwk", "expected"),
    [
        (RFC7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (RFC8037, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        (RFC9449, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ],
    ids=["RSA-of-RFC7638-3.1", "OKP-of-RFC8037-A.3", "EC-of-RFC9449-6.1"],
)
def test_3_1_the_published_thumbprints_are_ours(jwk, expected):
    """Only the required members, in lexicographic order, without whitespace, hashed."""
    assert thumbprint(jwk) == expected


@pytest.mark.clause("RFC7638-3.2")
def test_3_2_optional_members_and_order_change_nothing():
    """The members not required are not used."""
    turned = dict(reversed(RFC9449.items()))
    assert thumbprint({**turned, "use": "sig", "kid": "x", "d": "never"}) == thumbprint(RFC9449)


def test_a_key_that_lacks_a_member_has_none():
    with pytest.raises(KeyError):
        thumbprint({"kty": "EC", "crv": "P-256", "x": RFC9449["x"]})


def test_a_symmetric_key_has_none():
    with pytest.raises(KeyError):
        thumbprint({"kty": "oct", "k": "c2VjcmV0"})
