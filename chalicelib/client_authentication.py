"""Client authentication (RFC 6749 2.3), by the method that the client registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from cryptography.x509 import Certificate

from chalicelib.clients import assertion, certificate
from chalicelib.errors import InvalidClient, InvalidRequest
from chalicelib.fetch.documents import FetchError
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES, Profile
from chalicelib.protocol_types import JsonObject, TokenEndpointAuthMethod
from chalicelib.provider import Provider
from chalicelib.storage.records import Client, SingleUse

if TYPE_CHECKING:
    from chalicelib.clients.sent_certificate import SentCertificate


class Note(Protocol):
    def __call__(self, **members: str | None) -> None:
        """Add members to the request's log line."""


@dataclass(frozen=True)
class AuthenticatedClient:
    """An authenticated client, or a public client (`client.public`). Only `authenticate` makes it.

    `single_use`: values of the request that may be used once (single_use.py).
    `certificate`: of its connection, whatever the method. single_use.py checks its status, if it authenticated the client or
    binds tokens.
    `by_certificate`: the certificate authenticated the client.
    `note`: adds members to the request's log line.
    """

    client: Client
    profile: Profile
    single_use: tuple[SingleUse, ...] = ()
    certificate: SentCertificate | None = None
    by_certificate: bool = False
    note: Note = lambda **members: None


@dataclass(frozen=True)
class _Attempt:
    request: Request
    form: Mapping[str, str]
    client: Client
    profile: Profile
    provider: Provider
    now: int
    assertion: UnverifiedJwt | None
    certificate: SentCertificate | None


def authenticate(request: Request, form: Mapping[str, str], provider: Provider, *, now: int) -> AuthenticatedClient:
    """The client that sent the request.

    Raises InvalidClient, or InvalidRequest for more than one method. Only the log gets the reason.
    """
    client_id, sent = _claimed(request, form)
    client = provider.clients.find(client_id, now=now)
    request.note(claimed_client_id=None if client is None else client_id)
    profile = PROFILES.get(client.profile) if client is not None else None
    if client is None or profile is None:
        raise InvalidClient("client authentication failed", detail="unknown client or profile")
    method = client.token_endpoint_auth_method
    if method not in profile.token_endpoint_auth_methods or method not in METHODS:
        raise InvalidClient("client authentication failed", detail=f"{method} is not allowed")
    certificate = _certificate_of(request, provider, now=now)
    caller = METHODS[method](_Attempt(request, form, client, profile, provider, now, sent, certificate))
    request.note(client_id=request.notes.pop("claimed_client_id"))
    return replace(caller, note=request.note, certificate=certificate)


def _certificate_of(request: Request, provider: Provider, *, now: int) -> SentCertificate | None:
    """The certificate of the connection. Raises InvalidClient if it can't be read."""
    if request.client_certificate is None:
        return None
    from chalicelib.clients.sent_certificate import CertificateRefused  # This imports cryptography's X.509.

    try:
        return provider.client_certificates.sent(request.client_certificate, now=now)
    except CertificateRefused as refused:
        raise InvalidClient("client authentication failed", detail=str(refused), event=refused.event) from None


def require_confidential(caller: AuthenticatedClient) -> AuthenticatedClient:
    """The caller, if it is not a public client. Raises InvalidClient."""
    if caller.client.public:
        raise InvalidClient("client authentication failed", detail="a public client can't authenticate")
    return caller


def _claimed(request: Request, form: Mapping[str, str]) -> tuple[str, UnverifiedJwt | None]:
    """The claimed client_id, and the assertion if there is one, before any verification."""
    if request.header_values("authorization"):
        scheme = ("WWW-Authenticate", 'Basic realm="ducat"')  # RFC6749-5.2: the scheme of the request.
        raise InvalidClient(
            "client authentication failed", detail="the Authorization header is not accepted", headers=(scheme,)
        )
    if "client_secret" in form:
        raise InvalidClient("client authentication failed", detail="client_secret is not accepted")
    client_id = form.get("client_id")
    sent = form.get("client_assertion")
    if (sent is None) != ("client_assertion_type" not in form):
        raise InvalidRequest("client_assertion and client_assertion_type must be sent together")
    if sent is not None:
        if form["client_assertion_type"] != assertion.ASSERTION_TYPE:
            raise InvalidClient("client authentication failed", detail="unknown client_assertion_type")
        parsed = assertion.parse(sent)
        subject = assertion.subject(parsed)
        if client_id is not None and client_id != subject:
            raise InvalidClient(
                "client authentication failed", detail="client_id is not the assertion's sub"
            )  # FAPI1-BASE-5.2.2-19
        return subject, parsed
    if client_id is None:
        raise InvalidClient("client authentication failed", detail="client_id and client_assertion are missing")
    return client_id, None


