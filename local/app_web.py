"""The page of the sandbox's approval app: what waits for alice and bob, to approve or to refuse. It plays their phones."""

from __future__ import annotations

import secrets
from typing import Any, Literal

from flask import Flask, redirect, render_template_string, request, session, url_for

from chalicelib import language
from chalicelib.authorization_details import details
from local.sandbox_app import SandboxApp
from local.sandbox_users import USERS

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>The bank's app</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
section { border: 1px solid; border-radius: .5rem; padding: 1rem; margin: 1rem 0 }
h3 { margin: 0 } dl { margin: .5rem 0 } dd { margin: 0 0 .25rem; font-weight: 600 }
button { font: inherit; font-weight: 600; padding: .6rem 1.1rem; margin: .5rem .5rem 0 0 }
</style>
<h1>The bank's app</h1>
<p>It plays the phones of the sandbox people. <a href="{{ url_for('app') }}">Look again</a></p>
{% for person, waiting in phones.items() %}
<h2>{{ person }}</h2>
{% for one, shown in waiting %}
<section>
{% for detail in shown %}
<h3>{{ detail.heading }}</h3>
<dl>{% for label, value in detail.facts %}<dt>{{ label }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
{% endfor %}
<p>{{ one.client_name }} asks for it. The bank's page shows the number <strong>{{ one.number }}</strong>.</p>
<form method="post" action="{{ url_for('app_answer', username=person) }}">
<input type="hidden" name="csrf" value="{{ csrf }}">
<input type="hidden" name="reference" value="{{ one.reference }}">
<button name="state" value="approved">Approve</button>
<button name="state" value="refused">Refuse</button>
</form>
</section>
{% else %}
<p>Nothing waits.</p>
{% endfor %}
{% endfor %}
</html>"""

STATES: dict[str, Literal["approved", "refused"]] = {"approved": "approved", "refused": "refused"}


def add_to(web: Flask, phones: SandboxApp) -> None:
    """Give a web server the page, at /app."""

    @web.get("/app")
    def app() -> str:
        csrf = session.setdefault("csrf", secrets.token_urlsafe())
        reader = language.of(language.ENGLISH)
        shown = {
            name: [(one, details.in_words(one.details, person.accounts, reader)) for one in phones.waiting(person.sub)]
            for name, person in USERS.items()
        }
        return render_template_string(PAGE, phones=shown, csrf=csrf)

    @web.post("/app/<username>")
    def app_answer(username: str) -> Any:
        state, person = STATES.get(request.form.get("state", "")), USERS.get(username)
        if request.form.get("csrf") != session.get("csrf") or state is None or person is None:
            return "This form was not made for this browser.", 400
        try:
            phones.answer(request.form.get("reference", ""), person.sub, state)
        except KeyError:
            return "Nothing like this waits, or it was answered already.", 409
        return redirect(url_for("app"), 303)
