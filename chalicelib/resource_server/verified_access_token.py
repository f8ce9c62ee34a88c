"""The access token at a resource (RFC 6750 2.1, RFC 9449 7): parsing, lookup, and all checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib import holder_of_key
from chalicelib.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    OAuthError,
    UseDpopNonce,
)
from chalicelib.messages import Request
from chalicelib.provider import Provider
from chalicelib.resource_server.policy import ResourcePolicy
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import SingleUse
from chalicelib.storage.stores import AlreadyUsed
from chalicelib.tokens import sender_constraint
from chalicelib.tokens.sender_constraint import PresentedKeys, Proof

if TYPE_CHECKING:
    from chalicelib.clients.sent_certificate import PresentedCertificate, SentCertificate

A = TypeVar("A")
B = TypeVar("B")

MAX_LENGTH = 512
BEARER, DPOP = "Bearer", "DPoP"
SCHEMES = {scheme.lower(): scheme for scheme in (BEARER, DPOP)}  # RFC9110-11.1: schemes have no case


@dataclass(frozen=True)
class VerifiedAccessToken:
    """A verified access token. Only `verify_access_token` makes it.

    `grant`: None for a client's own token.
    `proof`: key of the proof's jti, if it was used up.
    """

    token: AccessToken
    grant: Grant | None
    proof: str | None = None

    @property
    def sub(self) -> str | None:
        """The sub of the user, if there is one."""
        return None if self.grant is None else self.grant.person.sub

    @property
    def principal(self) -> str:
        """The caller, in a form that keeps clients and users apart (RFC 9700 4.15)."""
        return f"client:{self.token.client_id}" if self.sub is None else f"person:{self.sub}"


def verify_access_token(
    request: Request,
    provider: Provider,
    policy: ResourcePolicy,
    *,
    now: int,
    proof_checked_by_authorizer: str | None = None,
) -> VerifiedAccessToken:
    """The request's access token, if it is in force, its sender holds its key, and it meets the policy.

    An unbound token is accepted only without write access. `proof_checked_by_authorizer`: key of a jti that the authorizer used
    up for this request. Raises InvalidToken, InvalidDpopProof, UseDpopNonce, InsufficientScope, InsufficientUserAuthentication
    or InvalidRequest, each with its WWW-Authenticate challenge (RFC 6750 3).
    """
    scheme = None
    try:
        scheme, value = _presented(request)
        proof = _proof(request, provider, policy, value, now=now) if scheme == DPOP else None
        sent = _certificate(request, provider, now=now) if scheme == BEARER else None
        token, grant = _found(
            value, proof, sent, provider, now=now, proof_checked_by_authorizer=proof_checked_by_authorizer
        )
        request.note(client_id=token.client_id, journey=None if grant is None else grant.journey)
        certificate = None if sent is None else _require_good(sent)
        if token.cnf:
            _require_possession(token, certificate, proof, provider, now=now)
        else:
            _require_harmless(token, policy, proof)
        _require_cover(token, policy)
        _require_audience(token, policy)
        _require_subject(grant, policy)
        _require_authentication(grant, policy, now=now)
    except OAuthError as refusal:
        raise challenged(refusal, policy, scheme) from None
    return VerifiedAccessToken(token, grant, proof.single_use.key if proof is not None else None)


def challenged(refusal: OAuthError, policy: ResourcePolicy, scheme: str | None) -> OAuthError:
    """The error with a challenge per scheme. Without a token the challenge has no error (RFC 6750 3.1)."""
    disclosed = {"error": refusal.error, "error_description": refusal.description}
    requested = {} if policy.scope is None else {"scope": policy.scope}
    if policy.metadata is not None:
        requested["resource_metadata"] = policy.metadata  # RFC9728-5.1
    if isinstance(refusal, InsufficientUserAuthentication):  # RFC9470-3
        disclosed |= {"acr_values": " ".join(policy.acr_values)} if policy.acr_values else {}
        disclosed |= {"max_age": str(policy.max_age)} if policy.max_age is not None else {}
    challenges = {BEARER: requested, DPOP: {"algs": " ".join(sender_constraint.PROOF_ALGS), **requested}}  # DPOP-7.1
    if not isinstance(refusal, NoToken):
        of = DPOP if isinstance(refusal, InvalidDpopProof | UseDpopNonce) else scheme or BEARER
        challenges = {of: disclosed | challenges[of]}
    written = ", ".join(_challenge(of, parameters) for of, parameters in challenges.items())
    status = 401 if isinstance(refusal, InvalidDpopProof | UseDpopNonce) else None
    return refusal.with_headers(("WWW-Authenticate", written), status=status)


class NoToken(InvalidToken):
    """The request has no access token. The response says how to send one, and has no error: RFC6750-3.1."""

    silent = True


def _challenge(scheme: str, parameters: Mapping[str, str]) -> str:
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def _presented(request: Request) -> tuple[str, str]:
    """Scheme and token of the Authorization header; never of the query (FAPI2-SP-FINAL-5.3.4-2, FAPI1-BASE-6.2.1-3)."""
    header = request.header("authorization")  # FAPI1-BASE-6.2.1-2
    if any(name == "access_token" for name, _ in request.query):  # RFC6750-2: nor in the query beside the header
        raise InvalidRequest("send the access token in the Authorization header, not in the query")
    if header is None:
        raise NoToken("an access token is needed")
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in SCHEMES:
        raise NoToken("an access token is needed", detail="unsupported authentication scheme")
    value = value.strip()
    if not 0 < len(value) <= MAX_LENGTH:
        raise InvalidToken("the access token is malformed")
    return SCHEMES[scheme.lower()], value


def _proof(request: Request, provider: Provider, policy: ResourcePolicy, access_token: str, *, now: int) -> Proof:
    from chalicelib.tokens import dpop  # This imports JOSE, which a resource without DPoP does not need.

    proof = dpop.proof(request, urls=policy.urls, nonces=provider.nonces, now=now, access_token=access_token)
    if proof is None:
        raise InvalidDpopProof("a DPoP proof is required")
    return proof


def _certificate(request: Request, provider: Provider, *, now: int) -> SentCertificate | None:
    """The certificate of the connection, which may bind the token. Raises InvalidToken if it can't be read."""
    if request.client_certificate is None:
        return None
    from chalicelib.clients.sent_certificate import CertificateRefused  # This imports cryptography's X.509.

    try:
        return provider.client_certificates.sent(request.client_certificate, now=now)
    except CertificateRefused as refused:
        raise InvalidToken("the client certificate can't be used", detail=str(refused)) from None


