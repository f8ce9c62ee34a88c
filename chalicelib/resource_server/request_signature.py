"""Signed requests to the bank's API: HTTP message signatures (RFC 9421), as FAPI 2.0 HTTP Signatures 5.3.1 profiles them.

That is a draft of the OpenID Foundation's FAPI working group. What is signed can't be denied later: who called what, with which
token, and by its digest what the body said. The digest is compared with the body where the body is
(`resource_server/response_signature.py`): an authorizer sees none.
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
"""Seconds after its creation that a signature is taken."""
ALWAYS = ("@method", "@target-uri", "authorization")
WHERE_SENT = ("dpop", "content-digest")
ONCE = ("authorization", *WHERE_SENT)


class NotSigned(InvalidRequest):
    """The request is not signed, or not as it must be."""

    status = 401  # FAPI2-HTTPSIG-5.3.1.2-3


@dataclass(frozen=True)
class Signed:
    """A request that its client signed. Made in `require_signed` alone.

    `keyid`, `alg`: the client's key and the JWS name of its algorithm. `target_uri`: the address as the client signed it.
    """

    keyid: str
    alg: str
    created: int
    target_uri: str


def require_signed(request: Request, client: Client, profile: Profile, *, urls: Collection[str], now: int) -> Signed:
    """The request's signature, by a key that the client registered, if it covers all that it must.

    `urls`: the resource's own addresses without query, any of which may be signed; never from the Host header. Raises NotSigned,
    with a challenge (RFC 6750 3) and Accept-Signature, which says what to sign (RFC 9421 5.1).
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
    """The client with the keys that the signature may be of. Raises NotSigned."""
    try:
        said = http_signatures.announced(request.headers, TAG)
        keyid = None if said is None else said.parameters.get("keyid")
        return published.of(client, now=now, kid=keyid if isinstance(keyid, str) else None)
    except (SignatureError, FetchError, InvalidRequest) as problem:
        raise _refused(request, str(problem)) from None


def _algs(profile: Profile) -> tuple[str, ...]:
    """FAPI 2.0 names PS256 for JWTs. HTTP's registry has RSA-PSS with SHA-512 alone, so that is taken beside it."""
    algs = profile.client_signing_algs
    return (*algs, "PS512") if "PS256" in algs else algs


def _required(request: Request) -> tuple[str, ...]:
    """What must be signed of this request. Raises InvalidRequest where one of it was sent twice.

    FAPI2-HTTPSIG-5.3.1.2-5: always; FAPI2-HTTPSIG-5.3.1.2-7, FAPI2-HTTPSIG-5.3.1.2-8: where it is sent.
    """
    sent = {name: request.header(name) for name in ONCE}
    if sent["content-digest"] is None and _has_body(request):
        raise SignatureError("Content-Digest is missing")  # FAPI2-HTTPSIG-5.3.1.2-8
    return (*ALWAYS, *(name for name in WHERE_SENT if sent[name] is not None))


def _has_body(request: Request) -> bool:
    """As far as the headers tell. Where they don't, the function that gets the body asks for its digest."""
    lengths = request.header_values("content-length")
    return bool(request.body or request.header_values("transfer-encoding")) or any(
        one.strip() != "0" for one in lengths
    )


def _require_cover(found: Verified, required: Collection[str]) -> Verified:
    """Plain identifiers: of a component with parameters, such as ;sf or ;key, something else is signed."""
    missing = [name for name in required if f'"{name}"' not in found.covered]
    if missing:
        raise SignatureError(f"it does not cover {', '.join(missing)}")
    return found


def _require_recent(parameters: Claims, *, now: int) -> int:
    """FAPI2-HTTPSIG-5.3.1.2-6: when it was created, lately. RFC9421-2.3: an `expires` that passed ends it sooner."""
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
