"""Each role holds what its row in functions.py says, and nothing else. Keys that the job makes have a file of their own."""

import hashlib
from dataclasses import replace

import pytest

from ducat_cdk.function_rows import Table
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.tables import TABLES
from tests.each import each
from tests.infra.policies import rendered

ROWS = [row for row in FUNCTIONS if not row.weekly]
OF_LAMBDA = ("LetLambdaReadTheStreams", "LetLambdaListThem", "AndNotTheCode")
OF_THE_RECORD = (
    *("EncryptTheRecord", "TellTheBanksOwnSystems"),
    *("LetLambdaSeeWhereFailuresGo", "LetLambdaPutThemThere", "NorThis"),
)
"""Of the function that makes the record, beside its row."""
EVERY = each("row", [pytest.param(row, id=row.name) for row in ROWS])


@EVERY
def test_a_role_holds_its_rows_tables_and_verbs_and_no_other(template, row):
    found = {
        (setting(template, s["Resource"]), s["Sid"], tuple(actions(s)))
        for s in template.statements(f"app.{row.name}")
        if actions(s)[0].startswith("dynamodb:") and s["Sid"] not in OF_LAMBDA
    }
    expected = {
        (f"DUCAT_{t.name.upper()}_TABLE{t.index and ' ' + t.index}", t.why, tuple(f"dynamodb:{v}" for v in t.verbs))
        for t in row.tables
    }
    assert found == expected


@EVERY
def test_a_role_holds_its_rows_keys_and_verbs_and_no_other(template, row):
    found = {
        (setting(template, s["Resource"]), s["Sid"], *actions(s))
        for s in template.statements(f"app.{row.name}")
        if actions(s)[0].startswith("kms:")
        and s["Sid"] not in ("OpenItsTablesThroughDynamoDB", "EncryptTheRecord", *made(row))
    }
    had = [key for key in row.keys if key.name in template.keys]
    assert found == {(f"DUCAT_{key.name.upper()}_KEY", key.why, f"kms:{key.verb}") for key in had}


