"""The response_mode: how an authorization response reaches the client (OAuth 2.0 Multiple Response Types 2.1, Form Post
Response Mode, JARM 2.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from chalicelib.errors import InvalidRequest, UnsupportedResponseType
from chalicelib.profiles import Profile
from chalicelib.protocol_types import RequestedResponseMode, ResponseMode, ResponseType
from chalicelib.storage.records import Client

SIGNED = ".jwt"
"""The end of the name of each mode whose response is one signed JWT."""
OWN_SIGNED: Mapping[Literal["query", "fragment"], ResponseMode] = {"query": "query.jwt", "fragment": "fragment.jwt"}


def is_signed(mode: ResponseMode) -> bool:
    """Whether the response is one signed JWT."""
    return mode.endswith(SIGNED)


def requested(parameters: Mapping[str, str], client: Client, profile: Profile) -> tuple[ResponseType, ResponseMode]:
    """The response_type and the response_mode of a request. Raises InvalidRequest or UnsupportedResponseType."""
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing")  # RFC6749-4.1.2.1
    modes = _offered(response_type, client, profile)
    if not modes:
        raise UnsupportedResponseType("response_type: not allowed for this client")
    mode = parameters.get("response_mode", _own(response_type))
    if mode not in modes:
        raise InvalidRequest("response_mode: not allowed for this client with this response_type")
    return cast(ResponseType, response_type), _resolved(mode, response_type)


def of_a_refusal(parameters: Mapping[str, str], client: Client, profile: Profile) -> ResponseMode:
    """The response_mode of an error response, whatever is wrong: the requested one if it is allowed.

    Otherwise the default of the response_type, so that a front-channel error is never in a query.
    """
    response_type = parameters.get("response_type", "code")
    mode = parameters.get("response_mode")
    if mode not in _offered(response_type, client, profile):
        return _own(response_type)
    return _resolved(mode, response_type)


def _offered(response_type: str, client: Client, profile: Profile) -> tuple[RequestedResponseMode, ...]:
    """The modes of a response_type; empty if the client may not use it."""
    if client.response_types and response_type not in client.response_types:
        return ()
    return next((modes for name, modes in profile.responses if name == response_type), ())


def _own(response_type: str) -> Literal["query", "fragment"]:
    """The default mode of a response_type (OAuth 2.0 Multiple Response Types 3, 5)."""
    return "fragment" if "token" in response_type else "query"


def _resolved(mode: RequestedResponseMode, response_type: str) -> ResponseMode:
    """JARM-2.3.4: "jwt" is the default mode of the response_type, signed."""
    return OWN_SIGNED[_own(response_type)] if mode == "jwt" else mode