def _require_good(sent: SentCertificate) -> PresentedCertificate:
    """The certificate, if it is neither revoked nor denied. Raises InvalidToken."""
    from chalicelib.clients.sent_certificate import CertificateRefused

    try:
        return sent.require_good()
    except CertificateRefused as refused:
        raise InvalidToken(
            "the client certificate is revoked, or its status is unknown", detail=str(refused), event=refused.event
        ) from None


def _found(
    value: str,
    proof: Proof | None,
    sent: SentCertificate | None,
    provider: Provider,
    *,
    now: int,
    proof_checked_by_authorizer: str | None,
) -> tuple[AccessToken, Grant | None]:
    """The token with its grant. The proof's jti is used up, and the certificate's status read, at the same time."""
    single_use: SingleUse | None = (
        None if proof is None or proof.single_use.key == proof_checked_by_authorizer else proof.single_use
    )
    try:
        if single_use is not None:
            found, _ = provider.alongside(
                lambda: provider.tokens.find(value, now=now), lambda: provider.replay_cache.consume(single_use, now=now)
            )
        else:
            found = provider.tokens.find(value, now=now, along=None if sent is None else sent.reading)
    except AlreadyUsed as used:
        raise InvalidDpopProof(
            "the DPoP proof was used before", detail=str(used), event="replay"
        ) from None  # DPOP-11.1
    if found is None:
        raise InvalidToken("the access token is unknown, expired or revoked")  # FAPI1-BASE-6.2.1-4
    return found


def _require_audience(token: AccessToken, policy: ResourcePolicy) -> AccessToken:
    """The token, if it is for this resource (RFC8707-2). Raises InvalidToken."""
    if token.resources and policy.resource not in token.resources:
        raise InvalidToken("the access token is meant for another resource")
    return token


def _require_cover(token: AccessToken, policy: ResourcePolicy) -> AccessToken:
    """The token, if its scope and its authorization details meet the policy. Raises InsufficientScope."""
    types = {one["type"] for one in token.authorization_details}
    if policy.scope is not None and policy.scope not in token.scope:
        raise InsufficientScope("the access token lacks the required scope")  # FAPI1-BASE-6.2.1-5
    if policy.authorization_details_type is not None and policy.authorization_details_type not in types:
        raise InsufficientScope("the access token lacks authorization_details of the required type")
    return token


def _require_subject(grant: Grant | None, policy: ResourcePolicy) -> Grant | None:
    """The grant, if the policy accepts a user's token, or a client's own token. Raises InsufficientScope."""
    if grant is None and policy.subject == "person":
        raise InsufficientScope("this route needs a user's access token, not a client's own")
    if grant is not None and policy.subject == "client":
        raise InsufficientScope("this route needs a client's own access token, not a user's")
    return grant


def _require_authentication(grant: Grant | None, policy: ResourcePolicy, *, now: int) -> Grant | None:
    """The grant, if the user's sign-in is strong and recent enough. Raises InsufficientUserAuthentication."""
    if not policy.acr_values and policy.max_age is None:
        return grant
    if grant is None or (policy.acr_values and grant.person.acr not in policy.acr_values):
        raise InsufficientUserAuthentication("the user must sign in with one of the acr_values")
    if policy.max_age is not None and now - grant.person.auth_time > policy.max_age:
        raise InsufficientUserAuthentication("the user must have signed in within max_age")
    return grant


def _require_harmless(token: AccessToken, policy: ResourcePolicy, proof: Proof | None) -> AccessToken:
    """The unbound token, if neither it nor the resource has write access (W5). Raises InvalidToken."""
    requested = (policy.scope, policy.authorization_details_type)
    scope, detail_type = (() if name is None else (name,) for name in requested)
    types = (one["type"] for one in token.authorization_details)
    if holder_of_key.writes((*token.scope, *scope), (*types, *detail_type)):
        raise InvalidToken(
            "write access needs a sender-constrained access token", detail="an unbound token with write access"
        )
    if proof is not None:  # DPOP-7.1: it is a bearer token.
        raise InvalidToken("the access token is bound to another key or certificate")
    return token


def _require_possession(
    token: AccessToken, certificate: PresentedCertificate | None, proof: Proof | None, provider: Provider, *, now: int
) -> AccessToken:
    """The token, if its key is presented: a certificate with Bearer, a proof with DPoP (RFC 9449 7.2)."""
    if proof is None:
        sender_constraint.require(token.cnf, PresentedKeys(certificate=certificate))
        return token
    sender_constraint.require(token.cnf, PresentedKeys(proof=proof))
    if token.dpop_nonce_required and not proof.has_server_nonce:
        from chalicelib.tokens import dpop

        raise dpop.use_nonce(provider.nonces, now=now)
    return token
