"""FAPI Part 2: Read and Write, by its draft, which has access tokens in the front channel.

Such a token can't be bound, so it is for reading only.
"""

from chalicelib.profiles.fapi1_baseline import FAPI1_BASELINE

FAPI1_READ_WRITE = FAPI1_BASELINE._replace(
    name="fapi1-read-write",
    responses=(  # W2
        ("code id_token", ("fragment", "form_post")),
        ("code id_token token", ("fragment", "form_post")),
    ),
    signed_requests_only=True,  # W1
    code_challenge_required=False,  # The draft allows it and does not require it.
    code_challenge_required_when_pushed=False,
    least_assurance=3,  # W7
    least_assurance_to_write=3,
    grant_types=(
        *FAPI1_BASELINE.grant_types,
        "implicit",
    ),  # what the ID token of a hybrid response counts as (RFC7591-2.1)
)
