"""What FAPI 1.0 asks for, row by row, in our words: the profiles as they began, and the provider's clauses of the final texts.

A row is shown by the code that cites its clauses and by the tests that are marked with them; `docs.generate` makes a page of it.
"""

from __future__ import annotations

from dataclasses import dataclass

BASE, ADV = "FAPI1-BASE-", "FAPI1-ADV-"


@dataclass(frozen=True)
class Row:
    """One line. `name`: R1, W2, or a clause's tag. `clauses`: the tags that show it, beside its own; those that its text names.

    `untested`, `uncited`: why no test is marked, or no code cites it; where there is no reason, both must be.
    """

    name: str
    words: str
    clauses: tuple[str, ...] = ()
    untested: str = ""
    uncited: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        return (*self.clauses, self.name)


def _of(began: str, *clauses: str) -> tuple[str, ...]:
    return tuple(began + clause for clause in clauses)


GATEWAY = "API Gateway does it"
WHOLE = "each of its clauses stands above"

READ_ONLY = (
    Row("R1", "public and confidential clients", _of(BASE, "5.2.2-1", "5.2.2-2")),
    Row("R2", "authenticates confidential clients by mutual TLS or a signed assertion", _of(BASE, "5.2.2-4")),
    Row("R3", "RSA keys of 2048 bits or more", _of(BASE, "5.2.2-5")),
    Row("R4", "elliptic curve keys of 160 bits or more", _of(BASE, "5.2.2-6")),
    Row("R5", "PKCE, by S256", _of(BASE, "5.2.2-7")),
    Row("R6", "redirect URIs are registered before", _of(BASE, "5.2.2-8")),
    Row("R7", "each authorization request has its redirect_uri", _of(BASE, "5.2.2-9")),
    Row("R8", "which is a registered one, character by character", _of(BASE, "5.2.2-10")),
    Row("R9", "signs people in at level of assurance 2 or more", _of(BASE, "5.2.2-11")),
    Row("R10", "asks for explicit consent to what was not agreed before", _of(BASE, "5.2.2-12")),
    Row("R11", "token responses as RFC 6749 4.1.4 says", _of(BASE, "5.2.2-14")),
    Row("R12", "the granted scopes come with the access token", _of(BASE, "5.2.2-15")),
    Row("R13", "access tokens that tell nothing and can't be guessed", _of(BASE, "5.2.2-16")),
    Row("R14", "people can end what a client was given", _of(BASE, "5.2.2-18")),
    Row("R15", "the authentication request of OpenID Connect", _of(BASE, "5.2.2.1-1")),
    Row("R16", "an ID token with sub, and acr, where openid is in the scope", _of(BASE, "5.2.2.1-6")),
)

READ_AND_WRITE = (
    Row("W1", "a signed request object, by value or by reference", _of(ADV, "5.2.2-1", "5.2.2-10")),
    Row("W2", "the response types that protect their response", _of(ADV, "5.2.2-2")),
    Row("W3", "the ID token as a detached signature", _of(ADV, "5.2.2.1-4", "5.2.2.1-6")),
    Row("W4", "with s_hash in it", _of(ADV, "5.2.2.1-5")),
    Row("W5", "what writes is bound to a key of its holder", _of(ADV, "5.2.2-5")),
    Row("W6", "by mutual TLS, among others", _of(ADV, "5.2.2-6")),
    Row("W7", "signs people in at level of assurance 3 or more, to write", _of(BASE, "5.2.2-11")),
    Row("W8", "ID tokens that are signed, and signed and encrypted", _of(ADV, "5.2.2.1-3")),
)

BASELINE_5_2_2 = tuple(
    Row(f"{BASE}5.2.2-{number}", words)
    for number, words in enumerate(
        (
            "serves confidential clients",
            "should serve public clients",
            "a client secret is long enough for its algorithm (OpenID Connect Core 16.19)",
            "authenticates confidential clients by mutual TLS, client_secret_jwt or private_key_jwt",
            "RSA keys of 2048 bits or more",
            "elliptic curve keys of 160 bits or more",
            "PKCE with S256",
            "redirect URIs are registered before",
            "each authorization request has its redirect_uri",
            "redirect_uri is exactly a registered one",
            "signs people in at the level that the operations call for",
            "explicit approval of scopes that were not approved before",
            "a code is refused the second time",
            "token responses as RFC 6749 4.1.4 says",
            "the granted scopes come with the access token",
            "tokens and codes that can't be guessed",
            "should tell people clearly what they grant",
            "should let people revoke the tokens that a client was granted",
            "invalid_client where two ways of naming the client disagree",
            "redirect URIs are https",
            "access tokens should last under 10 minutes, unless they are bound to their sender",
            "publishes OpenID Connect's metadata, and may publish RFC 8414's",
            "distributes metadata by these documents alone",
        ),
        1,
    )
)

BASELINE_5_2_2_X = (
    Row(f"{BASE}5.2.2.1-1", "takes OpenID Connect's authentication request"),
    Row(f"{BASE}5.2.2.1-2", "checks it as OpenID Connect says"),
    Row(f"{BASE}5.2.2.1-3", "signs the person in as it says"),
    Row(f"{BASE}5.2.2.1-4", "answers it, whatever came of it"),
    Row(f"{BASE}5.2.2.1-5", "checks the token request as it says"),
    Row(f"{BASE}5.2.2.1-6", "an ID token with sub, and acr, where openid is in the scope"),
    Row(f"{BASE}5.2.2.2-1", "requires nonce where openid is in the scope"),
    Row(f"{BASE}5.2.2.3-1", "requires state where openid is not"),
)