def _private_key_jwt(attempt: _Attempt) -> AuthenticatedClient:
    sent = _assertion(attempt)
    client = _with_keys(attempt, kid=sent.kid)
    return _asserted(attempt, assertion.signed(sent, client, attempt.profile))


def _client_secret_jwt(attempt: _Attempt) -> AuthenticatedClient:
    sent = _assertion(attempt)
    secret = attempt.provider.client_secrets.of(attempt.client, now=attempt.now)
    return _asserted(attempt, assertion.with_mac(sent, attempt.client, attempt.profile, secret=secret))


def _assertion(attempt: _Attempt) -> UnverifiedJwt:
    if attempt.assertion is None:
        raise InvalidClient("client authentication failed", detail="client_assertion is missing")
    return attempt.assertion


def _asserted(attempt: _Attempt, claims: JsonObject) -> AuthenticatedClient:
    """The client, if its assertion is for us and is valid now."""
    client, profile = attempt.client, attempt.profile
    ours = attempt.provider.settings.audiences(attempt.request.path)
    endpoints = frozenset(url for name in profile.assertion_audiences for url in ours[name])
    issuer = attempt.provider.settings.issuer
    jti = assertion.require_claims(claims, client, profile, issuer=issuer, endpoints=endpoints, now=attempt.now)
    return AuthenticatedClient(client, profile, single_use=(jti,))


def _none(attempt: _Attempt) -> AuthenticatedClient:
    """RFC6749-3.2.1: a public client only sends its client_id, which proves nothing. An assertion is refused."""
    if attempt.assertion is not None:
        raise InvalidClient("client authentication failed", detail="a public client sent an assertion")
    return AuthenticatedClient(attempt.client, attempt.profile)


def _tls_client_auth(attempt: _Attempt) -> AuthenticatedClient:
    shown = _certificate_alone(attempt)
    certificate.require_authority(shown, attempt.client, attempt.provider.settings.client_authorities)
    certificate.require_registered_name(shown, attempt.client)
    return AuthenticatedClient(attempt.client, attempt.profile, by_certificate=True)


def _self_signed_tls_client_auth(attempt: _Attempt) -> AuthenticatedClient:
    shown = _certificate_alone(attempt)
    client = _with_keys(attempt, x5c=certificate.x5c(shown))
    certificate.require_registered_certificate(shown, client, attempt.provider.settings.client_authorities)
    return AuthenticatedClient(attempt.client, attempt.profile, by_certificate=True)


def _with_keys(attempt: _Attempt, *, kid: str | None = None, x5c: str | None = None) -> Client:
    """The client with its registered or published keys."""
    try:
        return attempt.provider.published_keys.of(attempt.client, now=attempt.now, kid=kid, x5c=x5c)
    except FetchError as problem:
        raise InvalidClient("client authentication failed", detail=str(problem)) from None


def _certificate_alone(attempt: _Attempt) -> Certificate:
    if attempt.assertion is not None:
        raise InvalidRequest("only one client authentication method may be used in a request")  # RFC6749-2.3
    if attempt.certificate is None:
        raise InvalidClient("client authentication failed", detail="no client certificate")
    return certificate.require_usable(attempt.certificate.certificate, attempt.profile, now=attempt.now)


METHODS: Mapping[TokenEndpointAuthMethod, Callable[[_Attempt], AuthenticatedClient]] = {
    "private_key_jwt": _private_key_jwt,
    "client_secret_jwt": _client_secret_jwt,
    "tls_client_auth": _tls_client_auth,
    "self_signed_tls_client_auth": _self_signed_tls_client_auth,
    "none": _none,
}
