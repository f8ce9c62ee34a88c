"""One authorization request in one browser: resolution, single sign-on, sign-in, consent, decision and response."""
