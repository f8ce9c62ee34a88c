"""What a token is tied to (`cnf`, RFC 7800): the SHA-256 of a client certificate (RFC 8705 3.1)."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert

from chalicelib.errors import InvalidGrant, InvalidRequest, InvalidToken

CERTIFICATE = "x5t#S256"


def of_certificate(pem: str | None) -> dict[str, str]:
    """The `cnf` for whoever shows this certificate. Raises InvalidRequest where there is none."""
    shown = _thumbprint(pem)
    if shown is None:
        raise InvalidRequest("a client certificate is needed: the token is bound to it")  # FAPI2-SP-FINAL-5.3.2.1-4
    return {CERTIFICATE: shown}


def require(cnf: Mapping[str, str], pem: str | None) -> Mapping[str, str]:
    """The `cnf`, if the certificate is the one that it names (RFC 8705 3). Raises InvalidToken; so does an empty cnf."""
    shown = _thumbprint(pem)
    if shown is None or not hmac.compare_digest(cnf.get(CERTIFICATE, ""), shown):
        raise InvalidToken("the access token is bound to another certificate")
    return cnf


def renew(cnf: Mapping[str, str] | None, pem: str | None, *, certified: bool) -> dict[str, str]:
    """The `cnf` of what a refresh token gives. Raises InvalidRequest without a certificate, InvalidGrant with another's.

    A certificate that itself proved who the client is (`certified`) may be newer than the grant: certificates are
    renewed while consents last (RFC 8705 7.1).
    """
    shown = of_certificate(pem)
    if not certified and (cnf or {}).get(CERTIFICATE) != shown[CERTIFICATE]:
        raise InvalidGrant("the refresh token can't be used", detail="another certificate")
    return shown


def _thumbprint(pem: str | None) -> str | None:
    if pem is None:
        return None
    try:
        der = PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        return None
    return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()
