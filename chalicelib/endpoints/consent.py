"""GET and POST /consent: the page on which a person agrees, and the authorization response that follows."""

from __future__ import annotations

from chalicelib.authorization import agreement, browser, details, response, scope
from chalicelib.authorization.detail_type import Detail
from chalicelib.clients import lifetimes
from chalicelib.endpoints.authorize import refuse
from chalicelib.endpoints.login import cancel
from chalicelib.errors import AccessDenied, ConsentRequired, InvalidRequest
from chalicelib.messages import Request, Response, see_other
from chalicelib.pages import render
from chalicelib.people import claims
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import digest, join
from chalicelib.storage.records import Agreement, Interaction
from chalicelib.storage.stores import Gone

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page; or, posted, 303 back to the client with a code or with access_denied."""
    return _post(request, provider) if request.method == "POST" else _show(request, provider)


def _show(request: Request, provider: Provider) -> Response:
    now = provider.now()
    key = request.parameters.get("interaction", "")
    interaction = browser.require_own(request, provider.interactions.find(key, now=now))
    if interaction.login is None:
        return see_other(f"/login?interaction={key}")
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None:
        raise AccessDenied("the app that sent you here is no longer registered")
    profile = PROFILES[client.profile]
    wanted = agreement.asked(interaction.request, known=claims.NAMES)
    before = Agreement()
    if agreement.rememberable(interaction.request, client, profile):
        before = provider.agreements.find(interaction.login.sub, client.client_id, now=now)
    new = agreement.new(wanted, before)
    cookie, person = browser.cookie_of(request, key), digest(interaction.login.sub)
    if "consent" not in interaction.request.prompt and before != Agreement() and new == Agreement():
        return _approve(key, cookie, person, provider, now=now)
    if "none" in interaction.request.prompt:
        return cancel(key, cookie, provider, now=now, why=ConsentRequired("the person would have to agree"))
    return render.consent(
        bank_name=provider.settings.bank_name,
        client_name=client.client_name,
        key=key,
        csrf=browser.token(key, cookie, person=person),
        redirect_uri=interaction.request.redirect_uri,
        person=str(interaction.login.claims.get("name") or interaction.login.username),
        asks=_asks(wanted, new) if before != Agreement() else _in_words(wanted, interaction.request.scope),
        details=details.in_words(interaction.request.authorization_details, interaction.login.accounts),
        until=details.ends(
            interaction.request.authorization_details,
            otherwise=now + lifetimes.of_consent(client, profile),
        ),
    )


def _post(request: Request, provider: Provider) -> Response:
    now = provider.now()

    # Read.
    form = request.form
    key, cookie = browser.require_posted(request, form)
    action = form.get("action")
    if action == "cancel":
        return cancel(key, cookie, provider, now=now)
    if action != "approve":
        raise InvalidRequest("the page was posted without a decision")

    # Check. Only where something is to be chosen is there anything to look at first.
    granted: tuple[Detail, ...] = ()
    if "details" in form:
        interaction = browser.require_own(request, provider.interactions.find(key, now=now))
        accounts = interaction.login.accounts if interaction.login is not None else ()
        try:
            granted = details.granted(interaction.request.authorization_details, form, accounts)
        except AccessDenied:
            return cancel(key, cookie, provider, now=now)

    # Remember, and answer.
    return _approve(key, cookie, browser.asked(form), provider, now=now, granted=granted, by_hand=True)


def _approve(
    key: str,
    cookie: str,
    person: str,
    provider: Provider,
    *,
    now: int,
    granted: tuple[Detail, ...] = (),
    by_hand: bool = False,
) -> Response:
    """303 back to the client with what it gets. `by_hand`: somebody read the page, and so need not be asked again.

    The write itself checks that the interaction is this browser's, open, and logged in as `person`, who agreed: somebody else may
    have signed in meanwhile, who agreed to nothing.
    """
    code = join(provider.new_handle(), key)
    try:
        interaction = provider.interactions.decide(
            key,
            cookie,
            decision="approved",
            now=now,
            person=person,
            consent_id=provider.new_handle(),
            code=code,
            granted=granted,
        )
    except Gone:
        raise browser.over() from None

    if by_hand:  # after the decision, and never before it: nobody is remembered to have agreed who did not
        _remember(interaction, provider, now=now)
    back = response.success(interaction.request, provider, _given(interaction, code, provider, now=now), now=now)
    return back.with_headers(browser.release(key))


def _given(interaction: Interaction, code: str, provider: Provider, *, now: int) -> dict[str, str]:
    if interaction.request.response_type == "code":
        return {"code": code}
    from chalicelib.grants import front_channel  # brings PyJWT, which a code alone never needs

    return front_channel.issue(interaction, code, provider, now=now)


def _remember(interaction: Interaction, provider: Provider, *, now: int) -> None:
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None or interaction.login is None:
        return
    profile = PROFILES[client.profile]
    if agreement.rememberable(interaction.request, client, profile):
        wanted = agreement.asked(interaction.request, known=claims.NAMES)
        until = now + lifetimes.of_consent(client, profile)
        provider.agreements.remember(interaction.login.sub, client.client_id, wanted, until=until)


def _in_words(asked: Agreement, with_scope: tuple[str, ...]) -> list[str]:
    return [*scope.in_words(asked.scope), *claims.in_words(asked.claims, with_scope)]


def _asks(wanted: Agreement, new: Agreement) -> list[str]:
    """Everything that is asked for; what was not agreed to before comes first, and says so."""
    fresh = _in_words(new, wanted.scope)
    return [*(f"{words} (new)" for words in fresh), *(w for w in _in_words(wanted, wanted.scope) if w not in fresh)]
