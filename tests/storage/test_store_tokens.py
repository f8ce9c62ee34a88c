"""stores.Tokens and stores.Consents: a token lives only as long as its consent."""

from dataclasses import replace

import pytest

from chalicelib.storage.handles import digest, join
from chalicelib.storage.stores import AlreadyUsed, Gone, Replayed
from tests.storage.specimens import NOW, UNUSABLE, flow, handle, once, token


def test_a_clients_own_token_needs_no_consent(aws):
    access = handle()
    aws.tokens.keep(access, token(), now=NOW)
    assert aws.tokens.find(access, now=NOW) == (token(), None)


def test_what_has_expired_is_not_found_though_it_is_still_there(aws):
    access = handle()
    aws.tokens.keep(access, token(expires_at=NOW + 600), now=NOW)
    assert aws.tokens.find(access, now=NOW + 599) is not None
    assert aws.tokens.find(access, now=NOW + 600) is None
    assert aws.tokens.look_up(access, now=NOW + 600) == (None, None)
    assert aws.tokens.find(access, now=NOW) is not None


@pytest.mark.parametrize("access", [".", "nobody's", f"a.{'b' * 43}", *UNUSABLE, f"a.{UNUSABLE[1]}"])
def test_another_handle_finds_nothing(aws, access):
    assert aws.tokens.find(access, now=NOW) is None
    assert aws.tokens.look_up(access, now=NOW) == (None, None)


def test_a_token_and_its_consent_are_found_in_one_call(aws, calls):
    one = flow().spent(aws)
    calls.clear()
    assert aws.tokens.find(one.access, now=NOW) == (one.token, one.consent)
    assert [operation for operation, _ in calls] == ["BatchGetItem"]


def test_a_further_token_of_a_consent_is_found_with_it(aws):
    one = flow().spent(aws)
    access = join(handle(), one.consent.consent_id)
    aws.tokens.keep(access, one.token, now=NOW)
    assert aws.tokens.find(access, now=NOW) == (one.token, one.consent)


@pytest.mark.parametrize("stolen_consent", [True, False])
def test_a_handle_that_was_pointed_at_another_consent_or_none_finds_nothing(aws, stolen_consent):
    one, other = flow().spent(aws), flow().spent(aws)
    secret = one.access.partition(".")[0]
    forged = join(secret, other.consent.consent_id) if stolen_consent else secret
    assert aws.tokens.find(forged, now=NOW) is None


def test_a_token_whose_handle_names_another_consent_than_its_record_is_not_found(aws):
    one, other = flow().spent(aws), flow().spent(aws)
    access = join(handle(), other.consent.consent_id)
    aws.tokens.keep(access, one.token, now=NOW)
    bare = handle()
    aws.tokens.keep(bare, one.token, now=NOW)
    assert (aws.tokens.find(access, now=NOW), aws.tokens.find(bare, now=NOW)) == (None, None)


# Looking up what may be of either kind.


def test_a_refresh_token_leads_to_its_consent_in_one_call(aws, calls):
    one = flow().spent(aws)
    calls.clear()
    assert aws.tokens.look_up(one.refresh, now=NOW) == (None, one.consent)
    assert aws.tokens.look_up(one.access, now=NOW) == (one.token, one.consent)
    assert [operation for operation, _ in calls] == ["BatchGetItem"] * 2


def test_no_refresh_token_is_an_access_token(aws):
    one = flow().spent(aws)
    assert aws.tokens.find(one.refresh, now=NOW) is None


def test_another_secret_before_a_consents_key_is_not_its_refresh_token(aws):
    one = flow().spent(aws)
    forged = join(handle(), one.consent.consent_id)
    assert aws.tokens.look_up(forged, now=NOW) == (None, None)


def test_a_consent_without_refresh_token_has_none_to_look_up(aws):
    one = flow()
    one = replace(one, consent=replace(one.consent, refresh_hash=None)).spent(aws)
    assert aws.tokens.look_up(one.refresh, now=NOW) == (None, None)


# Keeping only under a consent in force.


