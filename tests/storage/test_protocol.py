"""The code sends what models/steps.py lists: each step's calls, their order, and the condition of its one decisive write."""

import json
import re
from contextlib import contextmanager

import pyotp
import pytest

from benchmarks import journey
from models.steps import STEPS
from tests.actors import Browser, Fintech
from tests.storage.sample_records import flow

STEP = {step.name: step for step in STEPS}


def said(operation, body):
    """A call as the list has it: names for placeholders, ? for values."""
    if operation == "BatchGetItem":
        return f"{operation} {' '.join(sorted(name.removeprefix('ducat-') for name in body['RequestItems']))}"
    names = body.get("ExpressionAttributeNames", {})

    def written(text):
        text = re.sub(r"#\w+", lambda found: names[found[0]], text)
        text = re.sub(r":\w+", "?", text).replace(" (", "(").replace("AND(", "AND (").replace("OR(", "OR (")
        text = re.sub(r", by = \?|SET by = \? (?=REMOVE)", "", text)
        return re.sub(r"(\w+) = \?(?=,| REMOVE| ADD|$)", r"\1", text).replace("ADD attempts ?", "ADD attempts")

    # Every item says who wrote it, which no step is about (tests/audit).
    update, condition = (written(body.get(part, "")) for part in ("UpdateExpression", "ConditionExpression"))
    parts = (operation, body["TableName"].removeprefix("ducat-"), update, f"IF {flat(condition)}" if condition else "")
    return " ".join(part for part in parts if part)


def flat(condition):
    """Without the brackets that mean nothing: pynamodb puts one round each pair."""
    parsed = _parse(re.findall(r"\w+\([\w, ?]+\)|\(|\)|AND|OR|[\w?]+ [=<>]+ [\w?]+", condition))
    return _text(parsed)


def _parse(tokens):
    if len(tokens) == 1:
        return tokens[0]
    terms, operator, depth, begin = [], None, 0, 0
    for n, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if depth == 0 and token in ("AND", "OR"):
            terms.append(tokens[begin:n])
            operator, begin = token, n + 1
    terms.append(tokens[begin:])
    if operator is None:
        return _parse(tokens[1:-1])
    joined = []
    for term in map(_parse, terms):
        joined += term[1] if isinstance(term, tuple) and term[0] == operator else [term]
    return operator, joined


def _text(parsed, *, inner=False):
    if isinstance(parsed, str):
        return parsed
    operator, terms = parsed
    text = f" {operator} ".join(_text(term, inner=True) for term in terms)
    return f"({text})" if inner else text


@pytest.fixture
def watched(bank):
    """A bank with the product's directory, and a context in which its calls are written down as groups in a row."""
    same, provider = journey.counted(bank)
    groups = []

    def of_dynamodb(model, params, **_):
        if not provider._ours:
            groups.append((provider._count.trips, said(model.name, json.loads(params["body"]))))

    def of_kms(model, **_):
        groups.append((provider._count.trips, f"KMS {model.name}"))

    provider.dynamo._tables._connection.client.meta.events.register("before-call.dynamodb", of_dynamodb)
    provider.kms.client.meta.events.register("before-call.kms", of_kms)

    @contextmanager
    def watching():
        groups.clear()
        with provider.counting():
            yield groups

    return same, provider, watching


def in_a_row(groups):
    rows = {}
    for trip, call in groups:
        rows.setdefault(trip, []).append(call)
    return [sorted(calls) for _, calls in sorted(rows.items())]


def listed(name):
    """All needed calls of a step in a row; the commit runs beside what comes last before it where neither needs the other."""
    step = STEP[name]
    rows = [sorted(group) for group in step.before]
    if step.commit is not None and name.startswith(("push", "refresh")):
        rows[-1] = sorted([*rows[-1], step.commit])
        rows += [[call] for call in step.after]
    elif step.commit is not None:
        rows.append([step.commit])
    return rows


def test_a_login_and_what_follows_send_the_calls_that_are_listed(watched):
    same, provider, watching = watched
    client = journey.client(same, "private_key_jwt", "mtls")
    journey.warm(client, provider)
    browser, (person, code) = Browser(same), journey.new_person(provider, now=same.now)
    sent = {}
    with watching() as groups:
        request_uri = client.pushed()
        sent["push"] = in_a_row(groups)
    with watching() as groups:
        page = browser.open(client.client_id, request_uri)
        sent["authorize"] = in_a_row(groups)
    page = browser.get(page.location)
    with watching() as groups:
        signed_in = browser.sign_in(page, username=person, password=journey.PASSWORD, one_time_code=code)
        sent["sign in"] = in_a_row(groups)
    page = browser.get(signed_in.location)
    with watching() as groups:
        value = browser.submit(page, "approve").parameters["code"]
        sent["approve"] = in_a_row(groups)
    with watching() as groups:
        tokens = client.redeem(value).json()
        sent["redeem"] = in_a_row(groups)
    with watching() as groups:
        client.accounts(tokens["access_token"])
        sent["use"] = in_a_row(groups)
    with watching() as groups:
        client.refresh(tokens["refresh_token"])
        sent["refresh"] = in_a_row(groups)
    same.now += 24 * 3600
    journey.warm(client, provider)
    with watching() as groups:
        client.refresh(tokens["refresh_token"])
        sent["refresh, the first one of a day"] = in_a_row(groups)
    with watching() as groups:
        client.revoke(tokens["refresh_token"])
        sent["revoke"] = in_a_row(groups)
    assert sent == {name: listed(name) for name in sent}


