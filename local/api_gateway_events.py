"""What API Gateway hands to a Lambda function: REST API proxy events and REQUEST authorizer events.

Field by field as in the API Gateway developer guide ("Lambda proxy integrations", "Input to an API Gateway Lambda authorizer").
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.events import Event
from local.aws_stand_in import ACCOUNT, REGION
from local.https_server import Incoming

API_ID = "ducatlocal"
STAGE = "live"

NOT_HANDED_ON = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "www-authenticate"}
)


def proxy_event(request: Incoming, resource: str, authorizer: Mapping[str, str] | None = None) -> Event:
    """The event of a proxy integration. `authorizer`: what the authorizer's context became, if the route has one."""
    context = _request_context(request, resource)
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    body, encoded = _body(request.body)
    return cast(Event, _described(request, resource, context) | {"body": body, "isBase64Encoded": encoded})


def authorizer_event(request: Incoming, resource: str) -> Event:
    """The event of a REQUEST authorizer. It sees no body."""
    described = _described(request, resource, _request_context(request, resource))
    return cast(Event, {"type": "REQUEST", "methodArn": method_arn(request.method, resource)} | described)


def method_arn(method: str, resource: str) -> str:
    """What an authorizer's policy allows or denies."""
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/{method}{resource}"


def path_of(request: Incoming) -> str:
    """The path of a request's target, which may be a whole URL (RFC 9112 3.2.2)."""
    return urlsplit(request.target).path or "/"


def client_cert(certificate: x509.Certificate) -> dict[str, Any]:
    """`requestContext.identity.clientCert`."""
    serial = f"{certificate.serial_number:x}"
    serial = serial.rjust(len(serial) + len(serial) % 2, "0")
    return {
        "clientCertPem": certificate.public_bytes(Encoding.PEM).decode(),
        "subjectDN": certificate.subject.rfc4514_string(),
        "issuerDN": certificate.issuer.rfc4514_string(),
        "serialNumber": ":".join(serial[i : i + 2] for i in range(0, len(serial), 2)),
        "validity": {
            "notBefore": _openssl_time(certificate.not_valid_before_utc),
            "notAfter": _openssl_time(certificate.not_valid_after_utc),
        },
    }


def _described(request: Incoming, resource: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What both events say. A name that was sent twice has its last value in the single-valued mappings."""
    headers = [(name, value) for name, value in request.headers if name.lower() not in NOT_HANDED_ON]
    headers += [("X-Forwarded-For", request.address), ("X-Forwarded-Proto", "https")]
    query = parse_qsl(urlsplit(request.target).query, keep_blank_values=True, errors="replace")
    return {
        "resource": resource,
        "path": path_of(request),
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _gathered(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _gathered(query) or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": context,
    }


def _request_context(request: Incoming, resource: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    identity: dict[str, Any] = {"sourceIp": request.address, "userAgent": request.header("user-agent")}
    if request.certificate is not None:
        identity["clientCert"] = client_cert(request.certificate)
    host = urlsplit("//" + (request.header("host") or "")).hostname or ""
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": str(uuid.uuid4()),
        "httpMethod": request.method,
        "identity": identity,
        "path": path_of(request),
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourceId": "local",
        "resourcePath": resource,
        "stage": STAGE,
    }


def _body(body: bytes) -> tuple[str | None, bool]:
    """The body as text, or in base64 where it is none."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _openssl_time(moment: datetime) -> str:
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S %Y} GMT"
