"""Registration of a client by the operator: the metadata are checked and stored, and a secret is made and shown once."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

from cryptography import x509

from chalicelib.clients import client_secret, distinguished_name, metadata
from chalicelib.clients.certificate import is_of_listed_authority
from chalicelib.clients.jwk_set import certificates
from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims
from chalicelib.provider import Provider
from chalicelib.storage.records import Client

RandomBytes = Callable[[int], bytes]
"""Gives a number of random bytes."""


def register(
    given: Claims,
    provider: Provider,
    random_bytes: RandomBytes,
    *,
    new: bool = False,
    new_secret: bool = False,
) -> tuple[Client, str | None]:
    """Add a client, or replace the client of this client_id unless `new`. Gives it, and its secret if one was made.

    The secret can't be read again. The operator gives it to the client. A client keeps an existing secret, unless `new_secret`.
    Raises InvalidClientMetadata or InvalidRedirectUri, and NotOpen if it is there already and is not replaced.
    """
    client = checked(given, provider)
    now = provider.now()
    before = None if new else provider.clients.find(client.client_id, now=now)
    client = replace(client, registered_at=now if before is None else before.registered_at)
    sealed = None if before is None or new_secret else before.client_secret
    client, secret = with_secret(client, sealed, provider, random_bytes)
    provider.clients.put(client, new=before is None)
    return client, secret


def checked(given: Claims, provider: Provider) -> Client:
    """The client of the metadata, as this deployment may register it. Nothing is stored.

    Raises InvalidClientMetadata or InvalidRedirectUri.
    """
    client = metadata.registered(given, signs=provider.settings.signs_with, documents=provider.documents)
    for fault in _authorities(client, provider.settings.client_authorities):
        raise fault.error
    return client


def inspected(given: Claims, provider: Provider) -> metadata.Inspected:
    """Everything for which this deployment would not register the metadata. Nothing is stored or logged."""
    settings = provider.settings
    found = metadata.inspected(given, signs=settings.signs_with, documents=provider.documents)
    if found.client is None:
        return found
    refused = tuple(_authorities(found.client, settings.client_authorities))
    return metadata.Inspected(refused, None) if refused else found


def with_secret(
    client: Client, sealed: str | None, provider: Provider, random_bytes: RandomBytes
) -> tuple[Client, str | None]:
    """The client with a secret, if its method has one: the sealed one that it has, or a new one, which is given too."""
    if client.token_endpoint_auth_method != "client_secret_jwt":
        return replace(client, client_secret=None), None
    secret = None
    if sealed is None:
        secret = client_secret.made(random_bytes)
        sealed = provider.kms.seal(secret.encode(), client_secret.sealed_for(client.client_id))
    return replace(client, client_secret=sealed), secret


def _authorities(client: Client, authorities: str) -> Faults:
    """An authority may name clients of its method, and it is none of them itself."""
    if client.token_endpoint_auth_method == "tls_client_auth":
        yield from _named_by_one(client, authorities)
    if client.token_endpoint_auth_method == "self_signed_tls_client_auth":
        yield from _is_none(client, authorities)


def _named_by_one(client: Client, authorities: str) -> Faults:
    try:
        listed = distinguished_name.read_all(authorities)
    except distinguished_name.DistinguishedNameError:
        listed = frozenset()
    pinned = client.tls_client_auth_issuer_dn
    if not listed:
        yield Fault(InvalidClientMetadata("tls_client_auth: this deployment's client_authorities lists no authority"))
    elif pinned is not None and distinguished_name.read(pinned) not in listed:
        yield Fault(InvalidClientMetadata("tls_client_auth_issuer_dn: not one of this deployment's client_authorities"))


def _is_none(client: Client, authorities: str) -> Faults:
    """RFC8705-7.4: such a certificate is in the truststore, and could name another client by `tls_client_auth`."""
    shown = [
        x509.load_der_x509_certificate(b64decode(x5c[0]))
        for key in client.jwk_set["keys"]
        if (x5c := certificates(key))
    ]
    if any(is_of_listed_authority(one, authorities) for one in shown):
        yield Fault(
            InvalidClientMetadata(
                "jwks: an x5c certificate has the subject or issuer of one of this deployment's client_authorities"
            ),
            "RFC8705-7.4",
        )
