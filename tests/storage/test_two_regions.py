"""The stores over two Regions that both take traffic: one winner each, nothing alive after an answered end, no honest loser.

Every race has its own order of calls, by a seed that the failure names. RACES in the environment: how many of each.
"""

import os
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from threading import Thread

import pytest
from botocore.exceptions import EndpointConnectionError
from pynamodb.exceptions import VerboseClientError

from chalicelib.settings import Settings, variable
from chalicelib.storage.grant_records import Bond, RememberedConsent
from chalicelib.storage.stores import AlreadyUsed, NotOpen, Replayed
from chalicelib.storage.token_values import of_grant
from local.aws_stand_in import INDEXES, TABLES, _index
from tests.aws_in_process.errors import AwsError
from tests.aws_in_process.regions import Replicas
from tests.storage.sample_records import NOW, flow, once, token_value

RACES = int(os.environ.get("RACES", "25"))
SEEDS = count(int(os.environ.get("SEED", "1")))
LOST = (EndpointConnectionError, VerboseClientError)
"""What a function is left with that does not know whether its write landed, or that collided to the last."""


def settings():
    names = Settings._fields
    unused = {variable(name): "unused" for name in names} | {
        variable("vocabulary"): "{}",
        variable("otp_level"): "2",
        variable("weekly_tables"): "no",
        variable("data_keys"): "yes",
        variable("secure_payment_confirmation"): "no",
    }
    hosts = {variable(name): "https://bank.example" for name in ("issuer", "mtls_url", "resource_url")}
    return Settings.read(unused | hosts | {variable(f"{name}_table"): name for name in TABLES})


