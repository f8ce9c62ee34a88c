"""The job rotate_keys: keys are made, changed over, retired and deleted; by command; interrupted anywhere; twice at once."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from botocore.exceptions import ConnectionClosedError
from pynamodb.exceptions import PynamoDBException

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys, rotate_keys
from chalicelib.jobs.rotate_keys import DAY, RotationIncomplete, UnknownKey
from chalicelib.keys import jose, rotation, signing
from chalicelib.keys.key_ring import NoSigningKey
from chalicelib.keys.rotation import PUBLISHED_BEFORE_SIGNING, Slot
from chalicelib.settings import Settings, variable
from chalicelib.storage.dynamodb.signing_keys import CLAIM_SECONDS, KEYS_CACHE_SECONDS
from tests.aws_in_process import aws as standin
from tests.aws_in_process.errors import AwsError
from tests.rotation_drill import drill

NOW = 1_800_000_000
HOUR = 3600
ROTATION, ANNOUNCEMENT, RETENTION = 90 * DAY, 14 * DAY, 14 * DAY


@pytest.fixture(scope="module")
def stood():
    with standin.running("eu-west-1") as (stand, found):
        unused = {variable(name): "unused" for name in Settings._fields if not name.startswith(("key_", "stack"))}
        chosen = {
            variable(name): "no"
            for name in ("weekly_tables", "data_keys", "multi_region_keys", "secure_payment_confirmation")
        }
        given = unused | chosen | {variable("otp_level"): "2", variable("vocabulary"): "{}"}
        hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
        yield stand, Settings.read(given | hosts | found)._replace(ps256_key=None, eddsa_key=None)


class World:
    """A deployment whose clock the test sets. It signs by ES256 alone, because RSA keys take long to make."""

    def __init__(self, stand, settings):
        self.stand, self.settings, self.now = stand, settings, NOW
        self._aws = self.another()

    def aws(self):
        """A function that has read nothing yet. It is the same one each time, because its clients take long to make."""
        self._aws.signing_keys.forget()
        return self._aws

    def another(self, **changes):
        """A function of its own."""
        return Aws(self.settings._replace(**changes), clock=lambda: self.now)

    def run(self, command=None, *, after=0):
        self.now += after
        return rotate_keys.run(self.aws(), command or {"detail-type": "Scheduled Event"})

    def pass_time(self):
        self.now += 60

    def registry(self):
        return self.aws().signing_keys.all(now=self.now)

    def current(self, use="id_token", alg="ES256"):
        return rotation.current(Slot(use, alg), self.registry(), now=self.now)

    def upcoming(self, use="id_token", alg="ES256"):
        return rotation.upcoming(Slot(use, alg), self.registry(), now=self.now)

    def jwks(self):
        return {jwk["kid"] for jwk in self.aws().ring.jwks(now=self.now)["keys"]}

    def signs(self, use="id_token", alg="ES256"):
        token = signing.sign({"sub": "alice"}, self.aws().ring, alg, use, now=self.now)
        return jose.parse(token).kid

    def made(self):
        """The KMS keys that the job made."""
        return {arn: key for arn, key in self.stand.keys.kept().items() if key.tags}


@pytest.fixture
def world(stood):
    stand, settings = stood
    put_back = stand.kept()
    yield World(stand, settings)
    put_back()


@pytest.fixture
def one_slot(monkeypatch):
    """A deployment that signs ID tokens alone."""
    monkeypatch.setattr(rotation, "USES", ("id_token",))


# By schedule.


def test_the_first_keys_sign_at_once_one_for_each_use_and_the_next_ones_are_published(world):
    assert len(world.run()["made"]) == 3
    assert {use: world.signs(use) for use in rotation.USES} == {use: world.current(use).kid for use in rotation.USES}
    assert len(world.run(after=HOUR)["made"]) == 3
    for use in rotation.USES:
        assert world.upcoming(use).signs_from == world.current(use).signs_from + ROTATION
        assert world.upcoming(use).kid in world.jwks()
    assert world.run(after=HOUR)["made"] == []


def test_a_key_bears_the_tags_that_the_roles_go_by(world):
    world.run()
    tags = [dict(key.tags) for key in world.made().values()]
    assert {(one["ducat:stack"], one["ducat:use"]) for one in tags} == {("ducat", use) for use in rotation.USES}
    assert {key.usage for key in world.made().values()} == {"SIGN_VERIFY"}
    assert not any(key.multi_region for key in world.made().values())


def test_where_the_deployment_says_so_keys_are_multi_region_keys(world):
    rotate_keys.run(world.another(multi_region_keys="yes"), {})
    assert world.signs() == world.current().kid
    assert all(":key/mrk-" in arn for arn in world.made())


def test_every_algorithm_of_the_deployment_has_keys_of_its_own(world):
    algs = {"ps256_key": "any", "es256_key": "any", "eddsa_key": "any"}
    rotate_keys.run(world.another(**algs), {})
    made = Counter((key.spec, dict(key.tags)["ducat:use"]) for key in world.made().values())
    specs = ("RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519")
    assert made == {(spec, use): 1 for spec in specs for use in rotation.USES}
    assert {key.alg for key in world.registry()} == {"PS256", "ES256", "EdDSA"}


def test_a_key_signs_for_its_rotation_and_leaves_the_jwks_after_its_retention_and_is_deleted_a_day_later(world):
    world.run()
    first = world.current()
    world.run(after=HOUR)
    second = world.upcoming()
    world.now = second.signs_from - 1
    assert world.signs() == first.kid
    world.now += 1
    assert world.signs() == second.kid, "the change takes no run of the job"
    assert first.kid in world.run(after=HOUR)["retired"]
    world.now = second.signs_from + RETENTION - 1
    assert first.kid in world.jwks()
    world.now += 1
    assert first.kid not in world.jwks()
    assert world.run(after=DAY - 1)["deleted"] == []
    assert world.made()[first.key_id].state == "Enabled"
    assert first.kid in world.run(after=1)["deleted"]
    assert world.made()[first.key_id].state == "PendingDeletion"
    assert world.run(after=HOUR)["deleted"] == []
    assert first.kid not in {key.kid for key in world.registry()}


def test_where_the_job_did_not_run_for_long_the_next_key_is_announced_all_the_same(world):
    world.run()
    world.now += 2 * ROTATION
    done = world.run()
    assert sorted(done["late"]) == sorted(f"{use} ES256" for use in rotation.USES)
    assert world.upcoming().signs_from == world.now + ANNOUNCEMENT
    assert world.run(after=HOUR)["late"] == done["late"], "until the next key signs"
    assert world.run(after=ANNOUNCEMENT)["late"] == []


def test_nothing_is_late_before_its_time(world):
    world.run()
    assert world.run(after=ROTATION)["late"] == []


# A deployment of the release before, whose keys the template makes.


def test_keys_of_the_template_sign_until_those_of_each_use_were_announced_and_are_then_retired(world):
    publish_keys.run(world.aws())
    (template,) = [key for key in world.registry() if key.alg == "ES256"]
    world.now += 100 * DAY
    world.run()
    assert world.signs() == world.signs("api_response") == template.kid
    assert {world.upcoming(use).signs_from for use in rotation.USES} == {world.now + ANNOUNCEMENT}
    world.now += ANNOUNCEMENT
    assert {world.signs(use) for use in rotation.USES} == {world.current(use).kid for use in rotation.USES}
    assert template.kid in world.run(after=HOUR)["retired"]
    assert template.kid in world.jwks()
    world.now += RETENTION
    assert template.kid not in world.jwks()
    world.run(after=2 * DAY)
    assert publish_keys.run(world.aws()) == {"published": []}, "it is over, and not new"
    assert world.stand.keys.kept()[template.key_id].state == "Enabled", "CloudFormation's, not the job's"


def test_a_fresh_deployment_whose_template_made_keys_changes_over_within_the_hour(world):
    """No client relies on keys that are a minute old."""
    publish_keys.run(world.aws())
    world.run(after=60)
    assert world.upcoming().signs_from == world.now + PUBLISHED_BEFORE_SIGNING
    world.now += PUBLISHED_BEFORE_SIGNING
    assert world.signs() == world.current().kid


def test_once_the_settings_name_no_key_of_the_template_its_record_goes(world):
    publish_keys.run(world.aws())
    (template,) = [key for key in world.registry() if key.alg == "ES256"]
    world.aws().signing_keys.put(replace(template, published_until=world.now))
    world.now += 2 * DAY
    world.run()
    assert template.kid in {key.kid for key in world.registry()}, "else publish_keys would publish it again"
    rotate_keys.run(world.another(es256_key="another"), {})
    assert template.kid not in {key.kid for key in world.registry()}


def test_what_clients_encrypt_to_is_left_alone(world):
    publish_keys.run(world.aws())
    (sealed,) = [key for key in world.registry() if key.public_jwk["use"] == "enc"]
    for after in (HOUR, ANNOUNCEMENT, ROTATION, RETENTION, ROTATION):
        world.run(after=after)
    assert sealed in world.registry()
    with pytest.raises(UnknownKey):
        world.run({"compromised": sealed.kid})


# By command.


@pytest.fixture
def rotating(world):
    """A deployment with a key and a next key for each use."""
    world.run()
    world.run(after=HOUR)
    return world


def test_at_a_command_the_next_keys_sign_at_once_and_no_key_signs_that_a_cache_may_lack(rotating):
    following = {use: rotating.upcoming(use).kid for use in rotation.USES}
    rotating.now += PUBLISHED_BEFORE_SIGNING
    rotating.run({"rotate": True})
    assert {use: rotating.signs(use) for use in rotation.USES} == following
    again = {use: rotating.upcoming(use) for use in rotation.USES}
    rotating.run({"rotate": True}, after=60)
    assert {use: rotating.signs(use) for use in rotation.USES} == following, "the next ones are a minute old"
    rotating.now = again["id_token"].published_from + PUBLISHED_BEFORE_SIGNING
    assert rotating.signs() == again["id_token"].kid


def test_a_compromised_key_is_replaced_stopped_and_withdrawn_by_one_command(rotating):
    old, following, other = rotating.current(), rotating.upcoming(), rotating.current("api_response")
    done = rotating.run({"compromised": old.kid})
    assert done["withdrawn"] == [old.kid]
    assert rotating.signs() == following.kid, "which every client has known for an hour"
    assert old.kid not in rotating.jwks()
    assert rotating.made()[old.key_id].state == "Disabled"
    assert rotating.signs("api_response") == other.kid, "another key has another use"
    assert rotating.upcoming().kid in done["made"]
    assert rotating.run({"compromised": old.kid}, after=60)["withdrawn"] == [], "done already"
    assert old.kid in rotating.run(after=DAY)["deleted"]
    assert rotating.made()[old.key_id].state == "PendingDeletion"


def test_a_warm_function_signs_with_the_new_key_though_it_does_not_know_of_the_command(rotating):
    old, following = rotating.current(), rotating.upcoming()
    warm = rotating.another()
    signing.sign({}, warm.ring, "ES256", "id_token", now=rotating.now)
    rotating.run({"compromised": old.kid})
    token = signing.sign({}, warm.ring, "ES256", "id_token", now=rotating.now)
    assert jose.parse(token).kid == following.kid


def test_the_old_key_is_gone_from_a_warm_jwks_within_a_minute(rotating):
    old = rotating.current()
    warm = rotating.another()
    warm.ring.jwks(now=rotating.now)
    rotating.run({"compromised": old.kid})
    assert KEYS_CACHE_SECONDS <= 60
    rotating.now += 60
    assert old.kid not in {jwk["kid"] for jwk in warm.ring.jwks(now=rotating.now)["keys"]}


def test_where_there_is_no_next_key_a_compromised_one_is_replaced_by_one_that_signs_at_once(world):
    world.run()
    old = world.current()
    done = world.run({"compromised": old.kid})
    assert world.signs() in done["made"]
    assert world.current().signs_from == world.now


def test_a_compromised_key_of_the_template_is_replaced_for_each_use(world):
    publish_keys.run(world.aws())
    world.now += 100 * DAY
    (template,) = [key for key in world.registry() if key.alg == "ES256"]
    world.run({"compromised": template.kid})
    assert {world.signs(use) for use in rotation.USES} == {world.current(use).kid for use in rotation.USES}
    assert template.kid not in world.jwks()
    assert world.stand.keys.kept()[template.key_id].state == "Disabled"


def test_a_key_that_was_retired_does_not_stand_in_for_a_compromised_one(rotating):
    """It leaves the JWKS in some days, and nothing would be signed then."""
    rotating.now = rotating.upcoming().signs_from
    rotating.run()
    old, following = rotating.current(), rotating.upcoming()
    rotating.run({"compromised": old.kid}, after=HOUR)
    assert rotating.signs() == following.kid


def test_where_every_key_that_signs_has_an_end_the_next_one_signs(rotating):
    """An operator wrote it into the registry, or a command ended half way."""
    old, following = rotating.current(), rotating.upcoming()
    rotating.aws().signing_keys.put(replace(old, published_until=rotating.now + DAY))
    rotating.run(after=HOUR)
    assert rotating.signs() == following.kid


def test_a_compromised_next_key_is_withdrawn_and_another_one_made(rotating):
    signs, following = rotating.current(), rotating.upcoming()
    rotating.run({"compromised": following.kid})
    assert (rotating.signs(), following.kid in rotating.jwks()) == (signs.kid, False)
    assert rotating.upcoming().kid != following.kid


@pytest.mark.parametrize("kid", ["nobody's", "", 7, True, ["x"]])
def test_a_kid_that_is_no_signing_key_is_an_error_and_nothing_is_done(rotating, kid):
    before = rotating.registry()
    with pytest.raises(UnknownKey, match="/jwks lists them"):
        rotating.run({"compromised": kid})
    assert rotating.registry() == before


def refusing(*operations):
    def fault(call, work):
        if call.operation in operations:
            raise AwsError("AccessDeniedException", "no")
        return work()

    return fault


@pytest.mark.parametrize("refused", ["DisableKey", "CreateKey"])
def test_whatever_fails_a_compromised_key_leaves_the_jwks_and_the_failure_is_told(rotating, refused):
    old = rotating.current()
    with rotating.stand.failing(refusing(refused)), pytest.raises(RotationIncomplete, match=f"{refused}: AccessDenied"):
        rotating.run({"compromised": old.kid})
    assert old.kid not in rotating.jwks()
    assert rotating.signs() != old.kid
    rotating.run({"compromised": old.kid}, after=CLAIM_SECONDS)
    assert rotating.made()[old.key_id].state == "Disabled"


def test_a_compromised_key_that_nothing_can_replace_leaves_the_jwks_too(world):
    """Nothing is signed then. What a thief signs must not verify."""
    world.run()
    old = world.current()
    with world.stand.failing(refusing("CreateKey")), pytest.raises(RotationIncomplete, match="CreateKey"):
        world.run({"compromised": old.kid})
    assert old.kid not in world.jwks()
    with pytest.raises(NoSigningKey):
        world.signs()
    world.run(after=CLAIM_SECONDS)
    assert world.signs() == world.current().kid


def test_a_problem_of_one_key_stops_no_other(world):
    """The first slot's key can't be made."""
    seen = []

    def fault(call, work):
        if call.operation == "CreateKey" and not seen:
            seen.append(call)
            raise AwsError("LimitExceededException", "no")
        return work()

    with world.stand.failing(fault), pytest.raises(RotationIncomplete, match="LimitExceeded"):
        world.run()
    assert len([key for key in world.registry() if key.uses]) == 2
    assert len(world.run(after=CLAIM_SECONDS)["made"]) == 3, "the one that failed, and next keys of the others"


# Two at once, and interrupted.


def test_of_two_runs_at_once_one_makes_a_key(world, one_slot):
    """The other one begins at each call of the first. Both find that the next key is missing."""
    world.run()
    world.now += HOUR
    for call in range(10):
        put_back = world.stand.kept()
        calls, inner = [], []

        def fault(_, work, calls=calls, inner=inner, at=call):
            calls.append(1)
            if len(calls) == at + 1 and not inner:
                inner.append(1)
                world.run()
            return work()

        with world.stand.failing(fault):
            world.run()
        own = [key for key in world.registry() if key.uses]
        assert len(own) == len(world.made()) == 2, call
        put_back()


class Killed(BaseException):
    """The function's end, at a call to AWS."""


