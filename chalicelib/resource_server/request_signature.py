"""Signed requests to the bank's API: HTTP message signatures (RFC 9421) by FAPI 2.0 HTTP Signatures 5.3.1.

That is a draft of the OpenID Foundation's FAPI working group. A signature proves who made a call, with which token and, by its
digest, with which body. An authorizer does not get the body, so the function that has it compares the digest
(`resource_server/response_signature.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from chalicelib.clients.jwks_uri import ClientJwksCache
from chalicelib.errors import InvalidRequest
from chalicelib.fetch.documents import FetchError
from chalicelib.keys import http_signatures, jwt_time
from chalicelib.keys.http_signatures import SignatureError, Verified
from chalicelib.messages import Request
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Claims
from chalicelib.resource_server.target_uri import spellings
from chalicelib.storage.records import Client

TAG = "fapi-2-request"
LIFETIME = 60
"""Seconds after its creation that a signature is accepted."""
ALWAYS = ("@method", "@target-uri", "authorization")
WHERE_SENT = ("dpop", "content-digest")
ONCE = ("authorization", *WHERE_SENT)


class NotSigned(InvalidRequest):
    """The request has no signature, or an invalid one."""

    status = 401  # FAPI2-HTTPSIG-5.3.1.2-3


@dataclass(frozen=True)
class Signed:
    """A verified signature of a request. Only `require_signed` makes it.

    `keyid`, `alg`: the client's key, and the JWS name of its algorithm.
    `target_uri`: the URL that the client signed.
    """

    keyid: str
    alg: str
    created: int
    target_uri: str


def require_signed(request: Request, client: Client, profile: Profile, *, urls: Collection[str], now: int) -> Signed:
    """The request's signature, if a registered key made it and it covers everything that it must.

    `urls`: the resource's own URLs without query, any of which may be signed. They never come from the Host header. Raises
    NotSigned, with a challenge (RFC 6750 3) and Accept-Signature, which says what to sign (RFC 9421 5.1).
    """
    try:
        required = _required(request)
        found = http_signatures.verify(
            request.method,
            spellings(urls, request.query),
            request.headers,
            tag=TAG,  # FAPI2-HTTPSIG-5.3.1.2-4
            jwks=client.jwk_set,  # FAPI2-HTTPSIG-5.3.1.2-1
            algs=_algs(profile),
            sizes=profile.key_sizes,
        )
        _require_cover(found, required)
        created = _require_recent(found.parameters, now=now)
    except (SignatureError, InvalidRequest) as problem:
        raise _refused(request, str(problem)) from None
    return Signed(str(found.parameters["keyid"]), found.alg, created, found.target_uri)


def with_keys(request: Request, client: Client, published: ClientJwksCache, *, now: int) -> Client:
    """The client with the keys for the signature. Raises NotSigned."""
    try:
        said = http_signatures.announced(request.headers, TAG)
        keyid = None if said is None else said.parameters.get("keyid")
        return published.of(client, now=now, kid=keyid if isinstance(keyid, str) else None)
    except (SignatureError, FetchError, InvalidRequest) as problem:
        raise _refused(request, str(problem)) from None


def _algs(profile: Profile) -> tuple[str, ...]:
    """FAPI 2.0 names PS256 for JWTs. HTTP's registry has only RSA-PSS with SHA-512, so PS512 is accepted too."""
    algs = profile.client_signing_algs
    return (*algs, "PS512") if "PS256" in algs else algs


def _required(request: Request) -> tuple[str, ...]:
    """The components that must be signed. Raises InvalidRequest if one of them was sent twice.

    FAPI2-HTTPSIG-5.3.1.2-5: always; FAPI2-HTTPSIG-5.3.1.2-7, FAPI2-HTTPSIG-5.3.1.2-8: if it is sent.
    """
    sent = {name: request.header(name) for name in ONCE}
    if sent["content-digest"] is None and _has_body(request):
        raise SignatureError("Content-Digest is missing")  # FAPI2-HTTPSIG-5.3.1.2-8
    return (*ALWAYS, *(name for name in WHERE_SENT if sent[name] is not None))


def _has_body(request: Request) -> bool:
    """Whether the headers announce a body. If they don't, the function that has the body requires its digest."""
    lengths = request.header_values("content-length")
    return bool(request.body or request.header_values("transfer-encoding")) or any(
        one.strip() != "0" for one in lengths
    )


def _require_cover(found: Verified, required: Collection[str]) -> Verified:
    """Plain identifiers only: a component with parameters, such as ;sf or ;key, is another component."""
    missing = [name for name in required if f'"{name}"' not in found.covered]
    if missing:
        raise SignatureError(f"it does not cover {', '.join(missing)}")
    return found


def _require_recent(parameters: Claims, *, now: int) -> int:
    """FAPI2-HTTPSIG-5.3.1.2-6: `created` is recent. RFC9421-2.3: a past `expires` ends the signature earlier."""
    created, expires = parameters.get("created"), parameters.get("expires")
    if not isinstance(created, int):
        raise SignatureError("created is missing")
    if not jwt_time.is_within(now, LIFETIME, after=created) or not jwt_time.has_come(created, now=now):
        raise SignatureError("created is too old or in the future")
    if expires is not None and not (isinstance(expires, int) and now < expires):
        raise SignatureError("it has expired")
    return created


def _refused(request: Request, detail: str) -> NotSigned:
    why = "the request must have a valid HTTP message signature; see Accept-Signature"
    scheme = "DPoP" if any(v.lower().startswith("dpop ") for v in request.header_values("authorization")) else "Bearer"
    challenge = f'{scheme} error="{NotSigned.error}", error_description="{why}"'
    wanted = [*ALWAYS, *(name for name in WHERE_SENT if request.header_values(name))]
    if _has_body(request) and "content-digest" not in wanted:
        wanted.append("content-digest")
    components = " ".join(f'"{name}"' for name in wanted)
    accept = f'sig=({components});created;tag="{TAG}"'
    return NotSigned(
        why, detail=f"signature: {detail}", headers=(("WWW-Authenticate", challenge), ("Accept-Signature", accept))
    )
