"""The ring over time: a key is published before it signs, and until the last thing that it signed has expired."""

import json
from dataclasses import replace

import botocore.session
import pytest

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys
from chalicelib.keys import jose, signing
from chalicelib.keys.key_ring import STILL_PUBLISHED, CantSign, CantUnwrap, KeyRing, NoSigningKey
from chalicelib.keys.rotation import PUBLISHED_BEFORE_SIGNING
from chalicelib.settings import Settings, variable
from chalicelib.storage.dynamodb.signing_keys import KEYS_CACHE_SECONDS
from chalicelib.storage.signing_keys import SigningKey
from tests.aws_in_process import aws as standin

NOW = 1_800_000_000


def key(kid, *, alg="PS256", signs_from=NOW, published_until=None):
    return SigningKey(kid, alg, f"arn:{kid}", {"kid": kid, "alg": alg}, signs_from, published_until)


class Registry:
    def __init__(self, *keys):
        self.keys = keys

    def all(self, *, now):
        return self.keys

    def forget(self):
        pass


def ring(*keys):
    """A ring whose signers and unwrappers are their keys' kids."""
    return KeyRing(Registry(*keys), lambda signing_key: signing_key.kid, lambda decryption_key: decryption_key.kid)


def first(keys, alg, use="id_token", *, now):
    """Who signs, if they can."""
    return next(keys.signers_for(alg, use, now=now))


def kids(jwks):
    return [jwk["kid"] for jwk in jwks["keys"]]


# Who signs.


def test_the_newest_key_that_may_sign_signs():
    keys = ring(key("old", signs_from=NOW - 9), key("new", signs_from=NOW), key("next", signs_from=NOW + 1))
    assert first(keys, "PS256", now=NOW) == "new"
    assert first(keys, "PS256", now=NOW - 1) == "old"
    assert first(keys, "PS256", now=NOW + 1) == "next"


def test_a_key_signs_its_own_algorithm_alone():
    keys = ring(key("rsa", signs_from=NOW - 5), key("ec", alg="ES256"))
    assert (first(keys, "PS256", now=NOW), first(keys, "ES256", now=NOW)) == ("rsa", "ec")


def test_a_key_that_is_no_longer_published_does_not_sign():
    assert first(ring(key("old", signs_from=1), key("gone", published_until=NOW)), "PS256", now=NOW) == "old"


def test_of_two_keys_of_one_instant_every_function_chooses_the_same():
    two = key("a"), key("b")
    assert first(ring(*two), "PS256", now=NOW) == first(ring(*reversed(two)), "PS256", now=NOW)


@pytest.mark.parametrize(
    "keys", [(), (key("ec", alg="ES256"),), (key("next", signs_from=NOW + 1),), (key("gone", published_until=NOW),)]
)
def test_where_no_key_may_sign_nothing_is_signed(keys):
    with pytest.raises(NoSigningKey):
        first(ring(*keys), "PS256", now=NOW)


def test_what_is_encrypted_to_never_signs_and_what_signs_is_never_encrypted_to():
    sealed = SigningKey("enc", "RSA-OAEP-256", "arn:enc", {"kid": "enc", "use": "enc"}, NOW)
    disguised = replace(sealed, kid="x", alg="PS256", public_jwk={"kid": "x", "use": "enc"}, signs_from=NOW + 1)
    keys = ring(key("sig"), sealed, disguised)
    assert first(keys, "PS256", now=NOW + 9) == "sig"
    assert keys.unwrapper_for("enc", now=NOW) == "enc"
    assert ring(key("sig"), sealed).unwrapper_for(None, now=NOW) == "enc"
    for kid in ("sig", "nobody", None):
        with pytest.raises(CantUnwrap):
            keys.unwrapper_for(kid, now=NOW)
    with pytest.raises(CantUnwrap):
        ring(replace(sealed, published_until=NOW)).unwrapper_for("enc", now=NOW)


# Keys for each use, and those that can't sign.


def tried(keys, alg="PS256", use="id_token", *, now=NOW):
    """Who is tried, one after the other, where none can sign."""
    kids = []
    with pytest.raises(NoSigningKey):
        kids.extend(keys.signers_for(alg, use, now=now))  # keeps those before the end
    return kids


