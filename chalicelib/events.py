"""What API Gateway hands to a function, and what it takes from one.

As in AWS's developer guide, "Lambda proxy integrations" and "Lambda authorizers"; of each no more than is read or written here.
"""

from typing import Literal, TypedDict


class ClientCert(TypedDict, total=False):
    """The certificate that ended mutual TLS; PEM."""

    clientCertPem: str


class Identity(TypedDict, total=False):
    """Who is at the other end of the connection."""

    clientCert: ClientCert | None


class RequestContext(TypedDict, total=False):
    """What API Gateway says of a request. `resourcePath`: the route's. `authorizer`: what the authorizer handed on."""

    httpMethod: str
    resourcePath: str
    requestId: str
    identity: Identity | None
    authorizer: dict[str, str] | None


class Event(TypedDict, total=False):
    """A REST API proxy event, an HTTP API event of payload 1.0, or that of a REQUEST authorizer, which has a `methodArn`.

    `body`: bytes with `chalice local` alone.
    """

    requestContext: RequestContext
    httpMethod: str
    path: str
    headers: dict[str, str] | None
    multiValueHeaders: dict[str, list[str]] | None
    queryStringParameters: dict[str, str] | None
    multiValueQueryStringParameters: dict[str, list[str]] | None
    body: str | bytes | None
    isBase64Encoded: bool
    methodArn: str


class ProxyAnswer(TypedDict):
    """The answer of a proxy integration."""

    statusCode: int
    multiValueHeaders: dict[str, list[str]]
    body: str
    isBase64Encoded: bool


Effect = Literal["Allow", "Deny"]


class Statement(TypedDict):
    """A statement of a policy document."""

    Action: str
    Effect: Effect
    Resource: str


class PolicyDocument(TypedDict):
    """A policy document of IAM."""

    Version: str
    Statement: list[Statement]


class AuthorizerAnswer(TypedDict):
    """What an authorizer gives. `context`: texts alone."""

    principalId: str
    policyDocument: PolicyDocument
    context: dict[str, str]
