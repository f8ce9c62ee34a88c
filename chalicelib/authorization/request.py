"""The authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), checked by the rules of the client's profile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from chalicelib import holder_of_key
from chalicelib.authorization import claims_request, code_challenge, prompt, resource, response_mode, scope
from chalicelib.authorization_details import details
from chalicelib.errors import InvalidRequest, InvalidScope
from chalicelib.keys.algorithm import is_one_of
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Detail, ResponseMode, SigningAlg
from chalicelib.storage.records import AuthorizationRequest, Client

MAX_LENGTH = 1000
"""Characters of nonce and similar parameters. A longer value is refused, never cut."""
MAX_STATE_LENGTH = 4096
"""Characters of state. Client libraries store more than a random value in it."""

SIGNED_WHOLE = ("EdDSA",)
"""Algorithms for which KMS signs the message itself, of at most 4,096 bytes. For others it signs a digest."""
MAX_SIGNED_WHOLE = 2000
"""Characters of a value as ASCII JSON, if it must fit into such a message."""

THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC7638-3.1, of SHA-256
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}")
"""BCP 47, simplified: a tag has only these characters and part lengths (RFC 5646 2.1)."""
MAX_LOCALES = 8

SECONDS = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True)
class RedirectTarget:
    """The target of an error response: the redirect_uri is verified, and the request may be invalid otherwise."""

    client_id: str
    redirect_uri: str
    state: str | None
    response_mode: ResponseMode
    response_alg: SigningAlg | None
    response_encrypted: bool


def redirect_target(parameters: Mapping[str, str], client: Client, profile: Profile) -> RedirectTarget:
    """The target for an error response. Raises InvalidRequest if there is no verified redirect_uri (RFC 6749 4.1.2.1)."""
    if parameters.get("client_id", client.client_id) != client.client_id:
        raise InvalidRequest("client_id is not that of the client that sent the request")
    mode = response_mode.of_a_refusal(parameters, client, profile)
    redirect_uri = require_redirect_uri(parameters.get("redirect_uri"), client)
    alg = _response_alg(mode, client)
    state = _kept(parameters, "state", signed=alg)
    return RedirectTarget(client.client_id, redirect_uri, state, mode, alg, _is_encrypted(alg, client))


def check(
    parameters: Mapping[str, str],
    client: Client,
    profile: Profile,
    *,
    now: int,
    pushed: bool,
    dpop_jkt: str | None = None,
    hinted_sub: str | None = None,
    resources: Callable[[], Collection[str]],
) -> AuthorizationRequest:
    """The request, if the client may send it. Unknown parameters are ignored (RFC 6749 3.1).

    A request with scope openid is an authentication request: FAPI1-BASE-5.2.2.1-1, FAPI1-BASE-5.2.2.1-2.

    `pushed`: the request came by PAR.
    `dpop_jkt`: thumbprint of the key of the request's DPoP proof.
    `hinted_sub`: the sub of a verified id_token_hint.
    `resources`: gives the identifiers of the protected resources; called only if the request names one.
    Raises InvalidTarget, InvalidRequest, UnsupportedResponseType, InvalidScope or InvalidAuthorizationDetails.
    """
    if parameters.get("client_id", client.client_id) != client.client_id:
        raise InvalidRequest("client_id is not that of the client that sent the request")
    redirect_uri = require_redirect_uri(parameters.get("redirect_uri"), client)
    response_type, mode = response_mode.requested(parameters, client, profile)
    response_alg = _response_alg(mode, client)
    requested = details.requested(parameters.get("authorization_details"), client.authorization_details_types, now=now)
    checked = _tied(
        AuthorizationRequest(
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            response_type=response_type,
            scope=_scope(parameters, client, requested),
            code_challenge=code_challenge.challenged(parameters, profile, pushed=pushed, public=client.public),
            state=_kept(parameters, "state", signed=response_alg),
            nonce=_kept(parameters, "nonce", signed=client.id_token_signed_response_alg),
            prompt=prompt.requested(parameters.get("prompt")),
            max_age=_max_age(parameters),
            acr_values=tuple((_kept(parameters, "acr_values") or "").split()),
            login_hint=_kept(parameters, "login_hint"),
            dpop_jkt=_dpop_jkt(parameters, dpop_jkt),
            response_mode=mode,
            response_alg=response_alg,
            response_encrypted=_is_encrypted(response_alg, client),
            claims=claims_request.requested(parameters.get("claims")),
            authorization_details=requested,
            hinted_sub=hinted_sub,
            ui_locales=_locales(parameters),
            resource=resource.requested(parameters, resources),
        ),
        profile,
    )
    return _require_bound_code(checked, client)


def require_answerable(request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
    """The request, if the client's record still allows it; the record may have changed since the push (PAR-7.4).

    Raises InvalidScope or InvalidAuthorizationDetails, which the client gets.
    """
    scope.require(request.scope, client.scope)
    details.require(request.authorization_details, client.authorization_details_types)
    return request


def require_redirect_uri(redirect_uri: str | None, client: Client) -> str:
    """The redirect_uri, if it equals a registered one (RFC 9700 4.1.3). Raises InvalidRequest."""
    # FAPI1-BASE-5.2.2-8, FAPI1-BASE-5.2.2-9, FAPI1-BASE-5.2.2-10
    if redirect_uri is None or redirect_uri not in client.redirect_uris:
        raise InvalidRequest("redirect_uri is missing or not registered")
    return redirect_uri


def _require_bound_code(request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
    """The request, if only its client can use the code. A public client with write access binds the code to a key. Other
    clients authenticate when they redeem it. Raises InvalidRequest.
    """
    if client.public and request.dpop_jkt is None and holder_of_key.may_write(request):
        raise InvalidRequest("a public client that requests write access must send dpop_jkt or a DPoP proof")  # DPOP-10
    return request


def _scope(parameters: Mapping[str, str], client: Client, requested: Sequence[Detail]) -> tuple[str, ...]:
    value = parameters.get("scope")
    if value is None and requested:
        return ()  # RFC9396-3: authorization details may replace the scope.
    if value is None and "openid" in client.scope:
        # OIDCC-3.1.2.1: scope is REQUIRED in OpenID Connect. RFC 6749 3.3 calls a missing scope invalid_scope.
        raise InvalidRequest("scope is missing")
    return scope.requested(value, client.scope)


def _tied(request: AuthorizationRequest, profile: Profile) -> AuthorizationRequest:
    """The request, if nonce or state ties its response to it. Raises InvalidRequest or InvalidScope."""
    about_a_person = "openid" in request.scope
    signs_response = "id_token" in request.response_type.split(" ")
    if signs_response and not about_a_person:
        raise InvalidScope("scope: an ID token needs openid")  # OIDCC-3.1.2.1
    if request.nonce is None and (signs_response or (about_a_person and profile.nonce_or_state_required)):
        raise InvalidRequest("nonce is required")  # OIDCC-3.3.2.11, FAPI1-BASE-5.2.2.2-1
    if request.state is None and not about_a_person and profile.nonce_or_state_required:
        raise InvalidRequest("state is required")  # FAPI1-BASE-5.2.2.3-1
    return request


def _response_alg(mode: ResponseMode, client: Client) -> SigningAlg | None:
    """The algorithm that signs the whole response, or None."""
    return client.authorization_signed_response_alg if response_mode.is_signed(mode) else None


def _is_encrypted(response_alg: str | None, client: Client) -> bool:
    """JARM-2.2: only signed responses are encrypted."""
    return response_alg is not None and client.authorization_encrypted_response_alg is not None


def _kept(parameters: Mapping[str, str], name: str, *, signed: str | None = None) -> str | None:
    """The value, unchanged. `signed`: the algorithm of the JWT that will contain it, or None."""
    value = parameters.get(name)
    max_length = MAX_STATE_LENGTH if name == "state" else MAX_LENGTH
    if value is not None and len(value) > max_length:
        raise InvalidRequest(f"{name} is longer than {max_length} characters")
    if value is not None and is_one_of(signed, SIGNED_WHOLE) and len(json.dumps(value)) > MAX_SIGNED_WHOLE:
        raise InvalidRequest(f"{name} is too long for a response that is signed with {signed}")
    return value


def _dpop_jkt(parameters: Mapping[str, str], proven: str | None) -> str | None:
    """DPOP-10.1: the key that the code is bound to, from dpop_jkt, from a DPoP proof, or from both."""
    named = parameters.get("dpop_jkt")
    if named is not None and not THUMBPRINT.fullmatch(named):
        raise InvalidRequest("dpop_jkt must be a SHA-256 JWK thumbprint, 43 base64url characters")
    if named is not None and proven is not None and named != proven:
        raise InvalidRequest("dpop_jkt does not match the key of the DPoP proof")
    return named or proven


def _max_age(parameters: Mapping[str, str]) -> int | None:
    value = parameters.get("max_age")
    if value is None:
        return None
    if not SECONDS.fullmatch(value):
        raise InvalidRequest("max_age must be a number of seconds")
    return int(value)


def _locales(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """OIDCC-3.1.2.1: unknown and malformed languages are ignored."""
    tags = (_kept(parameters, "ui_locales") or "").split()
    return tuple(tag for tag in tags if LANGUAGE.fullmatch(tag))[:MAX_LOCALES]
