"""node-oidc-provider, made ready to be measured: installed by its lock, and bundled as a function would be."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from benchmarks.systems import NODE
from docs.clauses import ROOT
from tests.actors import rsa_key

SOURCE = ROOT / "benchmarks" / "peer"
FOLDER = ROOT / "build" / "peer"
REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"


def install() -> Path:
    """The peer's folder, under build/. Raises CalledProcessError where npm can't fetch what the lock names."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, FOLDER)
    npm = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run(NODE, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    bundle = ("--bundle", "--platform=node", "--format=esm", "--minify", "--log-level=error", f"--banner:js={REQUIRE}")
    _run(NODE, "node_modules/esbuild/bin/esbuild", "cold.js", *bundle, "--outfile=cold.bundle.mjs")
    public = rsa_key("peer").public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (FOLDER / "key.pem").write_bytes(public.public_bytes(serialization.Encoding.PEM, form))
    return FOLDER


def versions() -> dict[str, str]:
    """Of Node, and of the peer as it is installed."""
    node = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    script = "console.log(JSON.parse(require('fs').readFileSync('node_modules/oidc-provider/package.json')).version)"
    own = subprocess.run([NODE, "-e", script], cwd=FOLDER, capture_output=True, text=True, check=True).stdout.strip()
    return {"Node": node, "node-oidc-provider": own}


def _run(*command: Path | str) -> None:
    subprocess.run([str(part) for part in command], cwd=FOLDER, check=True, timeout=300)