BASELINE_6_2_1 = tuple(
    Row(f"{BASE}6.2.1-{number}", words, uncited=uncited, untested=untested)
    for number, (words, uncited, untested) in enumerate(
        (
            ("is read by GET", "", ""),
            ("takes the token from the Authorization header", "", ""),
            ("takes none from the query", "", ""),
            ("the token has neither expired nor been revoked", "", ""),
            ("the token's scope opens this resource", "", ""),
            ("knows whose token it is", "", ""),
            ("shows what that person and scope allow, and refuses as RFC 6750 3.1 says", "", ""),
            ("encodes in UTF-8", "", ""),
            ("sends Content-Type: application/json", "", ""),
            ("sends the Date", GATEWAY, ""),
            ("answers with the x-fapi-interaction-id that was sent, or a new UUID", "", ""),
            ("logs it", "", ""),
            ("takes x-fapi-customer-ip-address of IPv4 and IPv6", "", ""),
            (
                "should allow other origins (CORS), if it serves scripts",
                "it serves none: a browser's script has no place to keep a token",
                "there is nothing to see",
            ),
        ),
        1,
    )
)

WITHDRAWN = "withdrawn from the text, or moved to 5.2.2.1"
ADVANCED_5_2_2 = tuple(
    Row(f"{ADV}5.2.2-{number}", words, uncited=gone, untested=gone)
    for number, (words, gone) in enumerate(
        (
            ("a signed request object, by value or by reference", ""),
            ("response type code id_token, or code with response mode jwt", ""),
            ("", WITHDRAWN),
            ("", WITHDRAWN),
            ("access tokens are bound to their sender", ""),
            ("by mutual TLS (RFC 8705)", ""),
            ("", WITHDRAWN),
            ("", WITHDRAWN),
            ("", WITHDRAWN),
            ("takes parameters from the signed request object alone", ""),
            ("may take pushed requests (RFC 9126)", ""),
            ("", WITHDRAWN),
            ("a request object lasts at most 60 minutes from its nbf", ""),
            ("authenticates clients by mutual TLS or private_key_jwt", ""),
            ("aud of the request object is the issuer", ""),
            ("serves no public clients", ""),
            ("nbf of the request object is at most 60 minutes old", ""),
            ("a pushed request uses PKCE with S256", ""),
        ),
        1,
    )
)

ADVANCED_5_2_2_X = (
    Row(f"{ADV}5.2.2.1-1", "speaks OpenID Connect", ("OIDCC-3.3.2.11",)),
    Row(f"{ADV}5.2.2.1-2", "signs ID tokens"),
    Row(f"{ADV}5.2.2.1-3", "should sign and encrypt ID tokens"),
    Row(f"{ADV}5.2.2.1-4", "an ID token is the response's detached signature"),
    Row(f"{ADV}5.2.2.1-5", "s_hash in it, where there was a state"),
    Row(f"{ADV}5.2.2.1-6", "should hold nothing personal there, unless it is encrypted"),
    Row(f"{ADV}5.2.2.2-1", "makes the response's JWT as JARM 4.3 says"),
)

ADVANCED_6_2_1 = (
    Row(f"{ADV}6.2.1-1", "all that Part 1 asks of a resource", uncited=WHOLE),
    Row(f"{ADV}6.2.1-2", "opens to a bound token with its certificate alone (RFC 8705)", ("RFC8705-3",)),
)

ADVANCED_8 = (
    Row(f"{ADV}8.5-1", "of TLS 1.2, four suites"),
    Row(
        f"{ADV}8.5-2",
        "the authorization endpoint may allow more",
        uncited="it allows no more",
        untested="it allows no more",
    ),
    Row(f"{ADV}8.6-1", "JWS by PS256 or ES256"),
    Row(f"{ADV}8.6-2", "should use none that are RSASSA-PKCS1-v1_5", _of(ADV, "8.6-1")),
    Row(f"{ADV}8.6-3", "never alg none"),
    Row(f"{ADV}8.6.1-1", "JWE never by RSA1_5"),
    Row(f"{ADV}8.9-1", "jwks_uri is https"),
    Row(f"{ADV}8.9-2", "x5u and jku should not be used"),
    Row(f"{ADV}8.9-3", "no two keys of a set should have the same kid"),
)

SECTIONS = {
    "The Read-Only profile": READ_ONLY,
    "The Read-and-Write profile": READ_AND_WRITE,
    "Baseline 5.2.2: the authorization server": BASELINE_5_2_2,
    "Baseline 5.2.2.1 to 5.2.2.3: with and without OpenID Connect": BASELINE_5_2_2_X,
    "Baseline 6.2.1: the resource": BASELINE_6_2_1,
    "Advanced 5.2.2: the authorization server": ADVANCED_5_2_2,
    "Advanced 5.2.2.1 and 5.2.2.2: protected responses": ADVANCED_5_2_2_X,
    "Advanced 6.2.1: the resource": ADVANCED_6_2_1,
    "Advanced 8: TLS, algorithms and keys": ADVANCED_8,
}


def rows() -> tuple[Row, ...]:
    """Every row, in the order of the page."""
    return tuple(row for section in SECTIONS.values() for row in section)