@pytest.mark.parametrize("ended", ["revoked", "expired", "never given"])
def test_no_token_comes_of_a_consent_that_is_not_in_force(aws, ended):
    one = flow()
    if ended != "never given":
        one.spent(aws)
    if ended == "revoked":
        aws.consents.revoke(one.consent.consent_id, now=NOW)
    now = one.consent.expires_at if ended == "expired" else NOW
    access, assertion = join(handle(), one.consent.consent_id), once(now + 60)
    with pytest.raises(Gone):
        aws.tokens.keep(access, replace(one.token, expires_at=now + 600), now=now, once=(assertion,))
    assert aws.dynamo._tables.get(aws.settings.access_tokens_table, digest(access)) is None
    aws.used_once.claim((assertion,), now=now)


def test_an_assertion_that_was_used_before_gets_no_token(aws):
    one, assertion, access = flow().spent(aws), once(), handle()
    refreshed = join(handle(), one.consent.consent_id)
    aws.used_once.claim((assertion,), now=NOW)
    with pytest.raises(AlreadyUsed):
        aws.tokens.keep(access, token(), now=NOW, once=(assertion,))
    with pytest.raises(AlreadyUsed):
        aws.tokens.keep(refreshed, one.token, now=NOW, once=(assertion,))
    assert (aws.tokens.find(access, now=NOW), aws.tokens.find(refreshed, now=NOW)) == (None, None)


def test_no_token_outlives_a_revocation_that_it_raced(aws, race):
    one = flow().spent(aws)
    handles = [join(handle(), one.consent.consent_id) for _ in range(8)]

    def either(n):
        if n == 4:
            return aws.consents.revoke(one.consent.consent_id, now=NOW)
        return aws.tokens.keep(handles[n], one.token, now=NOW)

    outcomes = race(either)
    assert outcomes[4] is None
    assert {type(outcome) for outcome in outcomes} <= {type(None), Gone}
    assert [access for access in handles if aws.tokens.find(access, now=NOW)] == []


# Revoking.


def test_a_revoked_token_is_dead_and_its_sisters_are_not(aws):
    one = flow().spent(aws)
    sister = join(handle(), one.consent.consent_id)
    aws.tokens.keep(sister, one.token, now=NOW)
    aws.tokens.revoke(one.access, now=NOW)
    assert aws.tokens.find(one.access, now=NOW) is None
    assert aws.tokens.find(sister, now=NOW) is not None


def test_revoking_a_token_that_is_not_there_is_no_error(aws):
    aws.tokens.revoke(handle(), now=NOW)


def test_an_assertion_that_was_used_before_revokes_nothing(aws):
    one, assertion = flow().spent(aws), once()
    aws.used_once.claim((assertion,), now=NOW)
    with pytest.raises(AlreadyUsed):
        aws.tokens.revoke(one.access, now=NOW, once=(assertion,))
    with pytest.raises(AlreadyUsed):
        aws.consents.revoke(one.consent.consent_id, now=NOW, once=(assertion,))
    assert aws.tokens.find(one.access, now=NOW) is not None


def test_a_revoked_consent_kills_every_token_at_once_by_one_write(aws, another, calls):
    one = flow().spent(aws)
    sisters = [join(handle(), one.consent.consent_id) for _ in range(5)]
    for access in sisters:
        aws.tokens.keep(access, one.token, now=NOW)
    calls.clear()
    aws.consents.revoke(one.consent.consent_id, now=NOW)
    assert len(calls) == 1
    for access in (one.access, *sisters):
        assert another.tokens.find(access, now=NOW) is None
    assert another.tokens.look_up(one.refresh, now=NOW) == (None, None)
    assert another.consents.find(one.consent.consent_id, now=NOW) is None


def test_revoking_twice_is_no_error_and_the_first_time_counts(aws):
    one = flow().spent(aws)
    aws.consents.revoke(one.consent.consent_id, now=NOW)
    aws.consents.revoke(one.consent.consent_id, now=NOW + 5)
    item = aws.dynamo._tables.get(aws.settings.consents_table, one.consent.consent_id)
    assert item["revoked_at"] == NOW


def test_revoking_what_never_was_leaves_nothing_and_still_uses_the_assertion(aws):
    consent_id, assertion = handle(), once()
    aws.consents.revoke(consent_id, now=NOW, once=(assertion,))
    assert aws.dynamo._tables.get(aws.settings.consents_table, consent_id) is None
    with pytest.raises(AlreadyUsed):
        aws.used_once.claim((assertion,), now=NOW)


