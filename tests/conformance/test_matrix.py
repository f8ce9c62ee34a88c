"""The matrix and what each of its cells registers and asks of the suite."""

import json
import re
from base64 import b64decode

import pytest
from cryptography import x509

from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_types import TYPES
from chalicelib.clients.metadata import registered
from chalicelib.settings import Settings, variables
from conformance import bank, clients, matrix, runner, settings
from conformance.bank import Bank, NoBank, Person
from local.stack import RESOURCE_RULES
from tests.each import each
from tests.ids import of_text

SUITE = "https://suite.example"
CELLS = matrix.cells()
CODE_CELLS = [cell for cell in CELLS if cell["fapi_profile"] == "plain_fapi"]
EVERY_CELL = [pytest.param(cell, id=of_text(cell.name)) for cell in CELLS]
FAMILIES = [
    (next(cell for cell in CELLS if cell.plan.startswith(plan)), family)
    for plan, family in (
        ("fapi1-advanced", "fapi1-advanced-final"),
        ("fapi2-security", "fapi2-security-profile-final"),
        ("fapi2-message", "fapi2-security-profile-final"),
    )
]
"""A cell of each plan, and how its modules' names begin."""


class Somewhere:
    """A Provider that has nothing but settings."""

    def __init__(self, rules):
        values = {name: name.lower() for name in variables()} | {
            "DUCAT_OTP_LEVEL": "2",
            "DUCAT_WEEKLY_TABLES": "no",
            "DUCAT_DATA_KEYS": "yes",
            "DUCAT_SECURE_PAYMENT_CONFIRMATION": "no",
        }
        values |= {
            name: f"https://{name.lower()[6:9]}.example" for name in values if name.endswith(("_ISSUER", "_URL"))
        }
        self.settings = Settings.read(values | {"DUCAT_RESOURCE_RULES": json.dumps(rules)})


def rules(*routes):
    return {route: {"scope": route.rpartition("/")[2]} for route in routes}


@pytest.fixture(scope="module")
def who(certificates):
    return clients.identities(certificates)


@pytest.fixture(scope="module")
def tested():
    return bank.standing(Somewhere(RESOURCE_RULES), Person("alice", "secret", "123456"))


def pair_of(cell, who, tested):
    alias = runner.alias_of(cell, "ducat")
    return clients.pair(cell, alias, f"{SUITE}/test/a/{alias}", who, scope=tested.scope)


def configuration_of(cell, who, tested):
    return settings.configuration(cell, runner.alias_of(cell, "ducat"), tested, pair_of(cell, who, tested), SUITE)


def test_each_cell_has_an_alias_of_its_own_that_the_suite_takes():
    aliases = [runner.alias_of(cell, "ducat") for cell in CELLS]
    assert len(set(aliases)) == len(CELLS) > 0
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", alias) for alias in aliases)


def test_a_pattern_chooses_by_plan_and_by_variant():
    assert matrix.cells("fapi2-security*") == tuple(c for c in CELLS if c.plan.startswith("fapi2-security"))
    mtls = matrix.cells("* mtls dpop plain_fapi openid_connect *")
    assert mtls
    assert all(c["client_auth_type"] == "mtls" and c["sender_constrain"] == "dpop" for c in mtls)


@each("cell", EVERY_CELL)
def test_each_cells_clients_can_be_registered_and_show_no_private_key(cell, who, tested):
    for client in pair_of(cell, who, tested):
        kept = registered(client.metadata)
        assert kept.profile == cell.profile
        assert kept.dpop_bound_access_tokens == (cell["sender_constrain"] == "dpop")
        assert kept.tls_client_certificate_bound_access_tokens == (cell["sender_constrain"] in ("mtls", None))
        assert all("d" not in key for key in kept.jwks["keys"])


@each("cell", EVERY_CELL)
def test_the_suite_gets_two_clients_that_share_no_key_no_certificate_and_no_name(cell, who, tested):
    configuration = configuration_of(cell, who, tested)
    assert configuration["client"]["client_id"] != configuration["client2"]["client_id"]
    assert configuration["mtls"]["cert"] != configuration["mtls2"]["cert"]
    first, second = (configuration[name]["jwks"]["keys"] for name in ("client", "client2"))
    assert first[0]["alg"] == "PS256"  # else the suite skips what it tries with RS256
    assert first[0]["kid"] != second[0]["kid"]
    assert all("d" in key and key["kid"] for key in (*first, *second))


def test_one_is_known_by_its_certificates_name_and_one_by_the_certificate(who, tested):
    by_certificate = next(cell for cell in CELLS if cell["client_auth_type"] == "mtls")
    first, second = (registered(client.metadata) for client in pair_of(by_certificate, who, tested))
    assert first.token_endpoint_auth_method == "tls_client_auth"
    assert first.tls_client_auth_subject_dn == "CN=conformance-1,O=Fintech Ltd,C=DE"
    assert second.token_endpoint_auth_method == "self_signed_tls_client_auth"
    certificates = [x509.load_der_x509_certificate(b64decode(k["x5c"][0])) for k in second.jwks["keys"] if "x5c" in k]
    assert certificates == [who[1].certificate.certificate]