@dataclass
class World:
    """One race: the same tables seen from two Regions, who does what, and what was answered before which call."""

    seed: int
    collisions: float = 0.1
    losses: float = 0.1
    answered: set = field(default_factory=set)
    results: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)

    def __post_init__(self):
        self.rng = Random(self.seed)
        self.replicas = Replicas(self.rng)
        for name, keys in TABLES.items():
            self.create(name, keys)
        attempts = count(1)
        stores = {name: self.replicas.region(name, settings(), lambda: f"attempt {next(attempts)}") for name in "AB"}
        self.a, self.b = stores["A"], stores["B"]

    def create(self, name, keys):
        indexes = [_index(*index) for index in INDEXES.get(name, ())]
        numbers = [{"AttributeName": number, "AttributeType": "N"} for _, _, number in INDEXES.get(name, ())]
        texts = [*keys, *{text: None for _, text, _ in INDEXES.get(name, ())}]
        self.replicas.database.call(
            "CreateTable",
            {
                "TableName": name,
                "KeySchema": [
                    {"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                "AttributeDefinitions": [*({"AttributeName": k, "AttributeType": "S"} for k in texts), *numbers],
                "BillingMode": "PAY_PER_REQUEST",
                **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
            },
        )

    def either(self):
        return self.rng.choice((self.a, self.b))

    def run(self, **actors):
        """All of them at once; what each came to, an exception included, is in `results` by its name."""
        self.replicas.collisions, self.replicas.losses = self.collisions, self.losses
        self.replicas.turns.expect(len(actors))

        def act(name, action):
            self.replicas.turns.begin()
            try:
                self.results[name] = action()
            except Exception as problem:
                self.results[name] = problem
            finally:
                self.replicas.turns.end()

        threads = [Thread(target=act, args=pair) for pair in actors.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.replicas.collisions = self.replicas.losses = 0.0
        return self.results

    def won(self, names):
        return [name for name in names if not isinstance(self.results[name], Exception)]

    def unsure(self):
        return any(isinstance(result, LOST) for result in self.results.values())


def races(body):
    """A test of many races, each with a seed of its own."""

    def test():
        for _ in range(RACES):
            world = World(next(SEEDS))
            try:
                body(world)
            except BaseException as problem:
                problem.add_note(f"SEED={world.seed} RACES=1: {world.results}")
                raise
            assert not world.problems, (world.seed, world.problems)

    test.__name__, test.__doc__ = body.__name__, body.__doc__
    return test


def redeem(world, one, access):
    """What /token does, in the order in which it does it; it gives True where the caller gets tokens."""
    stores = world.either()

    def act():
        grant, epoch = stores.grants.find_code(one.code)
        if not grant.in_force(epoch, now=NOW):
            raise NotOpen("revoked")
        stores.replay_cache.consume(once(), now=NOW)
        one.redeem(stores, access=access)
        return True

    return act


def use(world, access, ended):
    """What the authorizer does, several times. Nothing is accepted once an end was answered before it began to look."""
    stores = world.either()

    def act():
        for _ in range(3):
            over = bool(world.answered & ended)
            if stores.tokens.find(access, now=NOW) is not None and over:
                world.problems.append(f"{access} was taken after {world.answered}")

    return act


def at(world, action):
    """The action in one of the Regions."""
    stores = world.either()
    return lambda: action(stores)


def answered(world, name, action):
    def act():
        action()
        world.answered.add(name)
        return True

    return act


@races
def test_a_code_gives_tokens_at_most_once_and_a_second_attempt_leaves_nothing(world):
    """P1, P2, P3."""
    one = flow().approved(world.a)
    tokens = {name: one.another_access() for name in ("client", "thief", "another")}
    users = {f"use {name}": use(world, access, {"replay"}) for name, access in tokens.items()}
    actors = {name: redeem(world, one, access) for name, access in tokens.items()}
    results = world.run(**actors, **users)
    assert len(world.won(tokens)) <= 1
    if any(isinstance(results[name], Replayed) for name in tokens):
        for access in tokens.values():
            assert world.a.tokens.find(access, now=NOW) is world.b.tokens.find(access, now=NOW) is None


@races
def test_an_honest_client_alone_is_never_taken_for_a_thief(world):
    """P6: whatever collides, and whichever answer is lost below the SDK."""
    one = flow().approved(world.a)
    results = world.run(client=redeem(world, one, one.access))
    assert not isinstance(results["client"], Replayed)
    if not world.unsure():
        assert world.b.tokens.find(one.access, now=NOW) is not None


@races
def test_after_a_revocation_was_answered_nothing_is_accepted_and_nothing_comes_back(world):
    """P3, P7, P8: beside a redemption, a refresh, another approval, and writes that arrive once more."""
    one = flow().approved(world.a)
    one.redeem(world.b)
    refreshed = one.refreshed_access()
    refresher, ender = world.either(), world.either()

    def refresh():
        grant = refresher.grants.find_refreshable(of_grant(one.refresh), now=NOW)
        if grant is not None:
            refresher.tokens.put(refreshed, one.token)

    ends = {
        "revoke": lambda: ender.grants.revoke(one.key, now=NOW),
        "end": lambda: ender.bonds.end(one.bond, now=NOW, keep=NOW + 9000),
    }
    how = world.rng.choice(sorted(ends))
    world.run(
        end=answered(world, how, ends[how]),
        refresh=refresh,
        first=use(world, one.access, {how}),
        second=use(world, refreshed, {how}),
        late=lambda: [world.replicas.send_again() for _ in range(4)],
        again=lambda: one.approve(world.either(), secret=token_value()),
    )
    for _ in range(4):
        world.replicas.send_again()
    if world.answered:
        assert [
            stores.tokens.find(access, now=NOW) for stores in (world.a, world.b) for access in (one.access, refreshed)
        ] == [None] * 4


@races
def test_a_code_that_waits_gives_nothing_after_the_persons_end_and_nothing_is_remembered(world):
    """P4, P8: End beside the redemption, the remembering of the approval, and another end."""
    one = flow().approved(world.a)
    rememberer = world.either()
    more = RememberedConsent(("openid",), (), NOW + 9000, one.key)
    world.run(
        end=answered(world, "end", lambda: world.a.bonds.end(one.bond, now=NOW, keep=NOW + 9000)),
        other=lambda: world.b.bonds.end(one.bond, now=NOW - 5, keep=NOW + 9000),
        redeem=redeem(world, one, one.access),
        remember=lambda: rememberer.bonds.remember(one.bond, Bond(0), more, keep=NOW + 9000),
        use=use(world, one.access, {"end"}),
        late=lambda: [world.replicas.send_again() for _ in range(4)],
    )
    for _ in range(4):
        world.replicas.send_again()
    if "end" in world.answered:
        assert world.b.tokens.find(one.access, now=NOW) is None
        assert world.b.bonds.find(one.bond, now=NOW).remembered == ()


@races
def test_a_value_is_replay_cache_and_only_by_who_used_it(world):
    """P5: a jti, a proof, a one-time code, claimed in both Regions."""
    value = once()
    mine = {
        f"mine {n}": at(world, lambda stores: stores.replay_cache.consume(value, now=NOW, attempt="mine"))
        for n in range(2)
    }
    others = {f"other {n}": at(world, lambda stores: stores.replay_cache.consume(value, now=NOW)) for n in range(2)}
    world.run(**mine, **others)
    groups = [bool(world.won(mine)), *(bool(world.won([name])) for name in others)]
    assert groups.count(True) <= 1
    if not world.unsure():
        assert groups.count(True) == 1
        assert all(isinstance(r, AlreadyUsed) for r in world.results.values() if not isinstance(r, bool))


@races
def test_a_refresh_token_is_replaced_once(world):
    """P1 for rotation: two who hold it, in two Regions."""
    one = flow(family=token_value()).redeemed(world.a)
    found, hashes = one.found(world.a), {name: token_value() for name in ("client", "thief")}
    actors = {
        name: at(world, lambda stores, new=new: stores.grants.rotate(found, new, now=NOW))
        for name, new in hashes.items()
    }
    world.run(**actors)
    assert len(world.won(hashes)) <= 1
    if not world.unsure():
        (winner,) = world.won(hashes)
        assert one.found(world.b).refresh_hash == hashes[winner]


@races
def test_allow_pressed_twice_in_two_regions_leaves_one_code(world):
    """P9: the second press makes another code, and one of the two is good."""
    one, secrets = flow().authenticated(world.a), {name: token_value() for name in ("first", "second")}
    actors = {
        name: at(world, lambda stores, secret=secret: one.approve(stores, secret=secret))
        for name, secret in secrets.items()
    }
    world.run(**actors)
    if not world.unsure():
        assert len(world.won(secrets)) == 2
        good = [redeemed(world, one, secret) for secret in secrets.values()]
        assert good.count(True) == 1


def redeemed(world, one, secret):
    try:
        replace(one, secret=secret).redeem(world.b)
    except NotOpen:
        return False
    return True


@races
def test_a_region_that_dies_takes_nothing_along(world):
    """P9: what was begun in one Region goes on in the other, and what was ended there stays so."""
    world.collisions = world.losses = 0.0
    one = flow().approved(world.a)
    with world.replicas.without("A"):
        with pytest.raises(EndpointConnectionError):
            one.redeem(world.a)
        one.redeem(world.b)
        world.b.grants.revoke(one.key, now=NOW)
    assert world.a.tokens.find(one.access, now=NOW) is None


@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateTimeToLive"])
def test_the_double_refuses_what_such_tables_refuse(operation):
    with pytest.raises(AwsError, match="not supported"):
        World(1).replicas.call("A", operation, {})
