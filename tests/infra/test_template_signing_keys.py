"""Who may sign with which key, and what the job that makes the keys may do, by the policies that are synthesized."""

import itertools

import pytest

from chalicelib.keys import kms_lifecycle
from chalicelib.keys.rotation import USES
from chalicelib.settings import Settings
from chalicelib.storage.dynamodb.signing_keys import CLAIM_SECONDS
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.keys import SIGNING_ALGORITHMS, SIGNING_SPECS, TAGS
from tests.infra.policies import ACCOUNT, REGION, allowed
from tests.infra.template import Template

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
SIGNS = {
    "id_token": {"token", "consent"},
    "authorization_response": {"authorize", "login", "consent"},
    "api_response": {"userinfo", "introspect"},
}
"""consent issues the ID tokens of the hybrid flow, which FAPI 1.0 has."""


@pytest.fixture(scope="module")
def rotated(synthesized):
    """A deployment whose keys the job alone makes, EdDSA among them, as multi-Region keys."""
    return Template(synthesized / "rotated", eddsa=True, template_signing_keys=False)


def tags(use, stack="Ducat"):
    return {"aws:ResourceTag/ducat:stack": stack, "aws:ResourceTag/ducat:use": use, "kms:KeyUsage": "SIGN_VERIFY"}


def who(template, action, context, resource=KEY):
    """The functions whose role allows it."""
    return {
        row.name
        for row in FUNCTIONS
        if f"app.{row.name}" in template.functions()
        if allowed(template.statements(f"app.{row.name}"), action, resource, context)
    }


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS.values())
@pytest.mark.parametrize("use", USES)
def test_a_function_signs_with_keys_of_its_uses_and_no_other(rotated, use, algorithm):
    assert who(rotated, "kms:Sign", {**tags(use), "kms:SigningAlgorithm": algorithm}) == SIGNS[use]


def test_no_function_that_serves_a_page_signs_an_id_token_but_that_of_the_hybrid_flow(rotated):
    context = {**tags("id_token"), "kms:SigningAlgorithm": "ECDSA_SHA_256"}
    assert who(rotated, "kms:Sign", context) & {"authorize", "login", "consent", "passkey", "grants", "security"} == {
        "consent"
    }


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"kms:KeyUsage": "SIGN_VERIFY"},
        tags("id_token", "Another"),
        {"aws:ResourceTag/ducat:use": "id_token"},
        {"aws:ResourceTag/ducat:stack": "Ducat"},
    ],
    ids=["no-tags", "no-tags-of-ours", "another-stack", "no-stack", "no-use"],
)
def test_no_other_key_of_the_account_is_signed_with(rotated, context):
    assert who(rotated, "kms:Sign", {**context, "kms:SigningAlgorithm": "ECDSA_SHA_256"}) == set()


@pytest.mark.parametrize("algorithm", ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_512", "ED25519_PH_SHA_512"])
def test_no_other_algorithm_is_signed_with(rotated, algorithm):
    assert who(rotated, "kms:Sign", {**tags("id_token"), "kms:SigningAlgorithm": algorithm}) == set()


def test_where_there_is_no_eddsa_nothing_is_signed_so(template):
    found = who(template, "kms:Sign", {**tags("id_token"), "kms:SigningAlgorithm": "ED25519_SHA_512"})
    assert found == (SIGNS["id_token"] if "eddsa" in template.keys else set())


@pytest.mark.parametrize(
    "action", ["DisableKey", "ScheduleKeyDeletion", "GetPublicKey", "DescribeKey", "ListResourceTags"]
)
def test_the_job_alone_touches_signing_keys_of_its_deployment_and_no_key_that_seals_or_decrypts(rotated, action):
    assert who(rotated, f"kms:{action}", tags("id_token")) == {"rotate_keys"}
    assert who(rotated, f"kms:{action}", tags("id_token", "Another")) == set()
    assert who(rotated, f"kms:{action}", {**tags("id_token"), "kms:KeyUsage": "ENCRYPT_DECRYPT"}) == set()


def new(use="id_token", stack="Ducat", **more):
    context = {
        "aws:RequestTag/ducat:stack": stack,
        "aws:RequestTag/ducat:use": use,
        "aws:TagKeys": list(TAGS),
        "kms:KeyUsage": "SIGN_VERIFY",
        "kms:KeySpec": "RSA_2048",
        "kms:MultiRegion": "true",
    }
    return context | more


def test_the_job_makes_keys_that_sign_with_its_tags_and_no_other(rotated):
    for use, spec in itertools.product(USES, SIGNING_SPECS.values()):
        assert who(rotated, "kms:CreateKey", new(use, **{"kms:KeySpec": spec}), "*") == {"rotate_keys"}
    for wrong in (
        new("any"),
        new(stack="Another"),
        new(**{"kms:KeyUsage": "ENCRYPT_DECRYPT"}),
        new(**{"kms:KeySpec": "RSA_4096"}),
        new(**{"kms:MultiRegion": "false"}),
        new(**{"aws:TagKeys": [*TAGS, "cost-centre"]}),
    ):
        assert who(rotated, "kms:CreateKey", wrong, "*") == set()


def test_the_job_gives_no_key_of_its_deployment_another_use(rotated):
    assert who(rotated, "kms:TagResource", new()) == {"rotate_keys"}
    assert who(rotated, "kms:TagResource", {**new("id_token"), **tags("authorization_response")}) == set()
    assert who(rotated, "kms:UntagResource", {**new(), **tags("id_token")}) == set()


def test_the_job_signs_seals_and_decrypts_nothing(rotated):
    statements = rotated.statements("app.rotate_keys")
    actions = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert {action for action in actions if action.startswith("kms:")} == {
        *("kms:CreateKey", "kms:TagResource", "kms:ListKeys", "kms:DescribeKey", "kms:GetPublicKey"),
        *("kms:ListResourceTags", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:Decrypt"),
    }
    (opens,) = [one for one in statements if one["Action"] == "kms:Decrypt"]
    assert opens["Sid"] == "OpenItsTablesThroughDynamoDB"


def test_the_tags_and_kinds_of_the_code_are_those_of_the_roles():
    assert TAGS == (kms_lifecycle.STACK, kms_lifecycle.USE, kms_lifecycle.ATTEMPT)
    assert sorted(kms_lifecycle.SPECS.values()) == sorted(SIGNING_SPECS.values())


def test_a_deployment_whose_job_alone_makes_keys_has_none_in_its_template(rotated):
    assert len(rotated.product_keys()) == len(rotated.keys) == 5
    given = {n: v if isinstance(v, str) else "x" for n, v in rotated.environment().items()}
    settings = Settings.read(given)
    assert (settings.signing_keys, settings.signs_with) == ({}, ("PS256", "ES256", "EdDSA"))
    assert settings.stack_name == "Ducat"


def test_keys_are_multi_region_keys_where_the_deployment_says_so(rotated, template):
    assert [key["MultiRegion"] for key in rotated.product_keys().values()] == [True] * 5
    assert not [key for key in template.of("KMS::Key").values() if "MultiRegion" in key]
    assert rotated.environment()["DUCAT_MULTI_REGION_KEYS"] == "yes"


def test_a_claim_of_the_job_outlasts_its_run():
    (job,) = [row for row in FUNCTIONS if row.name == "rotate_keys"]
    assert job.timeout < CLAIM_SECONDS
