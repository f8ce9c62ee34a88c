"""AWS's own DynamoDB, to run on one machine: fetched from Maven Central once, kept in .local/, run in memory."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "2.6.1"
OLDEST_JAVA = 17
HOME = Path(__file__).resolve().parents[2] / ".local" / "dynamodb-local" / VERSION
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ducat</groupId><artifactId>dynamodb-local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""
SECONDS_TO_FETCH = 100
SECONDS_TO_START = 90


class Absent(Exception):
    """It can't run here; the message says what is missing."""


@contextmanager
def running() -> Iterator[str]:
    """The address of a server of our own. Raises Absent."""
    java = _java()
    jars = _jars()
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    server = subprocess.Popen(
        [
            *(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),  # it runs for seconds: half the CPU goes without
            *(f"-Djava.library.path={jars}", "-cp", f"{jars}/*"),
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
            *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise Absent("DynamoDB Local needs Java, and there is none on the path")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        raise Absent(f"DynamoDB Local needs Java {OLDEST_JAVA} or newer, and `java` is {found and found[1]}")
    return java


def _jars() -> Path:
    if HOME.is_dir():
        return HOME
    maven = shutil.which("mvn")
    if maven is None:
        raise Absent("DynamoDB Local comes from Maven Central, and there is no `mvn` on the path")
    fetched = HOME.with_name(f"{VERSION}.part")
    shutil.rmtree(fetched, ignore_errors=True)
    fetched.mkdir(parents=True)
    pom = fetched / "pom.xml"
    pom.write_text(POM)
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_FETCH)
    except subprocess.TimeoutExpired:
        raise Absent(f"Maven could not fetch DynamoDB Local in {SECONDS_TO_FETCH} s") from None
    if run.returncode:
        raise Absent("Maven could not fetch DynamoDB Local: " + next(iter(run.stdout.strip().splitlines()), "no words"))
    fetched.rename(HOME)
    return HOME


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(SECONDS_TO_START * 10):
        if server.poll() is not None:
            raise Absent(f"DynamoDB Local ended at once, with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            _pause(server)
        else:
            return
    raise Absent(f"DynamoDB Local did not answer in {SECONDS_TO_START} s")


def _pause(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(0.1)
    except subprocess.TimeoutExpired:
        return
