"""Imports point down: the contracts of pyproject.toml, which .ci/checks has import-linter look at, leave no room out."""

import tomllib

from tests.house.source import ROOM, ROOT

CONFIGURATION = ROOT / "pyproject.toml"
CONTRACTS = tomllib.loads(CONFIGURATION.read_text())["tool"]["importlinter"]["contracts"]
(LAYERS,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")


OTHERS = {"__init__.py", "__pycache__", "py.typed"}


def floor(layer):
    return {name.strip() for name in layer.split("|")}


def test_every_room_has_its_floor():
    placed = [name for layer in LAYERS for name in floor(layer)]
    assert sorted(placed) == sorted(path.stem for path in ROOM.iterdir() if path.name not in OTHERS)


def test_who_asks_what_is_agreed_who_says_yes_and_what_is_handed_out_are_strangers():
    (shared,) = [layer for layer in map(floor, LAYERS) if "clients" in layer]
    assert {"clients", "authorization", "people", "tokens"} <= shared
