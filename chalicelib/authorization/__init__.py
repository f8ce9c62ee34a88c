"""The authorization request: its parameters, request objects, PKCE, scope, and the access that a grant gives."""
