"""The suite's own actors send what a test names, and no test passes because it misspelt a parameter."""

import pytest

from tests.actors import jwk, rsa_key
from tests.encryption import private, public, sealed

CALLS = {
    "assertion": lambda client: client.assertion(isss="x"),
    "post": lambda client: client.post("/token", grant_typ="client_credentials"),
    "proof": lambda client: client.proof("POST", "/token", key=rsa_key("fintech"), nounce="x"),
    "asking": lambda client: client.request_arguments(scop="openid"),
    "request_object": lambda client: client.request_object(audience="x"),
    "direct": lambda client: client.direct(state_="x"),
    "push": lambda client: client.push(redirect_url="https://fintech.example/"),
    "pushed": lambda client: client.pushed(certficate=None),
    "approved": lambda client: client.approved(user_name="bob"),
    "code": lambda client: client.code(code_challange="x"),
    "tokens": lambda client: client.tokens(scopes="openid"),
    "redeem": lambda client: client.redeem("x", code_verifer="x"),
    "refresh": lambda client: client.refresh("x", scops="openid"),
    "introspect": lambda client: client.introspect("x", token_hint="x"),
    "revoke": lambda client: client.revoke("x", token_type="x"),
    "userinfo": lambda client: client.userinfo("x", metod="POST"),
    "accounts": lambda client: client.accounts("x", certificates=None),
    "with_": lambda client: client.with_(client="x"),
    "jwk": lambda client: jwk(rsa_key("fintech"), key_id="x"),
    "public": lambda client: public(private("reads"), usage="enc"),
    "sealed": lambda client: sealed(client.bank, "x", algorithm="RSA-OAEP"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_parameter_that_is_misspelt_is_an_error(fintech, call):
    """Of a client's request, of a claim, of a key: the run ends where the name stands."""
    with pytest.raises(TypeError, match=r"misspelt|unexpected keyword argument"):
        CALLS[call](fintech)


def test_what_no_specification_knows_is_sent_where_it_is_meant(fintech):
    """`extra`, on purpose: the bank gets it."""
    assert fintech.push(extra={"foo": "x" * 70_000}).status == 413
