"""`ducat truststore`: a file that is deployed, and an object of a bucket."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography import x509

from tests.actors import certificate, ec_key, rsa_key
from tests.actors.authority import Authority

NOW = int(time.time())
ROOT = Authority("CN=Root,O=Example,C=DE", ec_key("root"), begins=NOW - 86_400)
ISSUING = Authority("CN=Issuing,O=Example,C=DE", ec_key("issuing"), above=ROOT, serial=8, begins=NOW - 86_400)
OWN = certificate(
    "self-own", begins=NOW - 86_400, days=20, extensions=(x509.BasicConstraints(ca=False, path_length=None),)
)


@pytest.fixture
def file(ducat):
    """The truststore of a settings file: a root and a comment."""
    path = ducat.folder / "truststore.pem"
    path.write_bytes(b"# The root of our members\n" + ROOT.pem)
    settings = {"truststore": "truststore.pem", "client_authorities": [ROOT.dn]}
    (ducat.folder / "ducat.json").write_text(json.dumps(settings))
    (ducat.folder / "issuing.pem").write_bytes(ISSUING.pem)
    yield path
    (ducat.folder / "ducat.json").unlink()


def test_a_certificate_is_added_listed_and_taken_out_of_the_file_that_is_deployed(ducat, file):
    before = file.read_bytes()
    added = ducat.run("truststore", "add", "issuing.pem")
    assert added.splitlines()[0] == f"Added {ISSUING.dn}."
    assert "counts from the next deployment on" in added
    assert "has them already" in ducat.run("truststore", "add", "issuing.pem")
    rows = {row["subject"]: row for row in ducat.json("truststore", "list")}
    assert {(name, row["kind"], row["key"]) for name, row in rows.items()} == {
        (ROOT.dn, "authority", "EC 256"),
        (ISSUING.dn, "authority", "EC 256"),
    }
    assert ducat.json("truststore", "check") == []
    removal = ("truststore", "remove", rows[ROOT.dn]["sha256"][:12])
    assert f"client_authorities lists {ROOT.dn}" in ducat.run(*removal, said="n\n", status=1)
    assert "Removed" in ducat.run("truststore", "remove", ISSUING.dn, "--yes")
    assert file.read_bytes() == before
    assert "the only certificate" in ducat.run(*removal, "--yes", status=1)
    assert not [one.name for one in ducat.folder.iterdir() if one.name.endswith(".new")]


def test_a_check_names_all_that_is_wrong_or_will_be(ducat, file):
    weak = certificate("self-weak", key=rsa_key("weak", 1024), begins=NOW - 86_400)
    ended = certificate("self-ended", begins=NOW - 10 * 86_400, days=5)
    issued = ISSUING.issue("client", 9)
    file.write_bytes(ISSUING.pem + "".join((OWN, OWN, weak, ended, issued)).encode())
    found = json.loads(ducat.run("--json", "truststore", "check", status=1))
    said = {(one["level"], one["subject"].split(",")[0], one["finding"].split(" days")[0]) for one in found}
    assert said >= {
        ("warning", "CN=Issuing", f"the certificate of its issuer {ROOT.dn} is not there"),
        ("warning", "CN=self-own", "it ends in 18"),
        ("warning", "CN=self-own", "it is there twice"),
        ("problem", "CN=client", "it is neither an authority nor self-signed: let its authority in"),
        ("problem", "CN=Root", f"client_authorities lists {ROOT.dn}, which is not there"),
    }
    assert any(one["subject"].startswith("CN=self-weak") and "RSA of 2048" in one["finding"] for one in found)
    assert any(one["subject"].startswith("CN=self-ended") and "it ended on" in one["finding"] for one in found)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "ended.pem"), "nothing is added: CN=self-ended"),
        (("add", "words.txt"), "no certificate in PEM"),
        (("remove", "CN=Nobody", "--yes"), "no certificate is CN=Nobody"),
        (("list", "--file", "nowhere.pem"), "nowhere.pem can't be read"),
        (("list", "--deployed"), "has no truststore"),
        (("list", "--deployed", "--file", "a.pem"), "give one of them"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_changes_nothing(ducat, file, arguments, words):
    (ducat.folder / "ended.pem").write_text(certificate("self-ended", begins=NOW - 10 * 86_400, days=5))
    (ducat.folder / "words.txt").write_text("words")
    before = file.read_bytes()
    printed = ducat.run("truststore", *arguments, status=1)
    assert words in printed
    assert len(printed.splitlines()) == 1
    assert file.read_bytes() == before


def test_without_a_file_it_asks_for_one(ducat):
    assert "Give --file" in ducat.run("truststore", "list", status=1)


def test_in_a_bucket_a_new_version_is_written_over_the_one_that_was_read(ducat, file):
    class Bucket(BaseHTTPRequestHandler):
        """HEAD, GET and PUT of one object, whose ETag has to match."""

        content, version, put = ROOT.pem, "v1", []

        def do_HEAD(self):
            self.answer(b"")

        def do_GET(self):
            self.answer(Bucket.content)

        def do_PUT(self):
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            Bucket.put.append((self.path, self.headers["If-Match"]))
            Bucket.content, Bucket.version = sent, "v2"
            self.answer(b"")

        def answer(self, content):
            self.send_response(200)
            for name, value in (("ETag", '"e1"'), ("x-amz-version-id", Bucket.version)):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    Thread(target=server.serve_forever, daemon=True).start()
    settings = {"truststore_uri": "s3://bank-trust/t.pem", "truststore_version": "v1"}
    (ducat.folder / "ducat.json").write_text(json.dumps(settings))
    of_aws = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}", "AWS_REGION": "eu-central-1"}
    of_aws |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    try:
        added = ducat.run("truststore", "add", "issuing.pem", env=of_aws)
        assert 'Set "truststore_version": "v2", and deploy.' in added
        assert [etag for _, etag in Bucket.put] == ['"e1"']
        assert len(x509.load_pem_x509_certificates(Bucket.content)) == 2
        again = ducat.run("truststore", "add", "issuing.pem", status=1, env=of_aws)
        assert "the newest version of s3://bank-trust/t.pem is v2, and truststore_version is v1" in again
    finally:
        server.shutdown()
        server.server_close()
