"""What Lambda's runtime does with a packaged function: import `app`, then one event after the other.

Run in the package's folder by the runtime's Python, so it imports nothing of ours but `app`. An event comes as JSON after its
length in four bytes, and the answer goes the same way. Lambda's own runtime interface, written in C, takes that part.
`HANDLERS` has all the functions that this process serves.
"""

import json
import os
import socket
import sys

sys.path.insert(0, os.getcwd())
os.environ["_HANDLER"] = ""
import app
from chalicelib import assembly

for name in os.environ["HANDLERS"].split():
    os.environ["_HANDLER"] = f"app.{name}"
    assembly.warm()
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
connection, _ = listening.accept()
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
stream = connection.makefile("rb")
while length := stream.read(4):
    invocation = json.loads(stream.read(int.from_bytes(length, "big")))
    answer = json.dumps(getattr(app, invocation["handler"])(invocation["event"], None)).encode()
    connection.sendall(len(answer).to_bytes(4, "big") + answer)
