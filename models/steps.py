"""The storage protocol, step by step: which calls go to DynamoDB and KMS, in which order, and on which condition.

Listed once. `tests/storage/test_protocol.py` holds it against what the code sends, `docs/reference/protocol.md` is written from
it, and the models (`*.pml`) have the same steps. A `?` is a value.
"""

from __future__ import annotations

from dataclasses import dataclass

CLAIM = "PutItem replay-cache IF attribute_not_exists(pk) OR expires_at < ? OR attempt = ?"
"""A jti, a proof, a passkey's challenge: once for each attempt, which may be sent again."""

COUNT = (
    "UpdateItem users SET last_failure, last_attempt ADD failures ? IF attribute_exists(pk)"
    " AND (attribute_not_exists(failures) OR failures < ?"
    + " OR (failures = ? AND last_failure <= ?)" * 5
    + " OR (failures >= ? AND last_failure <= ?)) AND (attribute_not_exists(last_attempt) OR last_attempt <> ?)"
)
"""An attempt to sign in, counted before the password is looked at: free ones, then one after each lock."""

USE_CODE = (
    "UpdateItem users SET code_step, code_use, code_use_before = if_not_exists(code_use, ?)"
    " REMOVE failures, last_failure, last_attempt"
    " IF attribute_exists(pk) AND (attribute_not_exists(code_step) OR code_step < ? OR code_use = ?)"
)
"""A one-time code is used up with all earlier ones, for one attempt, which may be sent again. It forgets the failures."""

IN_FORCE = "BatchGetItem bonds grants"
"""All that can end a grant, in one consistent read."""

CERTIFICATE = "BatchGetItem revocations"
"""Whether the client certificate was denied or revoked. It may be a second old."""

IN_FORCE_BY_CERTIFICATE = "BatchGetItem bonds grants revocations"
"""Both in one call."""

SESSION = "BatchGetItem bonds sessions"
"""A session, and the epoch of its person's own bond, which ends all of them."""

OWN_PAGE = (("BatchGetItem bonds sessions",), ("GetItem users",), ("GetItem users",))
"""The session of /security, whether its person left, and the person, whose secrets the change is of too."""

MAY_CHANGE = (
    "attribute_exists(pk) AND attribute_not_exists(suspended_at) AND (attribute_not_exists(secrets) OR secrets = ?)"
)
"""A person changes how they sign in, unless an operator suspended or reset them meanwhile."""

OF_BROWSER = "browser = ? AND expires_at > ?"


@dataclass(frozen=True)
class Step:
    """One request. `before`: calls that come before the decisive write; those in one tuple run side by side.

    `commit`: the one write that decides, None where there is none. `after`: what is optional, and fails quietly.
    `dying`: what it costs where the function dies before the commit, and after it.
    """

    name: str
    before: tuple[tuple[str, ...], ...] = ()
    commit: str | None = None
    after: tuple[str, ...] = ()
    dying: str = ""


