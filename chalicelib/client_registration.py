"""Registration of a client by the operator: the metadata are checked and stored, and a secret is made and shown once."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

from cryptography import x509

from chalicelib.clients import client_secret, distinguished_name
from chalicelib.clients.certificate import is_of_listed_authority
from chalicelib.clients.jwk_set import certificates
from chalicelib.clients.metadata import registered
from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims
from chalicelib.provider import Provider
from chalicelib.storage.records import Client


def register(
    metadata: Claims,
    provider: Provider,
    random_bytes: Callable[[int], bytes],
    *,
    new_secret: bool = False,
) -> tuple[Client, str | None]:
    """Add a client, or replace the client of this client_id. Gives it, and its secret if one was made.

    The secret can't be read again. The operator gives it to the client. A client keeps an existing secret, unless `new_secret`.
    `random_bytes`: gives a number of random bytes.
    Raises InvalidClientMetadata or InvalidRedirectUri.
    """
    signs = provider.settings.signs_with
    client = registered(metadata, signs=signs, documents=provider.documents)
    now = provider.now()
    before = provider.clients.find(client.client_id, now=now)
    client = replace(client, registered_at=now if before is None else before.registered_at)
    _require_authority(client, provider.settings.client_authorities)
    _require_no_authority(client, provider.settings.client_authorities)
    secret = None
    if client.token_endpoint_auth_method == "client_secret_jwt":
        sealed = None if before is None or new_secret else before.client_secret
        if sealed is None:
            secret = client_secret.made(random_bytes)
            sealed = provider.kms.seal(secret.encode(), client_secret.sealed_for(client.client_id))
        client = replace(client, client_secret=sealed)
    provider.clients.put(client)
    return client, secret


def _require_authority(client: Client, authorities: str) -> Client:
    """The client, if an authority may name clients of its method. Raises InvalidClientMetadata."""
    if client.token_endpoint_auth_method != "tls_client_auth":
        return client
    try:
        listed = distinguished_name.read_all(authorities)
    except distinguished_name.DistinguishedNameError:
        listed = frozenset()
    pinned = client.tls_client_auth_issuer_dn
    if not listed:
        raise InvalidClientMetadata("tls_client_auth: this deployment's client_authorities lists no authority")
    if pinned is not None and distinguished_name.read(pinned) not in listed:
        raise InvalidClientMetadata("tls_client_auth_issuer_dn: not one of this deployment's client_authorities")
    return client


def _require_no_authority(client: Client, authorities: str) -> Client:
    """The client, if none of its self-signed certificates has the subject or issuer of a listed authority.

    RFC8705-7.4: such a certificate is in the truststore, and could name another client by `tls_client_auth`. Raises
    InvalidClientMetadata.
    """
    if client.token_endpoint_auth_method != "self_signed_tls_client_auth" or client.jwks is None:
        return client
    shown = [
        x509.load_der_x509_certificate(b64decode(x5c[0])) for key in client.jwks["keys"] if (x5c := certificates(key))
    ]
    if any(is_of_listed_authority(one, authorities) for one in shown):
        raise InvalidClientMetadata(
            "jwks: an x5c certificate has the subject or issuer of one of this deployment's client_authorities"
        )
    return client
