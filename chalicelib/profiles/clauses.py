"""The clauses behind what a profile demands of client metadata, for whoever explains a refusal. No function imports it."""

from __future__ import annotations

from chalicelib.profiles.profile import Profile

_OTHERWISE = "RFC7591-2"
"""The clause on client metadata as such."""

_FAPI2 = {
    "redirect_uris": "FAPI2-SP-FINAL-5.3.2.2-8",
    "responses": "FAPI2-SP-FINAL-5.3.2.2-1",
    "pushed_requests_only": "FAPI2-SP-FINAL-5.3.2.2-3",
    "token_endpoint_auth_methods": "FAPI2-SP-FINAL-5.3.2.1-6",
    "client_signing_algs": "FAPI2-SP-FINAL-5.4.1-1",
    "id_token_signing_algs": "FAPI2-SP-FINAL-5.4.1-1",
    "key_sizes": "FAPI2-SP-FINAL-5.4.1-2",
    "unbound_tokens": "FAPI2-SP-FINAL-5.3.2.1-4",
}
_BASELINE = {
    "redirect_uris": "FAPI1-BASE-5.2.2-20",
    "token_endpoint_auth_methods": "FAPI1-BASE-5.2.2-4",
    "client_signing_algs": "FAPI1-ADV-8.6-1",
    "id_token_signing_algs": "FAPI1-ADV-8.6-1",
    "key_sizes": "FAPI1-BASE-5.2.2-5",
    "encryption_algs": "FAPI1-ADV-8.6.1-1",
}
_ADVANCED = _BASELINE | {
    "responses": "FAPI1-ADV-5.2.2-2",
    "token_endpoint_auth_methods": "FAPI1-ADV-5.2.2-14",
    "request_object_signing_algs": "FAPI1-ADV-5.2.2-1",
    "unbound_tokens": "FAPI1-ADV-5.2.2-5",
}
_BY_PROFILE = {
    "fapi2-security": _FAPI2,
    "fapi2-message-signing": _FAPI2
    | {
        "responses": "FAPI2-MS-ID1-5.4.1-1",
        "request_object_signing_algs": "FAPI2-MS-ID1-5.3.1-1",
        "introspection_signing_algs": "FAPI2-MS-ID1-5.5.1-1",
    },
    "fapi1-baseline": _BASELINE,
    "fapi1-advanced": _ADVANCED,
    "fapi1-read-write": _BASELINE,
    "open-finance-brazil": _ADVANCED,
}


def clause_of(profile: Profile, question: str) -> str:
    """The tag of the clause by which the profile answers that question; RFC7591-2 where none of its own does."""
    return _BY_PROFILE.get(profile.name, {}).get(question, _OTHERWISE)
