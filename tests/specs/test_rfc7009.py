"""RFC 7009: a client says that a token is no longer needed."""

import pytest

from tests.actors import ASSERTION_TYPE, NOW
from tests.each import each


def done(answer):
    """Whether it is the answer of RFC 7009 2.2: 200, and nothing that a client would have to read."""
    assert answer.status == 200, answer.text
    assert answer.json() == {}
    assert answer.header("cache-control") == "no-store"
    return True


def active(client, token):
    return client.introspect(token).json()["active"]


def opens(client, token):
    """Whether a resource takes the token: our own, and the bank's behind the authorizer."""
    statuses = {client.userinfo(token).status == 200, "scope" in client.accounts(token)["context"]}
    assert len(statuses) == 1
    return statuses.pop()


# 2: the endpoint.


@pytest.mark.clause("RFC7009-2")
def test_2_the_endpoint_is_an_https_url_of_the_metadata(bank):
    """The location is told to clients, and it is https."""
    assert bank.metadata()["revocation_endpoint"] == "https://login.bank.example/revoke"


@pytest.mark.clause("RFC7009-2")
@each("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_2_it_takes_post_alone(bank, fintech, method):
    """The client makes an HTTP POST request; the same as a query revokes nothing (RFC 7009 2.3's JSONP is not offered)."""
    token = fintech.tokens()["access_token"]
    answer = bank.send(
        method, "/revoke", query=fintech.authenticated({"token": token}), certificate=fintech.certificate
    )
    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert active(fintech, token)


# 2.1: the request.


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_a_revoked_access_token_is_dead_at_once(each_client):
    """Invalidation takes place immediately, at every place that looks at the token."""
    token = each_client.tokens()["access_token"]
    assert opens(each_client, token)
    assert done(each_client.revoke(token))
    assert not opens(each_client, token)
    assert not active(each_client, token)


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_a_revoked_refresh_token_takes_every_access_token_with_it(each_client):
    """With a refresh token, all access tokens of the same grant are invalidated."""
    tokens = each_client.tokens()
    refreshed = each_client.refresh(tokens["refresh_token"]).json()["access_token"]
    assert done(each_client.revoke(tokens["refresh_token"]))
    answer = each_client.refresh(tokens["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    for token in (tokens["access_token"], refreshed):
        assert not opens(each_client, token)
        assert not active(each_client, token)
    assert not active(each_client, tokens["refresh_token"])


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_a_revoked_access_token_leaves_the_grant_in_force(each_client):
    """The refresh token may be revoked with an access token; here it stays, and so do the grant's other tokens."""
    tokens = each_client.tokens()
    other = each_client.refresh(tokens["refresh_token"]).json()["access_token"]
    assert done(each_client.revoke(tokens["access_token"]))
    assert opens(each_client, other)
    assert each_client.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_another_grant_of_the_same_person_and_client_stays(fintech):
    """What is revoked is one grant."""
    one, other = fintech.tokens(), fintech.tokens()
    assert done(fintech.revoke(one["refresh_token"]))
    assert opens(fintech, other["access_token"])
    assert fintech.refresh(other["refresh_token"]).status == 200


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_a_clients_own_token_can_be_revoked(each_client):
    """A token behind which no person stands is no exception."""
    token = each_client.post("/token", grant_type="client_credentials").json()["access_token"]
    assert active(each_client, token)
    assert done(each_client.revoke(token))
    assert not active(each_client, token)


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@each("hint", ["access_token", "refresh_token", "id_token", "of-no-registry", ""])
def test_2_1_a_hint_is_no_more_than_a_hint(fintech, kind, hint):
    """token_type_hint may be wrong or unknown: the search goes on over all types."""
    tokens = fintech.tokens()
    assert done(fintech.revoke(tokens[kind], token_type_hint=hint))
    assert not active(fintech, tokens[kind])


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("token", [None, ""])
def test_2_1_token_is_required(each_client, token):
    """A request without a token is malformed."""
    answer = each_client.post("/revoke", token=token)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_2_1_who_does_not_prove_itself_revokes_nothing(fintech, tls_client_auth_client, rival, kind):
    """The server first validates the client's credentials, and refuses where that fails."""
    for client in (fintech, tls_client_auth_client):
        token = client.tokens()[kind]
        wrong = {"client_assertion": client.with_(key=rival.key, alg="ES256").assertion()} if client is fintech else {}
        wrong |= {"client_assertion_type": ASSERTION_TYPE} if wrong else {}
        answer = client.revoke(token, certificate=rival.certificate, **wrong)
        assert (answer.status, answer.error) == (401, "invalid_client")
        answer = client.with_(auth="none").post("/revoke", token=token, certificate=None)
        assert (answer.status, answer.error) == (401, "invalid_client")
        assert active(client, token)


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_2_1_another_clients_token_is_not_revoked(fintech, rival, resource_server, kind):
    """A token is revoked for the client that it was issued to alone; whoever else asks learns not even that it exists."""
    token = fintech.tokens()[kind]
    for other in (rival, resource_server):
        outsider = other.revoke(token)
        assert done(outsider)
        assert outsider.unnamed == other.revoke("no-token-at-all").unnamed
    assert active(fintech, token)


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_2_1_an_assertion_that_was_used_before_revokes_nothing(fintech, kind):
    """The credentials are validated first, and a replayed assertion is none."""
    used = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": fintech.assertion()}
    assert done(fintech.revoke("nothing", **used))
    token = fintech.tokens()[kind]
    answer = fintech.revoke(token, **used)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert active(fintech, token)


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_2_1_a_public_client_revokes_what_it_has(public_client, kind):
    """Of a public client the server checks that the token was issued to it; who has the token may end it."""
    tokens, other = public_client.tokens(), public_client.tokens()
    assert done(public_client.revoke(tokens[kind]))
    assert not opens(public_client, tokens["access_token"])
    assert opens(public_client, other["access_token"])


@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_2_1_a_public_client_revokes_nothing_of_another(public_client, public_dpop_client, fintech, kind):
    """Its name opens nothing: tokens of a confidential client and of another public one stay."""
    for owner in (fintech, public_dpop_client):
        tokens = owner.tokens()
        assert done(public_client.revoke(tokens[kind]))
        assert opens(owner, tokens["access_token"])


@pytest.mark.clause("RFC7009-2.1")
def test_2_1_a_confidential_clients_token_is_not_revoked_by_its_name(public_client, fapi1_bearer_client):
    """Who must prove itself, and does not, is refused, though a public client would not be."""
    token = fapi1_bearer_client.tokens()["access_token"]
    answer = fapi1_bearer_client.with_(auth="none").revoke(token)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert active(fapi1_bearer_client, token)


# 2.2: the answer.


@pytest.mark.clause("RFC7009-2.2")
def test_2_2_what_is_revoked_already_is_no_error(each_client):
    """Invalid tokens are no error: what the client wants, that the token be invalid, is reached."""
    tokens = each_client.tokens()
    for kind in ("access_token", "refresh_token", "access_token", "refresh_token"):
        assert done(each_client.revoke(tokens[kind]))


@pytest.mark.clause("RFC7009-2.2")
@each("token", ["x", ".", "..", "a.b", "a.b.c", " ", "\x00", "\N{SNOWMAN}", "x" * 5000, "eyJhbGciOiJub25lIn0.e30."])
def test_2_2_what_never_was_a_token_is_no_error(each_client, token):
    """An unknown or malformed token gets the same answer."""
    assert done(each_client.revoke(token))


@pytest.mark.clause("RFC7009-2.2")
def test_2_2_what_has_expired_is_no_error(bank, fintech):
    """A token that ended by itself gets the same answer."""
    tokens = fintech.tokens()
    bank.now = NOW + 91 * 86_400
    assert done(fintech.revoke(tokens["access_token"]))
    assert done(fintech.revoke(tokens["refresh_token"]))


@pytest.mark.clause("RFC7009-2.2")
def test_2_2_a_code_or_an_id_token_is_no_token_to_revoke(fintech):
    """What is no access or refresh token is unknown here, and stays as it is."""
    code = fintech.code()
    assert done(fintech.revoke(code))
    answer = fintech.redeem(code)
    assert answer.status == 200
    assert done(fintech.revoke(answer.json()["id_token"]))
    assert active(fintech, answer.json()["access_token"])


@pytest.mark.clause("RFC7009-2.2.1")
@pytest.mark.parametrize("again", ["token", "token_type_hint"])
def test_2_2_1_errors_are_those_of_rfc_6749(bank, tls_client_auth_client, again):
    """A malformed request is answered as RFC 6749 5.2 says, and revokes nothing."""
    token = tls_client_auth_client.tokens()["access_token"]
    form = [("client_id", "tls-client-auth"), ("token", token), ("token_type_hint", "access_token"), (again, token)]
    answer = bank.send("POST", "/revoke", form=form, certificate=tls_client_auth_client.certificate)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert answer.header("cache-control") == "no-store"
    assert active(tls_client_auth_client, token)
