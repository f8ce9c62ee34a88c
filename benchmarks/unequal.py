"""What is unequal between those that are measured, as the page says it."""

from __future__ import annotations

from benchmarks.keycloak import WARMING

PEER = """
- Ours takes API Gateway's event as JSON from a socket, as Lambda's runtime hands it over; the peer speaks HTTP
  itself. Who ends TLS in front of either is not counted.
- Ours is measured in one process, as the peer is, and once more with a process for each function, as it is deployed.
  A process that serves one request in seven finds less of itself in the processor's caches.
- Both sign in with a password and a one-time code, whose attempts are counted and which is taken once. The password's
  hash is one of no cost on both sides: argon2 is left out. The peer's secret is opened by KMS at each login; ours by
  a data key.
- The peer's adapter is written for this bench, with consistent reads and conditional consumption. Of a library that
  reads before it writes it can't make one write; of ours each step is one conditional write. Its replay detection
  reads and then writes, so that two at the same instant may both pass; ours is one conditional write.
- The peer's clients are in its configuration; ours are read from DynamoDB once a minute.
- The peer signs by its `ExternalSigningKey`, which it calls an experiment. "In memory" it keeps nothing beyond the
  process, signs by a key in memory and asks for no one-time code: no deployment could do that, and it shows what the
  library alone takes.
- The peer has no pages of its own. Here it shows ours: the same templates and texts, by nunjucks. Only ours reads in
  which language it answers, and binds its form to the browser by a token. Ours keeps the login page of a client and
  fills its values in, all other pages are rendered; the peer renders each.
- All threads of ours stay on one core, as in a function of at most one vCPU. The peer's may use both.
- The authorizer has no counterpart at the peer; its userinfo and introspection stand beside ours.
- The peer's CPU has the just-in-time compiler's in it, after half as many rounds to warm up as are measured.
""".strip()

KEYCLOAK = f"""
- Keycloak keeps clients, people, sessions and consents in a relational database: here its own of development, H2, a
  file that its own process writes, so that the database's CPU is in Keycloak's figures. Pushed requests, codes, login
  steps and the identifiers of assertions and proofs are in the process's memory. Ours has all of it in DynamoDB, whose
  work is not counted. A deployment of more than one Keycloak needs a database server and a cache that they share.
- Keycloak's keys are in its database, and it signs by itself; ours signs in KMS, whose work is not counted. Keycloak's
  access and ID tokens are both signed with PS256 and its refresh token with HS512; of ours the ID token is signed alone.
- Keycloak is one Java process that stays, with its settings of memory as they are published, not a function. It has
  {WARMING} logins to itself for each that is measured, since its compilers are at work over hundreds; what they still
  take is in its figures.
- Keycloak is held to FAPI 2.0 by its own client profile for the sender constraint. Passwords are hashed with PBKDF2 in
  one iteration. Its login is two pages, the password's and the code's, and both are in "login". Attempts are counted,
  and a code is taken once.
- Keycloak's client certificate comes in a header, as nginx has it.
- Keycloak's CPU of a start is that of a second one: the first makes the database.
""".strip()