# Replacing a refresh token.


def rotating():
    """A login whose refresh tokens are replaced."""
    one = flow()
    return replace(one, consent=replace(one.consent, refresh_family=digest("family")))


def rotate(aws, one, new, *, access=None, now=NOW, once=()):
    access = access or join(handle(), one.consent.consent_id)
    aws.tokens.rotate(one.consent, digest(new), handle=access, token=one.token, now=now, once=once)
    return access


def test_a_replaced_refresh_token_leads_nowhere_and_the_new_one_to_the_consent(aws, another, calls):
    one = rotating().spent(aws)
    new = join(handle(), one.consent.consent_id)
    calls.clear()
    access = rotate(aws, one, new, once=(once(),))
    assert [operation for operation, _ in calls] == ["TransactWriteItems"]
    changed = replace(one.consent, refresh_hash=digest(new))
    assert another.consents.find(one.consent.consent_id, now=NOW) == changed
    assert another.tokens.find(access, now=NOW) == (one.token, changed)
    assert another.tokens.look_up(one.refresh, now=NOW) == (None, None)
    assert another.tokens.look_up(new, now=NOW) == (None, changed)
    assert another.tokens.find(one.access, now=NOW) == (one.token, changed)


def test_a_refresh_token_is_replaced_once(aws):
    one, assertion = rotating().spent(aws), once()
    first, second = (join(handle(), one.consent.consent_id) for _ in range(2))
    rotate(aws, one, first)
    access = join(handle(), one.consent.consent_id)
    with pytest.raises(Replayed) as raised:
        rotate(aws, one, second, access=access, once=(assertion,))
    assert raised.value.consent_id == one.consent.consent_id
    assert aws.tokens.find(access, now=NOW) is None
    assert aws.consents.find(one.consent.consent_id, now=NOW).refresh_hash == digest(first)
    aws.used_once.claim((assertion,), now=NOW)


def test_of_eight_that_replace_it_at_once_one_does(aws, race):
    one = rotating().spent(aws)
    handles = [join(handle(), one.consent.consent_id) for _ in range(8)]
    outcomes = race(lambda n: rotate(aws, one, handles[n], access=f"access-{n}.{one.consent.consent_id}"))
    (winner,) = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Exception)]
    assert {type(outcome) for n, outcome in enumerate(outcomes) if n != winner} == {Replayed}
    assert aws.consents.find(one.consent.consent_id, now=NOW).refresh_hash == digest(handles[winner])
    found = [aws.tokens.find(f"access-{n}.{one.consent.consent_id}", now=NOW) for n in range(8)]
    assert [n for n, token in enumerate(found) if token] == [winner]


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_under_a_consent_that_is_not_in_force_nothing_is_replaced(aws, ended):
    one = rotating().spent(aws)
    if ended == "revoked":
        aws.consents.revoke(one.consent.consent_id, now=NOW)
    with pytest.raises(Gone):
        rotate(aws, one, "new", now=one.consent.expires_at if ended == "expired" else NOW)
    item = aws.dynamo._tables.get(aws.settings.consents_table, one.consent.consent_id)
    assert item["refresh_hash"] == one.consent.refresh_hash


def test_a_proof_that_was_used_before_replaces_nothing(aws):
    one, proof = rotating().spent(aws), once(what="DPoP proof")
    aws.used_once.claim((proof,), now=NOW)
    with pytest.raises(AlreadyUsed):
        rotate(aws, one, "new", once=(proof,))
    assert aws.consents.find(one.consent.consent_id, now=NOW) == one.consent


# Consents.


def test_a_consent_is_found_until_it_expires(aws):
    one = flow().spent(aws)
    end = one.consent.expires_at
    assert aws.consents.find(one.consent.consent_id, now=end - 1) == one.consent
    assert aws.consents.find(one.consent.consent_id, now=end) is None
    assert aws.tokens.look_up(one.refresh, now=end) == (None, None)


@pytest.mark.parametrize("consent_id", ["nobody's", *UNUSABLE])
def test_a_consent_that_was_never_given_is_not_found(aws, consent_id):
    assert aws.consents.find(consent_id, now=NOW) is None
