"""What is asked and agreed: the request, PKCE, scope, consent."""
