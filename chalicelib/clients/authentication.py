"""Client authentication (RFC 6749 2.3): who calls, proven in the one way that the client registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cryptography.x509 import Certificate

from chalicelib.clients import assertion, certificate
from chalicelib.errors import InvalidClient, InvalidDpopProof, InvalidRequest, OAuthError
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES, Profile
from chalicelib.storage.records import Client, Once
from chalicelib.storage.stores import AlreadyUsed, Clients, UsedOnce


@dataclass(frozen=True)
class AuthenticatedClient:
    """A client that proved who it is. Made in `authenticate` alone.

    `once`: the values that the request's write must be the first to use. `by_certificate`: the certificate was the proof.
    """

    client: Client
    profile: Profile
    once: tuple[Once, ...] = ()
    by_certificate: bool = False

    def using(self, more: Once) -> AuthenticatedClient:
        """The same client, whose request uses up one more value."""
        return replace(self, once=(*self.once, more))


@dataclass(frozen=True)
class _Attempt:
    request: Request
    form: Mapping[str, str]
    client: Client
    profile: Profile
    audiences: frozenset[str]
    now: int


def authenticate(
    request: Request, form: Mapping[str, str], clients: Clients, *, urls: Mapping[str, str], now: int
) -> AuthenticatedClient:
    """The client that sent the request.

    `urls`: our own, by the names of `Profile.assertion_audiences`. Raises InvalidClient, or InvalidRequest where more
    than one way was tried. The caller learns no reason; the log does.
    """
    client_id = _claimed(request, form)
    client = clients.find(client_id, now=now)
    profile = PROFILES.get(client.profile) if client is not None else None
    if client is None or profile is None:
        raise InvalidClient("client authentication failed", detail="unknown client or profile")
    method = client.token_endpoint_auth_method
    if method not in profile.token_endpoint_auth_methods or method not in METHODS:
        raise InvalidClient("client authentication failed", detail=f"{method} is not allowed")
    audiences = frozenset(url for name, url in urls.items() if name in profile.assertion_audiences)
    return METHODS[method](_Attempt(request, form, client, profile, audiences, now))


def use_up(caller: AuthenticatedClient, used_once: UsedOnce, *, now: int) -> None:
    """Use the assertion up where nothing else was written with it. Raises InvalidClient if it was used before."""
    try:
        used_once.claim(caller.once, now=now)
    except AlreadyUsed as used:
        raise replayed(used) from None


def replayed(used: AlreadyUsed) -> OAuthError:
    """What a second use of an assertion (RFC 7523 3) or of a DPoP proof (RFC 9449 11.1) gets."""
    if used.value.what == "DPoP proof":
        return InvalidDpopProof("the DPoP proof was used before", detail=str(used))
    return InvalidClient("client authentication failed", detail=str(used))


def _claimed(request: Request, form: Mapping[str, str]) -> str:
    """Who the request says it is from, consistently."""
    if request.header_values("authorization"):
        refused = InvalidClient("client authentication failed", detail="an Authorization header")
        refused.headers = (("WWW-Authenticate", 'Basic realm="ducat"'),)  # RFC6749-5.2: the scheme that was tried
        raise refused
    if "client_secret" in form:
        raise InvalidClient("client authentication failed", detail="a plain secret")
    client_id = form.get("client_id")
    sent = form.get("client_assertion")
    if (sent is None) != ("client_assertion_type" not in form):
        raise InvalidRequest("client_assertion and client_assertion_type belong together")
    if sent is not None:
        if form["client_assertion_type"] != assertion.ASSERTION_TYPE:
            raise InvalidClient("client authentication failed", detail="an unknown client_assertion_type")
        subject = assertion.subject(sent)
        if client_id is not None and client_id != subject:
            raise InvalidClient("client authentication failed", detail="client_id is not the assertion's sub")
        return subject
    if client_id is None:
        raise InvalidClient("client authentication failed", detail="no client_id and no assertion")
    return client_id


def _private_key_jwt(attempt: _Attempt) -> AuthenticatedClient:
    sent = attempt.form.get("client_assertion")
    if sent is None:
        raise InvalidClient("client authentication failed", detail="no assertion")
    jti = assertion.verify(sent, attempt.client, attempt.profile, audiences=attempt.audiences, now=attempt.now)
    return AuthenticatedClient(attempt.client, attempt.profile, once=(jti,))


def _tls_client_auth(attempt: _Attempt) -> AuthenticatedClient:
    shown = _certificate_alone(attempt)
    certificate.require_registered_name(shown, attempt.client)
    return AuthenticatedClient(attempt.client, attempt.profile, by_certificate=True)


def _self_signed_tls_client_auth(attempt: _Attempt) -> AuthenticatedClient:
    shown = _certificate_alone(attempt)
    certificate.require_registered_certificate(shown, attempt.client)
    return AuthenticatedClient(attempt.client, attempt.profile, by_certificate=True)


def _certificate_alone(attempt: _Attempt) -> Certificate:
    if "client_assertion" in attempt.form:
        raise InvalidRequest("only one way of client authentication may be used")  # RFC6749-2.3
    return certificate.presented(attempt.request.client_certificate, attempt.profile, now=attempt.now)


METHODS: Mapping[str, Callable[[_Attempt], AuthenticatedClient]] = {
    "private_key_jwt": _private_key_jwt,
    "tls_client_auth": _tls_client_auth,
    "self_signed_tls_client_auth": _self_signed_tls_client_auth,
}