def test_a_key_of_one_use_signs_for_it_alone_and_before_one_of_all_uses():
    pages = replace(key("pages", signs_from=NOW - 9), uses=("authorization_response",))
    keys = ring(pages, key("all", signs_from=NOW))
    assert first(keys, "PS256", "authorization_response", now=NOW) == "pages"
    assert first(keys, "PS256", "id_token", now=NOW) == "all"
    assert first(keys, "PS256", "api_response", now=NOW) == "all"


def test_each_use_has_its_own_keys_to_verify_by_and_the_world_sees_all():
    keys = ring(
        replace(key("pages"), uses=("authorization_response",)), key("all"), replace(key("t"), uses=("id_token",))
    )
    assert kids(keys.jwks(now=NOW)) == ["pages", "all", "t"]
    assert kids(keys.jwks(now=NOW, use="id_token")) == ["all", "t"]


def test_where_a_key_cannot_sign_others_are_tried_the_newest_first_and_then_those_to_come():
    keys = ring(
        key("next", signs_from=NOW + 5),
        key("last", signs_from=NOW + 9),
        key("old", signs_from=NOW - 9),
        key("new", signs_from=NOW),
        key("ec", alg="ES256"),
        replace(key("pages"), uses=("authorization_response",)),
        key("gone", published_until=NOW),
    )
    assert tried(keys) == ["new", "old", "next", "last"]


def test_what_leaves_the_jwks_soon_signs_no_more():
    """What it signs is to be verified for longer."""
    keys = ring(key("old", signs_from=1), key("leaving", signs_from=2, published_until=NOW + STILL_PUBLISHED))
    assert tried(keys) == ["old"]
    assert tried(keys, now=NOW - 1) == ["leaving", "old"]
    assert (
        first(ring(key("leaving", signs_from=1, published_until=NOW + STILL_PUBLISHED + 1)), "PS256", now=NOW)
        == "leaving"
    )


def test_at_the_end_the_registry_is_read_anew():
    registry = Registry(key("old"))
    registry.forget = lambda: setattr(registry, "keys", (key("old"), key("new")))
    assert tried(KeyRing(registry, lambda one: one.kid, lambda one: one.kid)) == ["old", "new"]


class Unusable:
    """A signer whose key KMS refuses."""

    def __init__(self, key):
        self.kid, self.alg = key.kid, key.alg

    def sign(self, data):
        raise CantSign("DisabledException")


class Usable(Unusable):
    def sign(self, data):
        return b"signature"


def test_a_key_that_cannot_sign_is_replaced_and_leaves_a_line(caplog):
    made = {"new": Unusable, "old": Usable}
    keys = KeyRing(Registry(key("new"), key("old", signs_from=1)), lambda one: made[one.kid](one), lambda one: one.kid)
    token = signing.sign({"sub": "alice"}, keys, "PS256", "id_token", now=NOW)
    assert jose.parse(token).kid == "old"
    (line,) = [json.loads(record.getMessage()) for record in caplog.records]
    assert line == {
        "endpoint": "keys", "outcome": "unusable", "kid": "new", "use": "id_token", "reason": "DisabledException",
    }  # fmt: skip


def test_where_no_key_can_sign_nothing_is_signed():
    keys = KeyRing(Registry(key("new")), Unusable, Unusable)
    with pytest.raises(NoSigningKey):
        signing.sign({"sub": "alice"}, keys, "PS256", "id_token", now=NOW)


# What the world sees.


def test_a_key_is_published_before_it_signs_and_until_its_end():
    keys = ring(key("old", published_until=NOW + 10), key("next", signs_from=NOW + 900))
    assert kids(keys.jwks(now=NOW)) == ["old", "next"]
    assert kids(keys.jwks(now=NOW + 9)) == ["old", "next"]
    assert kids(keys.jwks(now=NOW + 10)) == ["next"]


# Publishing and rotating, on the stand-in's keys.


@pytest.fixture(scope="module")
def aws():
    """A stand-in of this file's own, and the settings that lead to it."""
    with standin.running("eu-west-1") as (stand, found):
        unused = {variable(name): "unused" for name in Settings._fields} | {
            variable("vocabulary"): "{}",
            variable("otp_level"): "2",
            variable("weekly_tables"): "no",
            variable("data_keys"): "yes",
            variable("secure_payment_confirmation"): "no",
        }
        hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
        yield stand, Settings.read(unused | hosts | found)