def test_a_call_that_consumes_sends_the_calls_that_are_listed(watched, bank):
    same, provider, watching = watched
    payer, access_token, pay = journey.payment(same)
    journey.warm(payer, provider)
    with watching() as groups:
        assert pay(access_token)["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        assert in_a_row(groups) == listed("consume")


def test_a_replacement_sends_the_calls_that_are_listed(watched, bank):
    same, provider, watching = watched
    client = Fintech(same, "public", "none", None, "", None, scope="openid accounts")
    tokens = client.with_(bank=bank).tokens()
    journey.warm(client, provider)
    with watching() as groups:
        assert client.refresh(tokens["refresh_token"]).status == 200
        assert in_a_row(groups) == listed("rotate")


@pytest.mark.parametrize("step", ["end", "end one"])
def test_an_end_is_one_write(watched, fapi1_baseline_client, step):
    same, provider, watching = watched
    client = fapi1_baseline_client.with_(bank=same)
    browser, (person, code) = Browser(same), journey.new_person(provider, now=same.now)
    browser.get(
        browser.sign_in(browser.get("/grants"), username=person, password=journey.PASSWORD, one_time_code=code).location
    )
    provider.kms.bond_mac(b"")
    given = flow(sub=person).redeemed(provider)
    page = browser.get("/grants")
    ended = {"end": {"client": client.client_id}, "end one": {"consent": given.key}}
    form = {"interaction": "session", "action": step.replace(" ", "-"), **ended[step]}
    form["csrf"] = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    with watching() as groups:
        assert browser.post("/grants", form).status == 303
        assert in_a_row(groups) == listed(step)


def test_a_change_of_ones_own_sign_in_is_one_write(watched):
    same, provider, watching = watched
    browser, (person, code) = Browser(same), journey.new_person(provider, now=same.now)
    browser.sign_in(browser.get("/security"), username=person, password=journey.PASSWORD, one_time_code=code)
    page = browser.get("/security")
    form = {"interaction": "security-page", "csrf": re.search(r'name="csrf" value="([^"]+)"', page.text)[1]}
    with watching() as groups:
        assert browser.post("/security", form | {"action": "make-codes", "nonce": "n"}).status == 200
        assert in_a_row(groups) == listed("make recovery codes")
    offered = browser.post("/security", form | {"action": "offer-app"}).text
    form |= {"action": "set-app", "shown": re.search(r'name="shown" value="([^"]+)"', offered)[1]}
    secret = "".join(re.findall(r"<span>(\w+)</span>", offered))
    with watching() as groups:
        set_up = browser.post("/security", form | {"one_time_code": pyotp.TOTP(secret).at(same.now)})
        assert set_up.location == "/security"
        assert in_a_row(groups) == listed("set up an app")


def test_a_recovery_begins_ends_and_is_stopped_by_one_write_each(watched):
    same, provider, watching = watched
    provider.settings = provider.settings._replace(recovery_hours="24")
    browser, (person, code) = Browser(same), journey.new_person(provider, now=same.now)
    typed = {"username": person, "password": journey.PASSWORD}
    form, forms = browser.get("/security?with=recovery"), Browser(same)
    with watching() as groups:
        assert browser.submit(form, "login", **typed).status == 200
        assert in_a_row(groups) == listed("begin a recovery")
    forms.sign_in(forms.get("/security"), **typed, one_time_code=code)

    def own(of):
        page = of.get("/security")
        return {"interaction": "security-page", "csrf": re.search(r'name="csrf" value="([^"]+)"', page.text)[1]}

    posted = own(forms)
    with watching() as groups:
        assert forms.post("/security", posted | {"action": "cancel-recovery"}).location == "/security"
        assert in_a_row(groups) == listed("stop a recovery")
    browser.submit(browser.get("/security?with=recovery"), "login", **typed)
    same.now += 24 * 3600
    assert browser.submit(browser.get("/security?with=recovery"), "login", **typed).location == "/security"
    posted = own(browser)
    offered = browser.post("/security", posted | {"action": "offer-app"}).text
    posted |= {"action": "set-app", "shown": re.search(r'name="shown" value="([^"]+)"', offered)[1]}
    secret = "".join(re.findall(r"<span>(\w+)</span>", offered))
    with watching() as groups:
        set_up = browser.post("/security", posted | {"one_time_code": pyotp.TOTP(secret).at(same.now)})
        assert set_up.location == "/security"
        # The session ends after the recovery, which decides.
        assert in_a_row(groups)[: len(listed("complete a recovery"))] == listed("complete a recovery")


def test_every_step_is_listed_with_what_dying_costs_and_no_second_decisive_write():
    assert len(STEP) == len(STEPS)
    for step in STEPS:
        assert step.dying
        before = json.dumps(step.before)
        assert not re.search(r"UpdateItem (?!users)", before), "before the commit nothing of a permission changes"
