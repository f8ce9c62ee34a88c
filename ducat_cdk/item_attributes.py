"""What a function may write of an item, and read of a user: the attributes, as rows of functions.py name them.

DynamoDB compares the attributes that a request names, those of its condition and its key among them (DynamoDB developer guide,
"Using IAM policy conditions for fine-grained access control"). So what a condition reads may be written too, and a write may
give the whole item back. An attribute that ends with a browser, a number, a scope or a claim is named by `*`.
"""

from __future__ import annotations

BY = "by"
"""Of each recorded item: who wrote it (chalicelib/writer.py)."""

ENDED = ("pk", BY, "revoked_at", "listed_until", "token_ended_at", "front_ended_at")
"""Of a grant: when it, or a token of it, ended."""

ENDED_BY_PERSON = ("pk", BY, "revoked_at", "listed_until")
"""Of a grant: when its person ended it."""

IN_BROWSER = ("pk", BY, "browser", "expires_at", "decision")
SIGNED_IN = (*IN_BROWSER, "login", "person", "bond", "epoch", "session")
OPENED = (*SIGNED_IN, "code_lifetime", "ttl", "client_id", "request_expires_at")
"""Of a grant: what a browser and a sign-in write."""

NEW_GRANT = (
    *("pk", BY, "v", "record", "client_id", "journey", "ttl"),
    *("request_expires_at", "expires_at", "consent_expires_at"),
)
"""Of a grant: what stands in it when it is pushed. Whoever may write no more can't give one that is approved or redeemed."""

NEW_GRANT_IN_BROWSER = (*NEW_GRANT, "browser", "code_lifetime")

DECIDED = (
    *(*IN_BROWSER, "person", "session", "redeemed_by", "revoked_at", "code_lifetime"),
    *("code_hash", "code_expires_at", "given_at", "granted", "approval", "consent_expires_at"),
    *("front_token", "front_hash", "shown", "listed_until"),
)
"""Of a grant: what the decision writes, with the access token of an authorization response."""

REDEEMED = (
    *("pk", BY, "code_hash", "decision", "revoked_at", "code_expires_at", "consent_expires_at"),
    *("redeemed_by", "token", "token_hash", "cnf", "refresh_hash", "refresh_family", "attempts", "login"),
    *("browser", "code_lifetime", "request_expires_at", "expires_at", "ttl"),
    *("refresh_before", "refreshed_at", "used_at", "listed_until"),
)
"""Of a grant: what a code and a refresh token are exchanged by."""

CONSUMED = ("pk", BY, "consumed_*", "attempts", "revoked_at", "token_ended_at", "consent_expires_at")
"""Of a grant: what may be done once."""

REMEMBERED = ("pk", BY, "v", "epoch", "expires_at", "ttl", "client_id", "person", "scope *", "claim *")
"""Of a bond: consent, and whose it is."""

COUNTED = ("pk", BY, "failures", "last_failure", "last_attempt", "code_step", "code_use", "code_use_before", "profile")
COUNTED_BY_BROWSER = (*COUNTED, "failures_*", "last_failure_*", "last_attempt_*")
"""Of a user: the attempts, the one-time code that was used last, and the profile, where an earlier release stored none."""

PROFILE = ("pk", "profile", "suspended_at")
"""Of a user: the sub, the claims and the accounts, without what proves who it is, and whether the user is suspended."""

PASSKEY_USED = ("pk", BY, "sign_count", "attempt")
PASSKEY_ADDED = ("pk", BY, "v", "record", "username", "person", "created_at", "sign_count")
"""Of a passkey's item, whose record has the public key and no secret."""
INVITED = ("invitation", "invited_until", "passkey_keys")
"""Of a user: the invitation, and which passkeys are in force. The record with the password's hash is not among them."""

OWN_MEANS = (
    *("pk", BY, "suspended_at", "secrets", "passkey_keys", "passkeys_removed", "passkey_removals"),
    *("own_totp", "code_step", "recovery_codes", "recovery_made", "recovery_use", "recovery_use_before"),
    *("recovery_from", "recovery_secrets", "recovery_ends", "recovery_done"),
    *("failures", "last_failure", "last_attempt", "failures_*", "last_failure_*", "last_attempt_*"),
)
"""Of a user: what the person changes of their own sign-in. The record with the password's hash is not among them."""

SESSION_REPLACED = ("pk", BY, "replaced_at")
DELETED_KEY = ("ring", "kid", BY, "record", "signs_from", "claimed_by")
"""Of a published key, or of a run's claim: who is about to delete it, if it is as it was read."""

KNOWN = ("pk", "left_at", "suspended_at")
"""Of a user's sub."""

PERSONS_KEY = ("pk", "key", "erased_at")
"""Of the record's key of a person, and of the mark that stays of one who was erased: without the end of either."""

NO_USERNAMES = ("sub *", "passkey *", "data key*")
"""Keys in the users table that are of something else."""
