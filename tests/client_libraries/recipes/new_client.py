"""Make a client to try a library with: its private key in key.json and key.pem, its record in client.json.

python tests/client_libraries/recipes/new_client.py FOLDER --alg ES256 --bound dpop
"""

import argparse
import json
from pathlib import Path

from jwskate import Jwk

BOUND = {"dpop": "dpop_bound_access_tokens", "mtls": "tls_client_certificate_bound_access_tokens"}
CALLBACK = "https://localhost:18847/callback"
"""Nothing answers there: the browser shows the address that it came back to."""


def make(folder: Path, *, alg: str, bound: str, redirect_uri: str = CALLBACK, **more: object) -> dict[str, object]:
    """The record of a client whose files are in `folder` then. `more`: further members of the record, or other values."""
    key = (Jwk.generate(alg=alg, key_size=2048) if alg == "PS256" else Jwk.generate(alg=alg)).with_kid_thumbprint()
    record = {
        "client_id": "recipe",
        "client_name": "Recipe",
        "profile": "fapi2-security",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "jwks": {"keys": [dict(key.public_jwk(), use="sig", alg=alg)]},
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [redirect_uri],
        "scope": "openid accounts",
        BOUND[bound]: True,
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key.json").write_text(json.dumps(dict(key, use="sig", alg=alg)))
    (folder / "key.pem").write_text(key.to_pem())
    (folder / "client.json").write_text(json.dumps(record, indent=2))
    return record


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--alg", choices=["PS256", "ES256", "EdDSA"], default="ES256")
    parser.add_argument("--bound", choices=BOUND, default="dpop")
    parser.add_argument("--profile", default="fapi2-security")
    parser.add_argument("--redirect-uri", default=CALLBACK)
    chosen = vars(parser.parse_args())
    make(chosen.pop("folder"), **chosen)
