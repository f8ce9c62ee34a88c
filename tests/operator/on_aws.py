"""A stack on the stand-in for AWS, whose functions are answered for by the test: what the command sends them is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

SERVICES = ("CLOUDFORMATION", "LAMBDA", "CLOUDWATCH", "API_GATEWAY", "ACM", "SQS", "STS")
IDENTITY = "arn:aws:sts::123456789012:assumed-role/Operators/erna"
OUTPUTS = {
    "TokenFunction": "token-of-the-stack",
    "RotateKeysFunction": "rotate-keys-of-the-stack",
    "ApiId": "a1b2c3",
    "DeadLettersUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/dead-letters",
    "AuditDeadLettersUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/audit-dead-letters",
}


def stacks(names: list[str]) -> str:
    """CloudFormation's answer."""
    outputs = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for name, value in OUTPUTS.items()
    )
    members = "".join(f"<member><StackName>{name}</StackName><Outputs>{outputs}</Outputs></member>" for name in names)
    return (
        "<DescribeStacksResponse><DescribeStacksResult><Stacks>"
        f"{members}</Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )


CALLER = (
    f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{IDENTITY}</Arn></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


@dataclass
class OnAws:
    """Runs the command in an empty folder, under an operator's own identity.

    `answers`: of invoked functions, the last one again and again. `invoked`: what was invoked, with its payload.
    `events`: how often each was logged, by the hour. `domains`: of API Gateway, by their names. `certificate`: every one of ACM.
    `stage`: of the API. `dead_letters`: how many. `names`: of the stacks.
    """

    ducat: Any
    folder: Path
    environment: dict[str, str]
    answers: list[Any] = field(default_factory=list)
    invoked: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    events: dict[str, list[int]] = field(default_factory=dict)
    domains: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    stage: dict[str, Any] = field(default_factory=dict)
    dead_letters: int = 0
    names: list[str] = field(default_factory=lambda: ["Ducat"])

    def run(self, *arguments: str, status: int = 0, said: str = "") -> str:
        with patch.object(self.ducat, "folder", self.folder):
            printed: str = self.ducat.run(*arguments, status=status, said=said, env=self.environment)
        return printed

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run("--json", *arguments))

    def json_of(self, *arguments: str) -> dict[str, Any]:
        """The keys of a list, by kid."""
        return {row["kid"]: row for row in self.json(*arguments)}


@contextmanager
def deployed_on_aws(ducat: Any) -> Iterator[OnAws]:
    """A stack with a deployment's outputs and settings, and Lambda as a server of the test's own."""
    settings = json.loads((ducat.folder / ".local" / "run.json").read_text())["environment"]
    of_aws = {name: value for name, value in settings.items() if name.startswith("AWS_")}
    region = of_aws.get("AWS_DEFAULT_REGION") or of_aws.get("AWS_REGION") or "eu-central-1"
    with TemporaryDirectory() as folder:
        found = OnAws(ducat, Path(folder), {})
        server = ThreadingHTTPServer(("127.0.0.1", 0), _server(found, settings))
        Thread(target=server.serve_forever, daemon=True).start()
        here = {f"AWS_ENDPOINT_URL_{name}": f"http://127.0.0.1:{server.server_port}" for name in SERVICES}
        found.environment.update(of_aws | {"AWS_REGION": region} | here)
        try:
            yield found
        finally:
            server.shutdown()
            server.server_close()


def _counts(body: Any, events: dict[str, list[int]]) -> Any:
    """The metrics that were wanted for, by the one dimension of each."""
    wanted = {one["Id"]: one["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for one in body["MetricDataQueries"]}
    return {"MetricDataResults": [{"Id": name, "Values": events.get(event, [])} for name, event in wanted.items()]}


def _read(found: OnAws, operation: str, body: Any) -> Any:
    """What is read by services whose calls name the operation in a header."""
    if operation == "GetMetricData":
        return _counts(body, found.events)
    if operation == "DescribeCertificate":
        return {"Certificate": found.certificate}
    assert operation == "GetQueueAttributes"
    return {"Attributes": {"ApproximateNumberOfMessages": str(found.dead_letters)}}


def _server(found: OnAws, settings: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    variables = {name: value for name, value in settings.items() if name.startswith("DUCAT_")}

    class Server(BaseHTTPRequestHandler):
        """DescribeStacks, GetCallerIdentity, GetFunctionConfiguration and Invoke, and what `ducat doctor` reads."""

        def do_GET(self) -> None:
            _, kind, *names = self.path.split("/")
            read = {"domainnames": found.domains.get(names[0]), "restapis": {"item": [found.stage]}}
            answer = read.get(kind, {"Environment": {"Variables": variables}})
            missing = [] if answer else [("x-amzn-ErrorType", "NotFoundException")]
            self._answer(404 if missing else 200, answer or {"message": "Invalid domain name"}, *missing)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if b"Action=" in sent:
                self._send(200, (stacks(found.names) if b"Action=DescribeStacks" in sent else CALLER).encode())
                return
            body = json.loads(sent)
            target = self.headers.get("x-amz-target", "")
            if target:
                self._answer(found.status, _read(found, target.rpartition(".")[2], body))
                return
            found.invoked.append((unquote(self.path.split("/")[-2]), body))
            if found.status != 200:
                self._answer(found.status, {"Message": "not you"}, ("x-amzn-ErrorType", "AccessDeniedException"))
                return
            answer = found.answers[0] if len(found.answers) == 1 else found.answers.pop(0)
            failed = [("X-Amz-Function-Error", "Unhandled")] if "errorType" in answer else []
            self._answer(200, answer, *failed)

        def _answer(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
            self._send(status, json.dumps(body).encode(), *headers)

        def _send(self, status: int, content: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in (("Content-Length", str(len(content))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    return Server
