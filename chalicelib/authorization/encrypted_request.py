"""Encrypted request objects (RFC 9101 6.1). The content is signed, and checked as any other request object."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.errors import InvalidRequestObject
from chalicelib.keys import jose
from chalicelib.keys.key_ring import Unwrapper
from chalicelib.profiles import Profile
from chalicelib.storage.records import Client

PARTS_OF_A_JWE = 5  # RFC7516-7.1


def opened(
    parameters: Mapping[str, str], client: Client, profile: Profile, key: Callable[[str | None], Unwrapper]
) -> Mapping[str, str]:
    """The parameters with the request object decrypted; unchanged if it is not encrypted and need not be.

    `key`: our key of a `kid`; raises CantUnwrap. Raises InvalidRequestObject, with one description for every problem.
    """
    sent = parameters.get("request")
    if sent is None:
        return parameters
    if not is_encrypted(parameters):
        if client.request_object_encryption_alg is not None:
            raise _refused("it is not encrypted, but the client registered encryption")
        return parameters
    if not profile.request_object_encryption_algs:
        raise _refused("the profile does not accept encrypted request objects")
    from chalicelib.keys import jwe  # This imports joserfc, which an unencrypted request does not need.

    alg, enc = client.request_object_encryption_alg, client.request_object_encryption_enc
    try:
        inside = jwe.decrypt(
            sent,
            key,
            algs=profile.request_object_encryption_algs if alg is None else (alg,),
            encs=profile.encryption_encs if enc is None else (enc,),
        )
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    return {**parameters, "request": inside}


def is_encrypted(parameters: Mapping[str, str]) -> bool:
    """Whether the parameters have a request object that is a JWE."""
    return parameters.get("request", "").count(".") + 1 == PARTS_OF_A_JWE


def _refused(detail: str) -> InvalidRequestObject:
    return InvalidRequestObject("the request object can't be used", detail=f"request object: {detail}")