STEPS = (
    Step(
        "push",
        before=((CLAIM,),),
        commit="PutItem grants IF attribute_not_exists(pk)",
        dying="Nobody knows the request_uri. The two writes run side by side, and both are needed for the answer.",
    ),
    Step(
        "authorize",
        commit=(
            "UpdateItem grants SET browser, code_lifetime, expires_at, ttl REMOVE login, person, bond, epoch, session"
            " IF client_id = ? AND request_expires_at > ? AND attribute_not_exists(decision)"
        ),
        dying="It may be opened again.",
    ),
    Step(
        "sign in",
        before=(
            ("GetItem grants",),
            (COUNT,),
            (USE_CODE,),
            ("GetItem bonds",),
        ),
        commit=(f"UpdateItem grants SET login, person, bond, epoch IF {OF_BROWSER} AND attribute_not_exists(decision)"),
        after=("PutItem sessions IF attribute_not_exists(pk)",),
        dying="The same form, posted again, goes on: the one-time code is claimed for this browser's login.",
    ),
    Step(
        "approve",
        commit=(
            "UpdateItem grants SET decision, code_hash, code_expires_at = code_lifetime + ?, given_at, shown,"
            " listed_until = consent_expires_at REMOVE granted"
            f" IF {OF_BROWSER} AND person = ? AND attribute_not_exists(session) AND attribute_not_exists(revoked_at)"
            " AND (attribute_not_exists(decision) OR (decision = ? AND attribute_not_exists(redeemed_by)))"
        ),
        after=("UpdateItem bonds IF its epoch is the grant's",),
        dying="Allow may be pressed again: another code, and the first one is dead.",
    ),
    Step(
        "redeem",
        before=((IN_FORCE_BY_CERTIFICATE, CLAIM), ("KMS Sign",)),
        commit=(
            "UpdateItem grants SET redeemed_by = if_not_exists(redeemed_by, ?), token = if_not_exists(token, ?),"
            " token_hash = if_not_exists(token_hash, ?), cnf = if_not_exists(cnf, ?),"
            " refresh_hash = if_not_exists(refresh_hash, ?), login, expires_at = consent_expires_at,"
            " ttl = consent_expires_at + ? REMOVE browser, code_lifetime, request_expires_at, code_expires_at"
            " ADD attempts IF code_hash = ? AND decision = ? AND attribute_not_exists(revoked_at)"
            " AND (attribute_exists(redeemed_by) OR code_expires_at > ?)"
        ),
        dying="Before: nothing is spent. After: a new login, since a code gives tokens once (RFC 6749 4.1.2).",
    ),
    Step(
        "use",
        before=((IN_FORCE_BY_CERTIFICATE,),),
        dying="In force if the set of attempts has one member, nothing is revoked, it is in time, and the epoch is the bond's.",
    ),
    Step(
        "consume",
        before=((IN_FORCE_BY_CERTIFICATE,),),
        commit=(
            "UpdateItem grants SET consumed_0 IF (attribute_not_exists(consumed_0) OR consumed_0 = ?)"
            " AND attempts = ? AND attribute_not_exists(token_ended_at)"
            " AND attribute_not_exists(revoked_at) AND consent_expires_at > ?"
        ),
        dying="The same call, sent again under its idempotency key, passes.",
    ),
    Step(
        "refresh",
        before=((IN_FORCE_BY_CERTIFICATE, CLAIM), ("GetItem users",)),
        commit="PutItem access-tokens IF attribute_not_exists(pk)",
        dying="Nobody has the handle. The directory is asked beside, and both are needed for the answer.",
    ),
    Step(
        "refresh, the first one of a day",
        before=((IN_FORCE_BY_CERTIFICATE, CLAIM), ("GetItem users",)),
        commit="PutItem access-tokens IF attribute_not_exists(pk)",
        after=(
            "UpdateItem grants SET used_at, listed_until = if_not_exists(listed_until, consent_expires_at)"
            " IF attribute_exists(pk) AND attribute_not_exists(revoked_at)",
        ),
        dying="The person's page says that the grant was last used some day before.",
    ),
    Step(
        "rotate",
        before=((IN_FORCE,), ("GetItem users", "PutItem access-tokens IF attribute_not_exists(pk)")),
        commit=(
            "UpdateItem grants SET refresh_hash, refresh_before, refreshed_at,"
            " listed_until = if_not_exists(listed_until, consent_expires_at)"
            " IF (refresh_hash = ? OR refresh_hash = ?) AND attribute_not_exists(revoked_at) AND consent_expires_at > ?"
        ),
        dying=(
            "The client comes again with the token that was replaced, which is good for a minute more, and gets another."
            " Later it is noticed by the read, and ends the grant."
        ),
    ),
    Step(
        "revoke",
        before=((IN_FORCE, CLAIM),),
        commit="UpdateItem grants SET revoked_at = if_not_exists(revoked_at, ?) REMOVE listed_until IF attribute_exists(pk)",
        dying="Not answered.",
    ),
    Step(
        "end one",
        before=((SESSION,), ("GetItem users",), ("BatchGetItem grants",)),
        commit="UpdateItem grants SET revoked_at = if_not_exists(revoked_at, ?) REMOVE listed_until IF attribute_exists(pk)",
        dying="Not answered.",
    ),
    Step(
        "end",
        before=((SESSION,), ("GetItem users",)),
        commit="PutItem bonds IF attribute_not_exists(epoch) OR epoch < ?",
        dying="Not answered.",
    ),
    Step(
        "sign out everywhere",
        before=((SESSION,),),
        commit="PutItem bonds IF attribute_not_exists(epoch) OR epoch < ?",
        dying="Not answered.",
    ),
    Step(
        "set up an app",
        before=OWN_PAGE,
        commit=(
            f"UpdateItem users SET own_totp, code_step REMOVE recovery_from, recovery_secrets ADD recovery_ends ? IF {MAY_CHANGE}"
            " AND attribute_not_exists(own_totp)"
        ),
        dying="Before: the earlier app works on. The same form may be posted again, with its code.",
    ),
    Step(
        "make recovery codes",
        before=OWN_PAGE,
        commit=(
            f"UpdateItem users SET recovery_codes, recovery_made IF {MAY_CHANGE}"
            " AND attribute_not_exists(recovery_made)"
        ),
        dying="Where the answer is lost, nobody has seen the codes. The page says so, and makes others.",
    ),
    Step(
        "begin a recovery",
        before=((COUNT,),),
        commit=(
            f"UpdateItem users SET recovery_from, recovery_secrets IF {MAY_CHANGE}"
            " AND recovery_ends = ? AND (attribute_not_exists(recovery_from) OR recovery_from <= ? OR recovery_secrets <> ?)"
        ),
        dying="Before: nothing began. After: the same form says from when the recovery can be completed.",
    ),
    Step(
        "complete a recovery",
        before=OWN_PAGE,
        commit=(
            "UpdateItem users SET own_totp, code_step, recovery_done REMOVE recovery_from, recovery_secrets, recovery_codes"
            f" ADD recovery_ends ? IF {MAY_CHANGE} AND recovery_from = ? AND recovery_secrets = ?"
            " AND attribute_not_exists(own_totp)"
        ),
        dying="Before: the recovery can be completed still. After: the new app counts, and signs in.",
    ),
    Step(
        "stop a recovery",
        before=OWN_PAGE,
        commit=f"UpdateItem users REMOVE recovery_from, recovery_secrets ADD recovery_ends ? IF {MAY_CHANGE}",
        dying="The page shows whether it runs. Stopping it again is no error.",
    ),
)
