"""Figures that the pages say are those of the code: lifetimes, sizes, counts. A changed constant changes a page."""

import re
from pathlib import Path

import pytest

from chalicelib import messages, settings
from chalicelib.authorization import claims_request, request, request_object_by_reference
from chalicelib.clients import jwk_set, jwks_uri, metadata_urls
from chalicelib.keys import jwt_time, kms, rotation
from chalicelib.profiles import FAPI1_BASELINE, FAPI2_SECURITY, PROFILES
from chalicelib.resource_server import detail_consumption, request_signature
from chalicelib.scopes import SCOPES
from chalicelib.storage.dynamodb.signing_keys import KEYS_CACHE_SECONDS
from chalicelib.tokens import dpop, dpop_nonce, refresh_token
from chalicelib.users import enrolment, known_browser, lockout, passkeys
from ducat_cdk.deployment import Deployment
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES
from tests.house.source import text

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
EVERY = FAPI2_SECURITY
THROTTLE = Deployment().guarding().throttles["*"]
OWN_KEYS = [key for key in KEYS if not key.signs]
SIGNING = len(rotation.USES) * len([key for key in KEYS if key.signs and not key.chosen])
WITH_EDDSA = len(rotation.USES) * len(settings.OWN_ALGORITHMS)

FIGURES = {
    "docs/integrate/endpoints.md": [
        (r"`state` may have ([\d,]+) characters", request.MAX_STATE_LENGTH),
        (r"`nonce` and `login_hint` ([\d,]+)\.", request.MAX_LENGTH),
        (r"have (\w+) seconds of tolerance", jwt_time.LEEWAY),
        (r"exp is at most an? (hour) ahead", EVERY.max_assertion_lifetime),
        (r'"expires_in":(\d+)}', EVERY.request_uri_lifetime),
        (r"From there the person has (\d+) minutes", EVERY.interaction_lifetime // MINUTE),
        (r"signed in within the last (\d+) minutes", FAPI1_BASELINE.session_lifetime // MINUTE),
        (r"The code lasts (\d+) seconds", EVERY.code_lifetime),
        (r'"expires_in": (\d+),', EVERY.access_token_lifetime),
        (r"until the consent ends, after (\d+) days", EVERY.consent_lifetime // DAY),
        (r"A proof is taken for (\d+) seconds", dpop.LIFETIME),
        (r"It is good for at least (\w+) minutes", dpop_nonce.LIFETIME // MINUTE),
    ],
    "docs/integrate/clients.md": [
        (r"At most (\d+), of \d+ characters", metadata_urls.MAX_REQUEST_URIS),
        (r"At most \d+, of (\d+) characters", metadata_urls.MAX_REQUEST_URI_LENGTH),
        (r"RSA of ([\d,]+) bits or more", EVERY.rsa_key_bits),
        (r"stays good for (\d+) seconds more", refresh_token.TOLERANCE),
        (r"Access tokens last (\w+) minutes", FAPI1_BASELINE.public_access_token_lifetime // MINUTE),
        (r"consents a (day)", FAPI1_BASELINE.public_consent_lifetime),
        (r"at most (\d+) KB and \d+ keys", jwks_uri.MAX_BYTES // 1024),
        (r"at most \d+ KB and (\d+) keys", jwk_set.MAX_KEYS),
        (r"asked for every (\w+) minutes", jwks_uri.CACHE_LIFETIME // MINUTE),
        (r"at most (\d+) KB, under the same", request_object_by_reference.MAX_BYTES // 1024),
    ],
    "docs/integrate/divergences.md": [
        (r"`state`: ([\d,]+) characters", request.MAX_STATE_LENGTH),
        (r"`login_hint` and `acr_values`: ([\d,]+)\.", request.MAX_LENGTH),
        (r"`claims`: ([\d,]+)\.", claims_request.MAX_LENGTH),
        (r"signed as EdDSA, it may have ([\d,]+) characters", request.MAX_SIGNED_WHOLE),
        (r"KMS signs at most ([\d,]+) bytes", kms.MAX_MESSAGE_BYTES),
        (r"no authorization details, and lasts (\w+) minutes", FAPI1_BASELINE.public_access_token_lifetime // MINUTE),
        (r"opened within (\d+) seconds", EVERY.request_uri_lifetime),
        (r"a browser is recognised for (\d+) minutes", FAPI1_BASELINE.session_lifetime // MINUTE),
        (r"Keys are kept for (\w+) minutes", jwks_uri.CACHE_LIFETIME // MINUTE),
        (r"through an outage for an (hour)", jwks_uri.MAX_CACHE_AGE),
        (r"lasts as long as its consent: (\d+) days", EVERY.consent_lifetime // DAY),
        (r"are taken for (\d+) seconds, and \d+ ahead", dpop.LIFETIME),
        (r"are taken for \d+ seconds, and (\d+) ahead", jwt_time.LEEWAY),
        (r"(\d+) bits are enough there", FAPI1_BASELINE.ec_key_bits),
        (r"and (\d+) in FAPI 2\.0", EVERY.ec_key_bits),
    ],
    "docs/integrate/troubleshooting.md": [
        (r"larger than (\d+) KB", messages.MAX_BODY_BYTES // 1024),
        (r"waited longer than (\d+) minutes", EVERY.interaction_lifetime // MINUTE),
        (r"sign-in was more than (\d+) minutes ago", FAPI1_BASELINE.session_lifetime // MINUTE),
        (r"may be (\w+) seconds ahead", jwt_time.LEEWAY),
        (r"`exp` may be at most an (hour) ahead", EVERY.max_assertion_lifetime),
        (r"sign (\w+) minutes later", jwks_uri.CACHE_LIFETIME // MINUTE),
        (r"The code is older than (\d+) seconds", EVERY.code_lifetime),
        (r"ended the consent, or (\d+) days are over", EVERY.consent_lifetime // DAY),
        (r"later than (\d+) seconds after the push", EVERY.request_uri_lifetime),
        (r"older than (\w+) minutes \(", EVERY.access_token_lifetime // MINUTE),
        (r"minutes \((\w+), if it is bound to nothing", FAPI1_BASELINE.public_access_token_lifetime // MINUTE),
        (r"good for at least (\w+) minutes", dpop_nonce.LIFETIME // MINUTE),
    ],
    "docs/integrate/protect-your-api.md": [
        (r"The same key passes again for a\n(day)", detail_consumption.IDEMPOTENCY_LIFETIME),
        (r"`created`, at most a (minute) ago", request_signature.LIFETIME),
    ],
    "docs/operate/deploy.md": [
        (r"^- (\w+) tables, under one", len(TABLES)),
        (r"^- (\w+) keys that the template makes", len(OWN_KEYS)),
        (r"and (\d+) that sign, \d+ with `eddsa`", 2 * SIGNING),
        (r"and \d+ that sign, (\d+) with `eddsa`", 2 * WITH_EDDSA),
        (r"`/jwks` has (\w+) keys", SIGNING + 1),
        (r"`/jwks` has \w+ keys, (\w+) with `eddsa`", WITH_EDDSA + 1),
        (r"(\d+) requests a second", THROTTLE.rate),
        (r"bursts of (\d+)", THROTTLE.burst),
    ],
    "docs/operate/keys.md": [
        (r"is published (\d+) minutes before it signs", rotation.PUBLISHED_BEFORE_SIGNING // MINUTE),
        (r"^the registry once a (minute)", KEYS_CACHE_SECONDS),
        (r"after `key_rotation_days` \((\d+)\)", int(Deployment.key_rotation_days)),
        (r"for `key_retention_days` \((\d+)\)", int(Deployment.key_retention_days)),
        (r"after `key_deletion_days` \((\d+)\)", int(Deployment.key_deletion_days)),
        (r"at least `key_announcement_days` \((\d+)\)", int(Deployment.key_announcement_days)),
        (r"of which KMS takes\n([\d,]+) bytes", kms.MAX_MESSAGE_BYTES),
    ],
    "docs/operate/clients-and-users.md": [
        (r"The password has (\d+) characters or more", enrolment.MIN_PASSWORD_LENGTH),
        (r"at most (\w+) passkeys", passkeys.MAX_ITEMS),
        (r"^(\w+) attempts without success", lockout.FREE_ATTEMPTS),
        (r"lock an account for (\d+) seconds", lockout.FIRST_LOCK),
        (r"up to (\d+) minutes", lockout.MAX_LOCK // MINUTE),
    ],
    "docs/operate/troubleshooting.md": [
        (r"or none in (\w+) seconds", settings.AWS_READ_SECONDS),
        (r"longer than ([\d,]+) bytes", kms.MAX_MESSAGE_BYTES),
    ],
    "docs/operate/incidents.md": [
        (r"work for up to (\w+) minutes more", EVERY.access_token_lifetime // MINUTE),
        (r"recognised for (\d+) minutes at most", FAPI1_BASELINE.session_lifetime // MINUTE),
    ],
    "docs/try/README.md": [(r"`request_uri` that lasts (\d+) seconds", EVERY.request_uri_lifetime)],
    "docs/try/curl.md": [
        (r"in a browser within (\d+) seconds", EVERY.request_uri_lifetime),
        (r"Copy it within (\d+)", EVERY.code_lifetime),
    ],
    "docs/operate/vocabulary.md": [(r"The library brings (\w+) scopes", len(SCOPES))],
    "docs/decisions/0004-dpop-nonces-need-no-memory.md": [
        (r"once in its (\w+) minutes", dpop_nonce.LIFETIME // MINUTE)
    ],
    "docs/decisions/0019-public-clients-refresh-tokens-are-replaced.md": [
        (r"is good for (\d+) seconds more", refresh_token.TOLERANCE)
    ],
    "docs/decisions/0035-attempts-are-counted-before-they-are-looked-at.md": [
        (r"among the (\w+) free ones", lockout.FREE_ATTEMPTS),
        (r"it lasts (\d+) days", known_browser.LIFETIME // DAY),
    ],
}
"""Each page, with what stands around a figure and what the figure is."""


def number(said):
    """A figure as a number: "4,096", "five", "hour"."""
    units = {"minute": MINUTE, "hour": HOUR, "day": DAY}
    word = said.lower()
    return units.get(word) or (WORDS.index(word) if word in WORDS else int(said.replace(",", "")))


@pytest.mark.parametrize("page", FIGURES)
def test_each_figure_of_a_page_is_that_of_the_code(page):
    written = text(Path(page))
    for pattern, value in FIGURES[page]:
        found = re.findall(pattern, written, re.MULTILINE)
        assert found, f"nothing reads like {pattern}"
        assert {number(one) for one in found} == {value}, pattern


def test_what_the_pages_say_of_every_profile_is_the_same_in_each():
    names = (
        "request_uri_lifetime",
        "interaction_lifetime",
        "code_lifetime",
        "access_token_lifetime",
        "consent_lifetime",
    )
    assert {tuple(getattr(p, n) for n in names) for p in PROFILES.values()} == {tuple(getattr(EVERY, n) for n in names)}
    assert {p.session_lifetime for p in PROFILES.values()} == {0, FAPI1_BASELINE.session_lifetime}
    assert {p.public_access_token_lifetime for p in PROFILES.values()} == {
        0,
        FAPI1_BASELINE.public_access_token_lifetime,
    }
