"""A login at a Ducat by Authlib: python authlib_login.py"""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, import_key

ISSUER, CLIENT_ID, REDIRECT_URI = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "REDIRECT_URI"))
key = import_key(json.loads(Path(os.environ["KEY"]).read_text()))

session = OAuth2Session(
    CLIENT_ID,
    key,
    token_endpoint_auth_method=PrivateKeyJWT(ISSUER, alg=key.alg, headers={"kid": key.kid}),  # the issuer becomes aud
    redirect_uri=REDIRECT_URI,
    scope="openid accounts",
)
session.cert = os.environ["CERTIFICATE"]  # the certificate and its key, in one file
session.verify = os.environ.get("TRUSTED", True)  # for the local stack alone
session.trust_env = False  # else REQUESTS_CA_BUNDLE has the last word

server = session.get(f"{ISSUER}/.well-known/openid-configuration", withhold_token=True).json()
if server["issuer"] != ISSUER:
    sys.exit("the metadata are another issuer's")
endpoints = server | server["mtls_endpoint_aliases"]  # where certificates are looked at; /authorize has no alias

verifier, state, nonce = generate_token(64), generate_token(32), generate_token(32)
request = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT_URI,
    "response_type": "code",
    "scope": session.scope,
    "state": state,
    "nonce": nonce,
    "code_challenge": create_s256_code_challenge(verifier),
    "code_challenge_method": "S256",
}
if os.environ.get("SIGN_REQUEST"):  # fapi2-message-signing
    now = int(time.time())
    claims = {**request, "iss": CLIENT_ID, "aud": ISSUER, "nbf": now, "exp": now + 300}
    header = {"alg": key.alg, "kid": key.kid, "typ": "oauth-authz-req+jwt"}
    request = {"client_id": CLIENT_ID, "request": jwt.encode(header, claims, key, algorithms=[key.alg])}
pushed = session.post(
    endpoints["pushed_authorization_request_endpoint"],
    data=request,
    auth=session.client_auth(session.token_endpoint_auth_method),
    withhold_token=True,
)
pushed.raise_for_status()
query = urlencode({"client_id": CLIENT_ID, "request_uri": pushed.json()["request_uri"]})
url = f"{server['authorization_endpoint']}?{query}"

print(f"Open {url}", flush=True)
back = input("Came back to: ")

# The library checks state. It does not check iss (RFC 9207).
if parse_qs(urlsplit(back).query).get("iss") != [ISSUER]:
    sys.exit("this answer is another issuer's")
token = session.fetch_token(
    endpoints["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
)
keys = KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
id_token = jwt.decode(token["id_token"], keys, algorithms=["PS256"])
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": CLIENT_ID},
    exp={"essential": True},
    nonce={"essential": True, "value": nonce},
).validate(id_token.claims)
userinfo = session.get(endpoints["userinfo_endpoint"]).json()
if userinfo["sub"] != id_token.claims["sub"]:
    sys.exit("the userinfo is of somebody else")

refreshed = session.refresh_token(endpoints["token_endpoint"], refresh_token=token["refresh_token"])
accounts = session.get(os.environ["ACCOUNTS"]).json()["accounts"]
print(json.dumps({"sub": userinfo["sub"], "token_type": refreshed["token_type"], "accounts": accounts}))
