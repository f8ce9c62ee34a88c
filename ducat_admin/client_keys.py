"""The key of a client that an operator makes or hands in: only its public half is registered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ducat_admin.problem import Problem


def made_key(file: Path) -> dict[str, Any]:
    """A private JWK, which is in the new file already when anything is registered."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
    private = {**key.as_dict(private=True), "kid": key.thumbprint()}
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Problem(f"{file} is there already; to register the key in it: --key {file}") from None
    except OSError as problem:
        raise Problem(f"{file} can't be written: {problem.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(private, opened, indent=2)
        opened.write("\n")
    return private


def public_set(private: dict[str, Any]) -> dict[str, Any]:
    """The JWK Set of a private JWK's public half. Raises Problem."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    try:
        key = import_key(private)
        if not key.is_private:
            raise ValueError("it has no private half")
        public = key.as_dict(private=False)
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        raise Problem(f"the key can't be used: {problem}") from None
    return {"keys": [{**public, "kid": private.get("kid") or key.thumbprint()}]}
