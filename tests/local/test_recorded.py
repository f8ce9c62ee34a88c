"""The record of `make run`, in a file."""

import json
import logging
import stat

from chalicelib import log_lines, writer
from chalicelib.assembly import Aws
from chalicelib.audit.event import from_json
from chalicelib.settings import Settings
from local import aws_stand_in
from local.recorded import LineFile, Recorder
from tests.storage import sample_records


def test_what_changes_and_what_is_logged_is_in_a_file_of_its_owners(tmp_path):
    file = tmp_path / "audit.jsonl"
    hosts = {f"DUCAT_{name}": "https://bank.example" for name in ("ISSUER", "MTLS_URL", "RESOURCE_URL")}
    others = {"DUCAT_BANK_NAME": "Bank", "DUCAT_USER_DIRECTORY": "m:f", "DUCAT_RESOURCE_RULES": "{}"}
    with aws_stand_in.in_process() as made:
        aws = Aws(Settings.read(hosts | others | made))
        aws.audit_files = LineFile(file)
        known = sample_records.client()
        aws.clients.put(known)  # Before: what the tables hold already is not recorded.
        recorder = Recorder(lambda: aws, account=aws_stand_in.ACCOUNT, region=aws_stand_in.REGION)
        recorder.start()
        writer.use("operator:erna", None)
        aws.dynamo.operated_clients.suspend(known.client_id, now=1)
        aws.users.put(sample_records.user())
        log_lines.write(logging.getLogger("ducat"), {"endpoint": "par", "outcome": "401", "error": "invalid_client"})
        recorder.look()
        recorder.look()
        aws.dynamo.operated_clients.end(aws.dynamo.operated_clients.find(known.client_id), now=1)
        recorder.stop()
    events = [from_json(json.loads(line)) for line in file.read_text().splitlines()]
    assert [event.what for event in events] == ["client.suspended", "user.added", "request.refused", "client.ended"]
    assert {event.actor.id for event in events if event.actor.kind == "operator"} == {"erna"}
    assert [event.actor.kind for event in events] == ["operator", "operator", "client", "operator"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
