"""One authorization request, answered in one browser: resolving it, single sign-on, sign-in, consent, decision, response."""
