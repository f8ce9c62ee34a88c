"""The bank's own API as docs/integrate/protect-your-api.md shows it, synthesized."""

import json


def test_the_api_that_is_shown_can_be_synthesized(synthesized):
    resources = json.loads((synthesized / "shown" / "Accounts.template.json").read_text())["Resources"].values()
    (guard,) = [one for one in resources if one["Type"] == "AWS::ApiGateway::Authorizer"]
    assert guard["Properties"]["AuthorizerResultTtlInSeconds"] == 0
