"""A profile is a value: it answers every question that a rule depends on. No code asks which profile it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The rules for one client. No field has a default, so that each profile answers each question.

    Lifetimes and leeways are seconds. `*_algs` are JWS algorithm names, the only ones accepted. `assertion_audiences` names
    what the `aud` of a client assertion may be: "issuer", "token_endpoint", "par_endpoint". `sender_constraints`: "mtls", "dpop";
    where a request shows both, the first one binds. No request object is taken, and nothing signed, where its `*_signing_algs`
    are empty; what we sign needs a key of the deployment besides (Settings.signing_keys). `request_object_longest_life`: from its
    nbf to its exp, and from its nbf to now.
    """

    name: str

    # The authorization request.
    response_types: tuple[str, ...]
    response_modes: tuple[str, ...]
    pushed_requests_only: bool
    code_challenge_required: bool
    code_challenge_methods: tuple[str, ...]
    request_object_signing_algs: tuple[str, ...]
    request_object_longest_life: int

    # Who the client is.
    token_endpoint_auth_methods: tuple[str, ...]
    client_signing_algs: tuple[str, ...]
    assertion_audiences: tuple[str, ...]
    assertion_audience_may_be_array: bool
    assertion_longest_life: int
    clock_leeway: int
    rsa_key_bits: int
    ec_key_bits: int

    # What is handed out.
    grant_types: tuple[str, ...]
    sender_constraints: tuple[str, ...]
    dpop_signing_algs: tuple[str, ...]
    id_token_signing_algs: tuple[str, ...]
    authorization_signing_algs: tuple[str, ...]
    introspection_signing_algs: tuple[str, ...]

    # For how long.
    request_uri_lifetime: int
    interaction_lifetime: int
    code_lifetime: int
    access_token_lifetime: int
    id_token_lifetime: int
    consent_lifetime: int

    # The person.
    least_assurance: int
