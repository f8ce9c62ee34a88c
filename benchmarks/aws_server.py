"""AWS's stand-in as a process of its own: DynamoDB and KMS over HTTP, or over TLS, on this machine.

`python -m benchmarks.aws_server [CERTIFICATE]` prints its port. It answers what `tests/aws_in_process` knows. Its clients sign as
for AWS, and no signature is looked at. GET / tells how often each operation was called.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import zlib
from collections import Counter
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from tests.aws_in_process.aws import Stand
from tests.aws_in_process.errors import AwsError

REGION = "eu-central-1"
REQUEST_ID = "A" * 52
STAND = Stand(REGION)
LOCK = threading.Lock()
CALLS: Counter[str] = Counter()


class Handler(StreamRequestHandler):
    """One connection, kept alive."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            headers = {}
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            status, answer = (200, dict(CALLS)) if line.startswith(b"GET ") else self._called(headers, body)
            data = json.dumps(answer).encode()
            head = [
                f"HTTP/1.1 {status} OK",
                "Content-Type: application/x-amz-json-1.0",
                f"Content-Length: {len(data)}",
                f"x-amzn-RequestId: {REQUEST_ID}",
                f"x-amz-crc32: {zlib.crc32(data)}",
            ]
            self.wfile.write("\r\n".join((*head, "", "")).encode() + data)

    def _called(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        service, _, operation = headers["x-amz-target"].partition(".")
        work = STAND.database.call if service.startswith("DynamoDB") else STAND.keys.call
        with LOCK:
            CALLS[operation] += 1
            try:
                return 200, work(operation, json.loads(body))
            except AwsError as error:
                return error.status, {"__type": error.code, "message": error.message, **error.more}


class Server(ThreadingTCPServer):
    """A thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until it is ended."""
    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
