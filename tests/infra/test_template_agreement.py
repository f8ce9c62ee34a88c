"""What the code asks for is what the template gives."""

import app
from chalicelib import settings
from ducat_cdk import bytecode
from ducat_cdk.deployment import USER_DIRECTORY
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.keys import KEYS


def test_each_function_of_the_front_door_is_deployed_and_no_other(template):
    mounted = {f"app.{function.name}" for function in app.app.pure_lambda_functions}
    by_week = {f"app.{row.name}" for row in FUNCTIONS if row.weekly}
    assert mounted - by_week == set(template.functions())
    assert all(hasattr(app, handler.removeprefix("app.")) for handler in template.functions())


def test_each_route_leads_to_the_function_that_serves_it(template):
    served = {
        (method, path): entry.view_name for path, methods in app.app.routes.items() for method, entry in methods.items()
    }
    assert served == routes(template)


KINDS = {"_TABLE": "DynamoDB::Table", "_KEY": "KMS::Key", "_BUCKET": "S3::Bucket"}
BUS = settings.variable("audit_bus")
LAPTOP = {settings.variable("audit_file")}
"""What only a laptop has."""


def test_each_function_is_given_every_setting_and_none_that_nobody_reads(template):
    left_out = {settings.variable(f"{row.name}_key") for row in KEYS if row.name not in template.keys}
    # This deployment has neither; test_themes.py and test_deployment_settings.py have them.
    left_out |= {"DUCAT_THEME", "DUCAT_APPROVAL_APP"}
    left_out |= {"DUCAT_NOTICES", "DUCAT_NOTICES_QUEUE", "DUCAT_NOTICES_FROM"}  # test_template_audit.py
    assert set(template.environment()) - {BUS} == set(settings.variables()) - left_out - LAPTOP - {BUS}


def test_every_setting_is_a_text_or_leads_to_a_table_or_key_of_the_template(template):
    for name, value in template.environment().items():
        if isinstance(value, str) or name == BUS:  # test_template_audit.py
            assert name == BUS or value.strip()
            continue
        kind = KINDS[name[name.rindex("_") :]]
        assert template.resources[logical_id(value)]["Type"] == f"AWS::{kind}"


def test_settings_lead_to_different_resources(template):
    locations = [
        logical_id(value)
        for name, value in template.environment().items()
        if not isinstance(value, str) and name != BUS
    ]
    assert len(locations) == len(set(locations)) == len([n for n in template.environment() if n.endswith(tuple(KINDS))])


def test_the_settings_are_accepted_by_the_code(template):
    given = {name: value if isinstance(value, str) else "x" for name, value in template.environment().items()}
    read = settings.Settings.read(given)
    assert read.issuer == "https://login.bank.example"
    assert ("EdDSA" in read.signing_keys) is ("EdDSA" in read.signs_with) is ("eddsa" in template.keys)


def test_the_people_of_the_sandbox_are_not_deployed(template):
    assert template.environment()["DUCAT_USER_DIRECTORY"] == USER_DIRECTORY
    assert USER_DIRECTORY.startswith("chalicelib.")


def test_only_our_own_files_and_packaged_dependencies_are_in_the_code(template):
    (asset,) = template.folder.glob("asset.*")
    names = {path.name for path in asset.iterdir()}
    assert {"app.py", "chalicelib"} <= names
    assert not names & {"local", "tests", "ducat_cdk", "conformance", "benchmarks", ".venv", ".git", ".local"}
    made = list(asset.rglob("*.pyc"))  # there are no dependencies where nobody packaged them, and then no bytecode
    assert not made or not bytecode.unfit(asset, template.python)
    assert (asset / "chalicelib" / "settings.py").is_file()


def test_no_two_rows_are_of_one_function():
    names = [row.name for row in FUNCTIONS]
    assert len(names) == len(set(names))


def routes(template):
    """(method, path) to function's name, as the REST API has it."""
    resources = template.of("ApiGateway::Resource")

    def path(reference):
        if "Ref" not in reference:
            return ""
        resource = resources[reference["Ref"]]
        return path(resource["ParentId"]) + "/" + resource["PathPart"]

    found = {}
    for method in template.of("ApiGateway::Method").values():
        assert method["Integration"]["Type"] == "AWS_PROXY"
        parts = [part for part in method["Integration"]["Uri"]["Fn::Join"][1] if isinstance(part, dict)]
        (handler,) = filter(None, map(template.handler_of, parts))
        found[method["HttpMethod"], path(method["ResourceId"])] = handler.removeprefix("app.")
    return found


def logical_id(value):
    return value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
