"""The events that API Gateway sends to a function, and the values that a function returns.

As in AWS's developer guide, "Lambda proxy integrations" and "Lambda authorizers". Only members that this code uses are listed.
"""

from typing import Literal, TypedDict


class ClientCert(TypedDict, total=False):
    """The client certificate of the mutual TLS connection, PEM."""

    clientCertPem: str


class Identity(TypedDict, total=False):
    """The caller's identity."""

    clientCert: ClientCert | None


class RequestContext(TypedDict, total=False):
    """API Gateway's context of a request.

    `resourcePath`: the path of the route.
    `authorizer`: the authorizer's context.
    """

    httpMethod: str
    resourcePath: str
    requestId: str
    identity: Identity | None
    authorizer: dict[str, str] | None


class Event(TypedDict, total=False):
    """A REST API proxy event, an HTTP API event of payload 1.0, or the event of a REQUEST authorizer, which has a `methodArn`.

    `body`: bytes in `chalice local` only.
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
    """The response of a proxy integration."""

    statusCode: int
    multiValueHeaders: dict[str, list[str]]
    body: str
    isBase64Encoded: bool


Effect = Literal["Allow", "Deny"]


class Statement(TypedDict):
    """A statement of an IAM policy document."""

    Action: str
    Effect: Effect
    Resource: str


class PolicyDocument(TypedDict):
    """An IAM policy document."""

    Version: str
    Statement: list[Statement]


class AuthorizerAnswer(TypedDict):
    """The response of an authorizer. `context`: values are strings."""

    principalId: str
    policyDocument: PolicyDocument
    context: dict[str, str]
