"""HTTP message signatures in the bank's API (RFC 9421, RFC 9530; FAPI 2.0 HTTP Signatures, draft): bodies of requests, and
responses.

This file needs no Provider. A function of the bank gives a Signer. The authorizer has verified the request's signature.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.errors import InvalidRequest
from chalicelib.keys import http_signatures
from chalicelib.keys.http_signatures import Announced, SignatureError
from chalicelib.keys.key_ring import Signer
from chalicelib.messages import Request, Response

REQUEST_TAG, RESPONSE_TAG = "fapi-2-request", "fapi-2-response"
LABEL = "sig"


class NotTheBody(InvalidRequest):
    """The body does not match the request's Content-Digest, which the signature covers."""

    status = 401  # FAPI2-HTTPSIG-5.3.1.2-3


def require_digest(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The body, if Content-Digest matches it. The signature of a signed request covers that header.

    `headers`: pairs as sent. An empty body needs no digest. Raises NotTheBody.
    """
    values = [value for name, value in headers if name.lower() == "content-digest"]
    if not values and not body:
        return body
    if len(values) != 1:
        raise NotTheBody("a body needs one Content-Digest header")  # FAPI2-HTTPSIG-5.3.1.2-8
    try:
        return http_signatures.require_digest(values[0], body)
    except SignatureError as problem:
        raise NotTheBody("Content-Digest does not match the body", detail=str(problem)) from None


def sign_response(response: Response, request: Request, signer: Signer, *, target_uri: str, now: int) -> Response:
    """The response with Content-Digest, Signature-Input and Signature.

    `target_uri`: the URL that the client signed, from the authorizer; for an unsigned request the URL that was called.
    """
    if response.body:  # FAPI2-HTTPSIG-5.3.2.1-7
        response = response.with_headers(("Content-Digest", http_signatures.content_digest(response.body.encode())))
    signature = http_signatures.sign_response(
        response.status,
        response.headers,
        (request.method, target_uri, request.headers),
        signer,
        label=LABEL,
        tag=RESPONSE_TAG,  # FAPI2-HTTPSIG-5.3.2.1-6
        components=_components(response, request),
        created=now,  # FAPI2-HTTPSIG-5.3.2.1-5
    )
    return response.with_headers(*signature)


def _components(response: Response, request: Request) -> list[str]:
    """Components of the response; then components of the request by ;req: those that its signature covers, and the signature."""
    signed = _signature(request)
    of_request = dict.fromkeys(['"@method";req', '"@target-uri";req'])  # FAPI2-HTTPSIG-5.3.2.1-2
    if request.header_values("content-digest"):
        of_request['"content-digest";req'] = None
    if signed is not None:
        covered = (http_signatures.identifier(name, {**more, "req": True}) for name, more in signed.components)
        names = ("signature", "signature-input")  # FAPI2-HTTPSIG-5.3.2.1-3
        of_it = (http_signatures.identifier(name, {"req": True, "key": signed.label}) for name in names)
        of_request |= dict.fromkeys((*covered, *of_it))
    own = ['"@status"'] + ['"content-digest"'] * bool(response.body)  # FAPI2-HTTPSIG-5.3.2.1-4
    return [*own, *of_request]


def _signature(request: Request) -> Announced | None:
    """The request's signature, or None. An invalid one is ignored: if the route requires one, the authorizer has refused it."""
    try:
        return http_signatures.announced(request.headers, REQUEST_TAG)
    except SignatureError:
        return None
