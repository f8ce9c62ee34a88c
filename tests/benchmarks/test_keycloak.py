"""What the bench gives Keycloak, and how it goes through its pages. No Java runs here, and no figure is looked at."""

import json
from urllib.parse import urlsplit

import jwt
import pyotp
import pytest

from benchmarks import journey, keycloak
from benchmarks.__main__ import main
from benchmarks.keycloak import KeycloakClient, KeycloakJar
from benchmarks.systems import Peer
from tests.actors import ISSUER, Answer, Fintech, certificate, ec_key

HTML = (("content-type", "text/html;charset=utf-8"),)
LOGIN = """<form id="kc-form-login" onsubmit="login.disabled = true; return true;"
  action="https://login.bank.example/realms/bank/login?session_code=1&amp;tab_id=t" method="post">
<input id="username" name="username" value="" autofocus><input name="password" type="password" value="">
<input type="hidden" id="id-hidden-input" name="credentialId" ></form>"""
CODE = """<form action="https://login.bank.example/realms/bank/login?session_code=2" method="post">
<input id="kc-attempted-username" value="somebody" readonly>
<input id="selectedCredentialId" type="hidden" name="selectedCredentialId" value="an-app"><input name="otp" value=""></form>"""
CONSENT = """<form action="/realms/bank/consent?tab_id=t" method="POST"><input type="hidden" name="code" value="3">
<button name="accept" type="submit">Yes</button><button name="cancel" type="submit">No</button></form>"""


def client(constraint):
    proof_key = ec_key("keycloak, proofs") if constraint == "dpop" else None
    shown = certificate("a client") if constraint == "mtls" else None
    return Fintech(None, "a-client", "private_key_jwt", ec_key("keycloak"), "ES256", shown, proof_key)


class Pages:
    """A server of prepared answers that keeps what it was sent. Each takes 2 ms."""

    taken, now = 2.0, 1_800_000_000

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def send(self, method, path, **request):
        self.sent.append((method, path, request))
        return self.answers.pop(0)


@pytest.mark.parametrize("constraint", ["mtls", "dpop"])
def test_the_realm_asks_of_a_client_what_ours_asks(constraint):
    realm = json.loads(json.dumps(keycloak.realm(client(constraint), keycloak.people(2))))
    (made,) = realm["clients"]
    of = made["attributes"]
    assert made["clientAuthenticatorType"] == "client-jwt"
    assert made["consentRequired"]
    assert made["redirectUris"] == ["https://fintech.example/callback"]
    assert of["token.endpoint.auth.signing.alg"] == "ES256"
    assert json.loads(of["jwks.string"])["keys"][0]["kid"] == "k1"
    assert "d" not in json.loads(of["jwks.string"])["keys"][0]
    assert of["require.pushed.authorization.requests"] == "true"
    assert of["pkce.code.challenge.method"] == "S256"
    assert of["access.token.signed.response.alg"] == of["id.token.signed.response.alg"] == "PS256"
    bound = (of["tls.client.certificate.bound.access.tokens"], of["dpop.bound.access.tokens"])
    assert bound == (("true", "false") if constraint == "mtls" else ("false", "true"))
    (policy,) = realm["clientPolicies"]["policies"]
    profile = {"mtls": "fapi-2-security-profile", "dpop": "fapi-2-dpop-security-profile"}[constraint]
    assert policy["enabled"]
    assert policy["profiles"] == [profile]
    assert set(made["defaultClientScopes"] + made["optionalClientScopes"]) == {
        one["name"] for one in realm["clientScopes"]
    }


def test_each_person_of_the_realm_has_a_password_and_a_secret_of_their_own():
    people = keycloak.people(3)
    users = keycloak.realm(client("mtls"), people)["users"]
    secrets = set()
    for user, (name, secret) in zip(users, people.items(), strict=True):
        password, code = user["credentials"]
        typed = keycloak.typed(name, secret)
        assert (
            (user["username"], password["value"]) == (typed["username"], typed["password"]) == (name, journey.PASSWORD)
        )
        assert json.loads(code["secretData"]) == {"value": secret}
        assert pyotp.TOTP(secret).verify(typed["otp"], valid_window=1)
        secrets.add(secret)
    assert len(secrets) == 3


def test_a_client_says_keycloaks_issuer_and_paths():
    own = KeycloakClient(**vars(client("dpop").with_(bank=Pages())))
    assert jwt.decode(own.assertion(), options={"verify_signature": False})["aud"] == f"{ISSUER}/realms/bank"
    proof = jwt.decode(own.proof("POST", "/token"), options={"verify_signature": False})
    assert proof["htu"] == f"{ISSUER}/realms/bank/protocol/openid-connect/token"


def test_a_login_posts_both_pages_and_what_is_hidden_in_them():
    gone_on = Answer(303, (("location", "/consent"),), "")
    pages = Pages(Answer(200, HTML, LOGIN), Answer(200, HTML, CODE), gone_on, Answer(200, HTML, CONSENT), gone_on)
    jar = KeycloakJar(pages)
    page = jar.open("/login")
    signed_in = jar.sign_in(page, {"username": "somebody", "password": "a password", "otp": "123456"})
    assert jar.taken == 4
    jar.agree(jar.open(signed_in.location))
    assert jar.taken == 2
    posted = [(path, request["query"], request["form"]) for method, path, request in pages.sent if method == "POST"]
    assert posted == [
        (
            "/realms/bank/login",
            "session_code=1&tab_id=t",
            {"credentialId": "", "username": "somebody", "password": "a password"},
        ),
        ("/realms/bank/login", "session_code=2", {"selectedCredentialId": "an-app", "otp": "123456"}),
        ("/realms/bank/consent", "tab_id=t", {"code": "3", "accept": ""}),
    ]


def test_keycloak_is_called_by_its_own_paths_as_a_proxy_calls_it(monkeypatch):
    found = Pages(Answer(302, (("location", "/x"),), ""))
    monkeypatch.setattr(Peer, "send", lambda self, method, path, **request: found.send(method, path, **request))
    server = keycloak.Keycloak.__new__(keycloak.Keycloak)
    assert server.send("GET", "/jwks", headers=(("A", "b"),)).location == "/x"
    ((_, path, request),) = found.sent
    assert path == "/realms/bank/protocol/openid-connect/certs"
    assert dict(request["headers"]) == {"A": "b", "ssl-client-verify": "SUCCESS"}
    assert all(urlsplit(path).path == path for path in keycloak.PATHS.values())


def test_the_bench_says_what_is_missing_for_keycloak_before_it_measures(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="not an unpacked Keycloak distribution"):
        main(["--keycloak", str(tmp_path)])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kc.sh").touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SystemExit, match=r"needs Java, and JAVA_HOME \(.*\) has no java"):
        main(["--keycloak", str(tmp_path)])
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="needs Java, and the path has no java"):
        main(["--keycloak", str(tmp_path)])