def interrupted(at, *, answered):
    """A fault: the function ends at that call, before it is done or after."""
    calls = []

    def fault(_, work):
        calls.append(1)
        if len(calls) == at + 1:
            if answered:
                work()
            raise Killed
        return work()

    return fault


def failing_once(at):
    """A fault: AWS answers that call with an error that botocore does not send again."""
    calls = []

    def fault(_, work):
        calls.append(1)
        if len(calls) == at + 1:
            raise AwsError("AccessDeniedException", "no")
        return work()

    return fault


def calls_of(world, work):
    """How many calls to AWS it makes."""
    calls, put_back = [], world.stand.kept()

    def fault(_, do):
        calls.append(1)
        return do()

    with world.stand.failing(fault):
        work()
    put_back()
    return len(calls)


def whole(world):
    """Every slot has a key and a next key, and KMS has no other enabled key of the deployment's."""
    slots = rotation.slots(["ES256"])
    registry = world.registry()
    keys = [find(slot, registry, now=world.now) for slot in slots for find in (rotation.current, rotation.upcoming)]
    published = {key.key_id for key in registry if key.uses and rotation.is_published(key, now=world.now)}
    enabled = {arn for arn, key in world.made().items() if key.state == "Enabled"}
    return None not in keys and enabled == published and len(published) == len(keys)


