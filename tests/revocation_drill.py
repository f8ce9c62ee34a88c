"""A client whose certificate is revoked, and then one that is denied: what each endpoint answers, step by step.

`make revocations` prints what happened. AWS is tests/aws_in_process, the clock is simulated, the functions are warm. The job, the
checks and the denylist are those of a deployment; the authority and its CRLs are made here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.clients import denylist
from chalicelib.jobs import publish_keys
from tests.actors import AUTHORITY, Bank, Fintech
from tests.aws_in_process import aws as standin
from tests.revocation_world import MINUTES, SERIAL, World, allowed

CLIENT = {
    "client_id": "tls-client-auth",
    "client_name": "Fintech",
    "profile": "fapi2-security",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile accounts",
    "redirect_uris": ["https://fintech.example/callback"],
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_subject_dn": "CN=tls-client-auth,O=Fintech\\, Inc.,C=DE",
    "tls_client_certificate_bound_access_tokens": True,
}


@dataclass
class Drill:
    """`surprises`: the steps that did not go as they should."""

    world: World
    say: Callable[[str], None]
    surprises: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """All steps. Gives the surprises."""
        world = self.world
        world.publish(world.authority.crl(1))
        self.say(f"the job: {world.job()}")
        tokens = world.client.tokens()
        self._step("the certificate is good", tokens, works=True)
        world.publish(world.authority.crl(1, SERIAL, number=2))
        self.say(f"the authority revokes the certificate; the job: {world.job()}")
        self._step(f"less than {MINUTES} minutes later, in functions that looked before", tokens, works=True)
        world.restart()
        self._step("in functions that look", tokens, works=False)
        world.publish(world.authority.crl(1, number=1))
        self.say(f"somebody publishes the older CRL again; the job: {world.job()}")
        world.restart()
        self._step("the older CRL is not taken", tokens, works=False)
        self._denylist()
        return self.surprises

    def _denylist(self) -> None:
        world, store = self.world, self.world.bank.aws.revocations
        renewed = world.client.with_(certificate=world.authority.issue("tls-client-auth", 2))
        world.client = renewed
        tokens = renewed.tokens()
        self._step("the client's new certificate is good", tokens, works=True)
        denied = denylist.by_serial(AUTHORITY, "02")
        denied.deny(store, why="drill", now=world.bank.now)
        self._step("an operator denies it", tokens, works=False)
        denied.allow(store)
        self._step("the operator ends the denial", tokens, works=True)

    def _step(self, what: str, tokens: dict[str, str], *, works: bool) -> None:
        client = self.world.client
        found = {
            "token": self.world.works(client),
            "refresh": client.refresh(tokens["refresh_token"]).status == 200,
            "par": client.push().status == 201,
            "introspect": client.introspect(tokens["access_token"]).status == 200,
            "authorizer": allowed(client.accounts(tokens["access_token"])),
            "userinfo": client.userinfo(tokens["access_token"]).status == 200,
        }
        self.say(f"{what}: {', '.join(f'{name} {_said(good)}' for name, good in found.items())}")
        self.surprises += [f"{what}: {name} is {_said(good)}" for name, good in found.items() if good is not works]


def _said(good: bool) -> str:
    return "works" if good else "refused"


def drill(say: Callable[[str], None] = print) -> list[str]:
    """The whole drill, on a stand-in of its own. Gives the surprises."""
    with standin.running("us-west-1") as (stand, found):
        bank = Bank(found)
        publish_keys.run(bank.aws)
        bank.register(**CLIENT)
        world = World(bank, stand.files)
        world.client = Fintech(bank, "tls-client-auth", "tls_client_auth", None, "", world.certificate)
        return Drill(world, say).run()


def main() -> int:
    """The command. Ends with status 1 where something did not go as it should."""
    surprises = drill()
    print("As it should." if not surprises else "NOT as it should: " + "; ".join(surprises))
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
