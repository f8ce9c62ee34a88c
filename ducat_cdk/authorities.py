"""The authorities that botocore trusts, as OpenSSL's directory: a file for each, which is called by the hash of its name.

A function that connects to AWS then reads one of them, and not the whole bundle, which takes 20 ms of CPU.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from chalicelib.aws_connections import AUTHORITIES

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def write(bundle: Path) -> None:
    """Write the folder beside that file, as `openssl rehash` would: names that hash alike are numbered."""
    from OpenSSL import crypto

    folder = bundle.with_name(AUTHORITIES)
    folder.mkdir()
    alike: Counter[str] = Counter()
    for text in CERTIFICATE.findall(bundle.read_text(encoding="utf-8")):
        certificate = crypto.load_certificate(crypto.FILETYPE_PEM, text.encode())
        name = f"{certificate.subject_name_hash():08x}"
        (folder / f"{name}.{alike[name]}").write_text(f"{text}\n", encoding="utf-8")
        alike[name] += 1