def test_the_truststore_has_what_the_two_certificates_are_verified_by_and_no_private_key(certificates, who):
    printed = clients.truststore(certificates)
    authority, own = x509.load_pem_x509_certificates(printed.encode())
    who[0].certificate.certificate.verify_directly_issued_by(authority)
    assert own == who[1].certificate.certificate
    assert "PRIVATE" not in printed


@each("cell", [pytest.param(cell, id=of_text(cell.name)) for cell in CODE_CELLS])
def test_the_second_client_has_a_query_in_its_redirect_uri(cell, who, tested):
    first, second = (client.metadata["redirect_uris"] for client in pair_of(cell, who, tested))
    base = f"{SUITE}/test/a/{runner.alias_of(cell, 'ducat')}"
    assert (first, second) == ([f"{base}/callback"], [f"{base}/callback?dummy1=lorem&dummy2=ipsum"])


@each("cell", EVERY_CELL)
def test_openid_is_requested_where_the_plan_is_openid_connect_alone(cell, who, tested):
    configuration = configuration_of(cell, who, tested)
    scope = configuration["client"]["scope"].split()
    assert ("openid" in scope) == (cell["openid"] != "plain_oauth")
    assert "accounts" in scope
    assert configuration["server"]["discoveryUrl"].startswith(f"{tested.issuer}/.well-known/")
    assert ("oauth" in configuration["server"]["discoveryUrl"]) == (cell["openid"] == "plain_oauth")


@each("cell", EVERY_CELL)
def test_details_that_their_types_know_are_requested_where_the_variant_is_rar_and_only_there(cell, who, tested):
    configuration = configuration_of(cell, who, tested)["resource"].get("richAuthorizationRequest")
    registered_types = [
        set(client.metadata.get("authorization_details_types", ())) for client in pair_of(cell, who, tested)
    ]
    if cell["authorization_request_type"] == "rar":
        checked = details.requested(json.dumps(configuration), TYPES, now=1_800_000_000)
        assert registered_types == [set(TYPES)] * 2
        assert {one["type"] for one in checked} <= set(TYPES)
        assert details.recur(checked), "a plan tries a refresh token"
    else:
        assert configuration is None
        assert registered_types == [set(), set()]


def test_the_person_says_no_where_the_module_is_about_that(who, tested):
    for cell, family in FAMILIES:
        configuration = configuration_of(cell, who, tested)
        pressed = json.dumps(configuration["override"][f"{family}-user-rejects-authentication"])
        assert '"cancel"' in pressed
        assert '"login"' not in pressed
        assert '"cancel"' not in json.dumps(configuration["browser"])


def test_a_picture_is_taken_of_the_right_error_alone_and_only_where_an_error_page_is_right(who, tested):
    cell, family = FAMILIES[1]
    configuration = configuration_of(cell, who, tested)
    assert "placeholder" not in json.dumps(configuration["browser"])
    taken = {
        name.removeprefix(f"{family}-"): command
        for name, disclosed in configuration["override"].items()
        for entry in disclosed["browser"]
        for task in entry["tasks"]
        for command in task["commands"]
        if "update-image-placeholder" in command
    }
    assert taken.keys() == settings.PICTURES.keys()
    page = taken["par-attempt-reuse-request_uri"][4]
    assert re.search(page, "Error invalid_request_uri")
    assert not re.search(page, "Error invalid_request")
    assert not re.search(
        taken["ensure-unsigned-authorization-request-without-using-par-fails"][4], "invalid_request_uri"
    )


def test_where_someone_signs_in_by_hand_the_suites_browser_is_told_nothing(who):
    by_hand = bank.standing(Somewhere({"GET /accounts": {"scope": "accounts"}}), None)
    configuration = configuration_of(CODE_CELLS[0], who, by_hand)
    assert not {"browser", "override"} & configuration.keys()


def test_the_resource_is_the_first_route_of_the_bank_that_is_read():
    provider = Somewhere(rules("GET /userinfo", "POST /payments", "GET /v1/balance"))
    found = bank.standing(provider, None)
    assert found == Bank(provider, f"{provider.settings.resource_url}/v1/balance", "balance", None)
    with pytest.raises(NoBank):
        bank.standing(Somewhere(rules("GET /userinfo", "POST /payments")), None)


def test_a_client_reads_what_lets_its_own_token_in():
    about = {"GET /accounts": {"scope": "accounts"}, "GET /products": {"scope": "accounts", "subject": "any"}}
    (cell, *_) = [cell for cell in CELLS if cell["fapi_profile"] == "fapi_client_credentials_grant"]
    found = bank.standing(Somewhere(about), None)
    assert settings.resource_url(cell, found).endswith("/products")
    assert settings.resource_url(CODE_CELLS[0], found).endswith("/accounts")
    with pytest.raises(NoBank, match="subject"):
        settings.resource_url(cell, bank.standing(Somewhere({"GET /accounts": {"scope": "accounts"}}), None))
