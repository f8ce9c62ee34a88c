"""The ring over time: a key is published before it signs, and until the last thing that it signed has expired."""

from dataclasses import fields, replace

import botocore.session
import pytest

from chalicelib.assembly import Aws
from chalicelib.jobs import publish_keys
from chalicelib.jobs.publish_keys import PUBLISHED_BEFORE_SIGNING
from chalicelib.keys.key_ring import CantUnwrap, KeyRing, NoSigningKey
from chalicelib.settings import Settings, variable
from chalicelib.storage.dynamodb.signing_keys import KEYS_CACHE_SECONDS
from chalicelib.storage.records import SigningKey
from tests.aws_in_process import aws as standin

NOW = 1_800_000_000


def key(kid, *, alg="PS256", signs_from=NOW, published_until=None):
    return SigningKey(kid, alg, f"arn:{kid}", {"kid": kid, "alg": alg}, signs_from, published_until)


class Registry:
    def __init__(self, *keys):
        self.keys = keys

    def all(self, *, now):
        return self.keys


def ring(*keys):
    """A ring whose signers and unwrappers are their keys' kids."""
    return KeyRing(Registry(*keys), lambda signing_key: signing_key.kid, lambda decryption_key: decryption_key.kid)


def kids(jwks):
    return [jwk["kid"] for jwk in jwks["keys"]]


# Who signs.


def test_the_newest_key_that_may_sign_signs():
    keys = ring(key("old", signs_from=NOW - 9), key("new", signs_from=NOW), key("next", signs_from=NOW + 1))
    assert keys.signer_for("PS256", now=NOW) == "new"
    assert keys.signer_for("PS256", now=NOW - 1) == "old"
    assert keys.signer_for("PS256", now=NOW + 1) == "next"


def test_a_key_signs_its_own_algorithm_alone():
    keys = ring(key("rsa", signs_from=NOW - 5), key("ec", alg="ES256"))
    assert (keys.signer_for("PS256", now=NOW), keys.signer_for("ES256", now=NOW)) == ("rsa", "ec")


def test_a_key_that_is_no_longer_published_does_not_sign():
    assert ring(key("old", signs_from=1), key("gone", published_until=NOW)).signer_for("PS256", now=NOW) == "old"


def test_of_two_keys_of_one_instant_every_function_chooses_the_same():
    two = key("a"), key("b")
    assert ring(*two).signer_for("PS256", now=NOW) == ring(*reversed(two)).signer_for("PS256", now=NOW)


@pytest.mark.parametrize(
    "keys", [(), (key("ec", alg="ES256"),), (key("next", signs_from=NOW + 1),), (key("gone", published_until=NOW),)]
)
def test_where_no_key_may_sign_nothing_is_signed(keys):
    with pytest.raises(NoSigningKey):
        ring(*keys).signer_for("PS256", now=NOW)


def test_what_is_encrypted_to_never_signs_and_what_signs_is_never_encrypted_to():
    sealed = SigningKey("enc", "RSA-OAEP-256", "arn:enc", {"kid": "enc", "use": "enc"}, NOW)
    disguised = replace(sealed, kid="x", alg="PS256", public_jwk={"kid": "x", "use": "enc"}, signs_from=NOW + 1)
    keys = ring(key("sig"), sealed, disguised)
    assert keys.signer_for("PS256", now=NOW + 9) == "sig"
    assert keys.unwrapper_for("enc", now=NOW) == "enc"
    assert ring(key("sig"), sealed).unwrapper_for(None, now=NOW) == "enc"
    for kid in ("sig", "nobody", None):
        with pytest.raises(CantUnwrap):
            keys.unwrapper_for(kid, now=NOW)
    with pytest.raises(CantUnwrap):
        ring(replace(sealed, published_until=NOW)).unwrapper_for("enc", now=NOW)


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
        unused = {variable(f.name): "unused" for f in fields(Settings)} | {
            variable("vocabulary"): "{}",
            variable("otp_level"): "2",
            variable("weekly_tables"): "no",
            variable("data_keys"): "yes",
        }
        hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
        yield stand, Settings.read(unused | hosts | found)


@pytest.fixture
def at(aws):
    """A function: an instant, and settings that differ, to the provider of a fresh function at that instant."""
    stand, settings = aws
    put_back = stand.kept()
    yield lambda now, **changes: Aws(replace(settings, **changes), clock=lambda: now)
    put_back()


def further_key(spec="RSA_2048"):
    client = botocore.session.get_session().create_client("kms")
    return client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]


def test_the_first_keys_are_published_and_sign_at_once(at):
    done = publish_keys.run(at(NOW))
    provider = at(NOW)
    assert len(done["published"]) == 4
    assert sorted(kids(provider.ring.jwks(now=NOW))) == sorted(done["published"])
    signing = {provider.ring.signer_for(alg, now=NOW).kid for alg in ("PS256", "ES256", "EdDSA")}
    (decrypting,) = set(done["published"]) - signing
    assert provider.ring.unwrapper_for(decrypting, now=NOW).public_jwk["use"] == "enc"


def test_where_there_is_no_key_for_eddsa_the_others_are_published_and_nothing_is_signed_so(at):
    provider = at(NOW, eddsa_key=None)
    assert len(publish_keys.run(provider)["published"]) == 3
    with pytest.raises(NoSigningKey, match="EdDSA"):
        provider.ring.signer_for("EdDSA", now=NOW)


def test_publishing_again_changes_nothing(at):
    publish_keys.run(at(NOW))
    before = at(NOW).signing_keys.all(now=NOW)
    assert publish_keys.run(at(NOW + 86_400)) == {"published": []}
    assert at(NOW).signing_keys.all(now=NOW) == before


def test_a_further_key_is_seen_at_once_and_signs_only_when_every_cache_knows_it(at):
    publish_keys.run(at(NOW))
    old = at(NOW).ring.signer_for("PS256", now=NOW).kid
    (new,) = publish_keys.run(at(NOW + 5, ps256_key=further_key()))["published"]
    later = NOW + 5 + PUBLISHED_BEFORE_SIGNING
    keys = at(NOW + 5).ring
    assert new in kids(keys.jwks(now=NOW + 5))
    assert keys.signer_for("PS256", now=later - 1).kid == old
    assert at(later).ring.signer_for("PS256", now=later).kid == new
    assert {old, new} <= set(kids(at(later).ring.jwks(now=later)))


def test_what_the_old_key_signed_is_verified_after_the_change(at):
    publish_keys.run(at(NOW))
    old = at(NOW).ring.signer_for("ES256", now=NOW).kid
    publish_keys.run(at(NOW, es256_key=further_key("ECC_NIST_P256")))
    later = NOW + PUBLISHED_BEFORE_SIGNING
    assert at(later).ring.signer_for("ES256", now=later).kid != old
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