SCENES = {
    "first": (lambda world: None, {}),
    "next": (lambda world: world.run(), {}),
    "compromised": (lambda world: (world.run(), world.run(after=HOUR)), {"compromised": None}),
    "compromised, without a next key": (lambda world: (world.run(), world.pass_time()), {"compromised": None}),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_run_that_ends_at_any_call_is_completed_by_the_next_ones(world, one_slot, scene):
    prepare, command = SCENES[scene]
    prepare(world)
    old = world.current()
    if command:
        command = {"compromised": old.kid}
    at_first, begun = world.now, world.stand.kept()
    calls = calls_of(world, lambda: world.run(command))
    assert calls > 6
    for call in range(calls):
        for fault in (interrupted(call, answered=False), interrupted(call, answered=True), failing_once(call)):
            world.now = at_first
            # PynamoDBException: the registry could not be read at all.
            with world.stand.failing(fault), suppress(Killed, RotationIncomplete, PynamoDBException):
                world.run(command)
            for _ in range(3):
                world.run(command, after=CLAIM_SECONDS)
            assert whole(world), (call, fault)
            if command:
                assert old.kid not in world.jwks()
                assert world.made()[old.key_id].state == "Disabled"
                assert world.signs() != old.kid
            begun()


def test_a_key_that_an_interrupted_run_made_is_taken_and_a_second_one_deleted(world, one_slot):
    """A lost answer of CreateKey, twice: KMS knows no token that would make it one call."""
    lost = []

    def fault(call, work):
        answer = work()
        if call.operation == "CreateKey" and len(lost) < 2:
            lost.append(answer)
            raise Killed
        return answer

    with world.stand.failing(fault):
        with pytest.raises(Killed):
            world.run()
        first = set(world.made())
        attempt = dict(next(iter(world.made().values())).tags)["ducat:attempt"]
        with pytest.raises(Killed):
            world.aws().key_lifecycle.create("id_token", "ES256", attempt)
    world.run(after=CLAIM_SECONDS)
    states = Counter(key.state for key in world.made().values())
    assert states == {"Enabled": 1, "PendingDeletion": 1}
    assert world.current().key_id in world.made()
    assert first <= set(world.made())


def test_a_key_is_requested_once_though_no_answer_comes(world, one_slot):
    """botocore would send the call again, and KMS make another key."""
    calls = []

    def fault(call, work):
        if call.operation == "CreateKey":
            calls.append(call)
            raise ConnectionClosedError(endpoint_url="kms")
        return work()

    with world.stand.failing(fault), pytest.raises(RotationIncomplete, match="ConnectionClosedError"):
        world.run()
    assert len(calls) == 1


def test_a_key_of_another_deployment_or_use_is_never_taken(world, one_slot):
    """Even if its attempt had the same name."""
    with world.stand.failing(refusing("CreateKey")), pytest.raises(RotationIncomplete):
        world.run()
    claim = world.stand.database._tables[world.settings.signing_keys_table].items
    (attempt,) = [item["attempt"]["S"] for item in claim.values() if "attempt" in item]
    foreign = [
        world.another(stack_name="another").key_lifecycle.create("id_token", "ES256", attempt),
        world.aws().key_lifecycle.create("api_response", "ES256", attempt),
    ]
    world.run(after=CLAIM_SECONDS)
    assert world.current().key_id not in foreign


# Under load.


def test_across_a_rotation_and_a_compromise_no_signature_is_refused_and_each_is_verified():
    """The drill in a short form; `make rotations` signs thousands."""
    counts = drill(450, say=lambda line: None)
    assert (counts.refused, counts.unverified, counts.by_withdrawn) == (0, 0, 0)
    assert counts.signed.total() >= 450
    assert len(counts.signed) == 2 + 6 + 6 + 1, (
        "of the template, of each use, the next ones, and what came after a compromise"
    )