@pytest.fixture
def at(aws):
    """A function: an instant, and settings that differ, to the provider of a fresh function at that instant."""
    stand, settings = aws
    put_back = stand.kept()
    yield lambda now, **changes: Aws(settings._replace(**changes), clock=lambda: now)
    put_back()


def further_key(spec="RSA_2048"):
    client = botocore.session.get_session().create_client("kms")
    return client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]


def test_the_first_keys_are_published_and_sign_at_once(at):
    done = publish_keys.run(at(NOW))
    provider = at(NOW)
    assert len(done["published"]) == 4
    assert sorted(kids(provider.ring.jwks(now=NOW))) == sorted(done["published"])
    signing = {first(provider.ring, alg, now=NOW).kid for alg in ("PS256", "ES256", "EdDSA")}
    (decrypting,) = set(done["published"]) - signing
    assert provider.ring.unwrapper_for(decrypting, now=NOW).public_jwk["use"] == "enc"


def test_where_there_is_no_key_for_eddsa_the_others_are_published_and_nothing_is_signed_so(at):
    provider = at(NOW, eddsa_key=None)
    assert len(publish_keys.run(provider)["published"]) == 3
    with pytest.raises(NoSigningKey, match="EdDSA"):
        first(provider.ring, "EdDSA", now=NOW)


def test_publishing_again_changes_nothing(at):
    publish_keys.run(at(NOW))
    before = at(NOW).signing_keys.all(now=NOW)
    assert publish_keys.run(at(NOW + 86_400)) == {"published": []}
    assert at(NOW).signing_keys.all(now=NOW) == before


def test_a_further_key_is_seen_at_once_and_signs_only_when_every_cache_knows_it(at):
    publish_keys.run(at(NOW))
    old = first(at(NOW).ring, "PS256", now=NOW).kid
    (new,) = publish_keys.run(at(NOW + 5, ps256_key=further_key()))["published"]
    later = NOW + 5 + PUBLISHED_BEFORE_SIGNING
    keys = at(NOW + 5).ring
    assert new in kids(keys.jwks(now=NOW + 5))
    assert first(keys, "PS256", now=later - 1).kid == old
    assert first(at(later).ring, "PS256", now=later).kid == new
    assert {old, new} <= set(kids(at(later).ring.jwks(now=later)))


def test_what_the_old_key_signed_is_verified_after_the_change(at):
    publish_keys.run(at(NOW))
    old = first(at(NOW).ring, "ES256", now=NOW).kid
    publish_keys.run(at(NOW, es256_key=further_key("ECC_NIST_P256")))
    later = NOW + PUBLISHED_BEFORE_SIGNING
    assert first(at(later).ring, "ES256", now=later).kid != old
    assert old in kids(at(later).ring.jwks(now=later))


def test_a_retired_key_leaves_the_jwks_when_its_time_is_over(at):
    publish_keys.run(at(NOW))
    provider = at(NOW)
    (old,) = [one for one in provider.signing_keys.all(now=NOW) if one.alg == "PS256"]
    provider.signing_keys.put(replace(old, published_until=NOW + 300))
    assert old.kid in kids(at(NOW + 299).ring.jwks(now=NOW + 299))
    assert old.kid not in kids(at(NOW + 300).ring.jwks(now=NOW + 300))


def test_what_is_published_has_public_members_alone(at):
    publish_keys.run(at(NOW))
    for jwk in at(NOW).ring.jwks(now=NOW)["keys"]:
        assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "k", "key_id"}


def test_no_cache_outlasts_the_wait_before_a_key_signs(at):
    from chalicelib.endpoints import jwks
    from chalicelib.messages import Request

    publish_keys.run(at(NOW))
    answer = jwks.answer(Request("GET", "/jwks"), at(NOW))
    (cached,) = [value for name, value in answer.headers if name == "Cache-Control"]
    (seconds,) = [int(part.partition("=")[2]) for part in cached.split(",") if "max-age" in part]
    assert 0 < seconds + KEYS_CACHE_SECONDS <= PUBLISHED_BEFORE_SIGNING