@EVERY
def test_the_tables_key_opens_just_the_rows_tables_and_only_through_dynamodb(template, row):
    found = [s for s in template.statements(f"app.{row.name}") if s["Sid"] == "OpenItsTablesThroughDynamoDB"]
    if not row.tables:
        assert found == []
        return
    (statement,) = found
    assert actions(statement) == ["kms:Decrypt"]
    encrypting = {
        t["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0] for t in template.of("DynamoDB::Table").values()
    }
    assert encrypting == {statement["Resource"]["Fn::GetAtt"][0]}
    condition = statement["Condition"]["StringEquals"]
    assert condition["kms:ViaService"]["Fn::Join"][1] == ["dynamodb.", {"Ref": "AWS::Region"}, ".amazonaws.com"]
    assert condition["kms:EncryptionContext:aws:dynamodb:subscriberId"] == {"Ref": "AWS::AccountId"}
    names = condition["kms:EncryptionContext:aws:dynamodb:tableName"]
    names = names if isinstance(names, list) else [names]
    environment = template.environment()
    read = [t.name for t in row.tables] + [t.name for t in TABLES if t.recorded and row.records]
    assert names == [environment[f"DUCAT_{name.upper()}_TABLE"] for name in dict.fromkeys(read)]


@EVERY
def test_a_role_says_nothing_beyond_tables_keys_and_its_own_log(template, row):
    (log,) = [s for s in template.statements(f"app.{row.name}") if actions(s)[0].startswith("logs:")]
    assert actions(log) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    own = template.functions()[f"app.{row.name}"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert log["Resource"] == {"Fn::GetAtt": [own, "Arn"]}
    services = {action.split(":")[0] for s in template.statements(f"app.{row.name}") for action in actions(s)}
    more = ({"sqs"} if not row.is_endpoint else set()) | ({"apigateway"} if row.domain else set())
    more |= {"events"} if row.records and "DUCAT_AUDIT_BUS" in template.environment() else set()
    more |= {action.split(":")[0] for file in row.files for action in file.actions}
    assert services - {"logs", "dynamodb", "kms"} == more


@EVERY
def test_each_statement_allows_named_actions_on_one_named_resource_and_says_why(template, row):
    statements = template.statements(f"app.{row.name}")
    assert {s["Sid"] for s in statements} >= made(row)
    for statement in statements:
        assert not any("*" in action for action in actions(statement))
        if row.records and statement["Sid"] in (*OF_LAMBDA, *OF_THE_RECORD):  # test_template_audit.py
            continue
        assert statement["Effect"] == "Allow"
        if statement["Sid"] in made(row):  # keys by their tags: test_template_signing_keys.py
            continue
        resource = statement["Resource"]
        if statement["Sid"] in {file.why for file in row.files}:  # test_template_client_certificates.py
            continue
        if statement["Sid"] == row.domain:
            named = "arn:aws:apigateway:eu-central-1::/domainnames/mtls.bank.example"
            assert (actions(statement), rendered(resource)) == (["apigateway:GET"], named)
            continue
        if "Fn::Join" in resource:  # one index of one table
            resource, location = resource["Fn::Join"][1]
            assert location in {f"/index/{table.index}" for table in row.tables if table.index}
        assert list(resource) == ["Fn::GetAtt"]
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        assert statement["Sid"].isalnum()
    assert len({s["Sid"] for s in statements}) == len(statements)


def test_each_function_has_a_role_of_its_own_without_managed_policies(template):
    roles = {function["Role"]["Fn::GetAtt"][0] for function in template.functions().values()}
    assert len(roles) == len(template.functions())
    account = template.one("ApiGateway::Account")["CloudWatchRoleArn"]["Fn::GetAtt"][0]
    assert roles | {account} == set(template.of("IAM::Role"))
    for name in roles:
        role = template.of("IAM::Role")[name]
        assert "ManagedPolicyArns" not in role
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert not template.of("IAM::Policy")
    assert not template.of("IAM::ManagedPolicy")


@EVERY
def test_another_row_makes_another_role(template, row):
    """So code that is replaced keeps its role while a deployment is under way: a narrower one would refuse its calls."""
    name = template.functions()[f"app.{row.name}"]["Role"]["Fn::GetAtt"][0]
    assert name.endswith("Role" + hashlib.sha256(repr(row).encode()).hexdigest()[:8].upper())
    assert repr(replace(row, tables=(*row.tables, Table("users", "x", ("GetItem",))))) != repr(row)


def test_only_what_answers_with_a_jwt_signs_and_each_key_with_its_one_algorithm(template):
    signing = {
        (handler, setting(template, s["Resource"])): s["Condition"]
        for handler in template.functions()
        for s in template.statements(handler)
        if "kms:Sign" in actions(s) and setting(template, s["Resource"])
    }
    algorithms = {"ps256": "RSASSA_PSS_SHA_256", "es256": "ECDSA_SHA_256", "eddsa": "ED25519_SHA_512"}
    assert signing == {
        (f"app.{name}", f"DUCAT_{key.upper()}_KEY"): {"StringEquals": {"kms:SigningAlgorithm": algorithm}}
        for name in ("authorize", "login", "consent", "token", "userinfo", "introspect")
        for key, algorithm in algorithms.items()
        if key in template.keys
    }


def test_who_unseals_opens_the_secrets_of_people_or_those_of_clients_and_never_without_a_context(template):
    unsealing = {
        handler: s["Condition"]
        for handler in template.functions()
        for s in template.statements(handler)
        if setting(template, s["Resource"]) == "DUCAT_SECRETS_KEY"
    }
    owners = {
        "login": "user",
        "passkey": "user",
        "grants": "user",
        "security": "user",
        "par": "client",
        "token": "client",
        "introspect": "client",
        "revoke": "client",
    }
    assert unsealing == {
        f"app.{name}": {
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": [owner]},
            "Null": {"kms:EncryptionContextKeys": "false"},
        }
        for name, owner in owners.items()
    }


def test_only_where_requests_come_in_are_they_decrypted_and_by_two_algorithms(template):
    decrypting = {
        handler: (actions(s), s.get("Condition"))
        for handler in template.functions()
        for s in template.statements(handler)
        if setting(template, s["Resource"]) == "DUCAT_DECRYPTION_KEY"
    }
    oaep = {"StringEquals": {"kms:EncryptionAlgorithm": ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"]}}
    assert decrypting == {
        "app.par": (["kms:Decrypt"], oaep),
        "app.authorize": (["kms:Decrypt"], oaep),
        "app.publish_keys": (["kms:GetPublicKey"], None),
    }


@pytest.mark.parametrize(
    ("table", "verb", "functions"),
    [
        ("ACCESS_TOKENS", "PutItem", {"app.token"}),
        ("GRANTS", "PutItem", {"app.par", "app.authorize"}),
        (
            "GRANTS",
            "UpdateItem",
            {"app.authorize", "app.login", "app.consent", "app.grants", "app.token", "app.revoke", "app.authorizer"},
        ),
        ("BONDS", "PutItem", {"app.grants"}),
        ("BONDS", "UpdateItem", {"app.consent"}),
    ],
)
def test_only_who_does_a_step_can_write_it(template, table, verb, functions):
    """A refreshed token where tokens are given, a grant where it is asked for, an end of a bond on the person's own page.

    The authorizer uses up what may be done once.
    """
    writers = {
        handler
        for handler in template.functions()
        for s in template.statements(handler)
        if setting(template, s["Resource"]) == f"DUCAT_{table}_TABLE" and f"dynamodb:{verb}" in actions(s)
    }
    assert writers == functions


@pytest.mark.parametrize("name", ["openid_configuration", "oauth_authorization_server"])
def test_metadata_needs_nothing(template, name):
    assert [s["Sid"] for s in template.statements(f"app.{name}")] == ["WriteItsOwnLog"]


def made(row):
    """The statements about keys that the job makes."""
    return {keys.why for keys in row.made_keys}


def actions(statement):
    found = statement["Action"]
    return found if isinstance(found, list) else [found]


def setting(template, resource):
    """The environment variable that leads to a resource; None if none does."""
    beyond = (
        ":key/*",
        "/domainnames/",
        ":s3:::",
        "'/*'",
        "/audit/*",
        "event-bus",
    )  # keys by their tags, the host, files
    if resource == "*" or isinstance(resource, list) or any(part in str(resource) for part in beyond):
        return None
    if "Fn::Join" in resource:  # of a table's index
        table, location = resource["Fn::Join"][1]
        assert location.startswith("/index/")
        return f"{setting(template, table)} {location.removeprefix('/index/')}"
    logical, attribute = resource["Fn::GetAtt"]
    assert attribute == "Arn"
    for name, value in template.environment().items():
        if value in ({"Ref": logical}, {"Fn::GetAtt": [logical, "Arn"]}):
            return name
    return None
