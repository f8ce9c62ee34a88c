"""Tokens, DPoP proofs and nonces, and the keys that tokens are bound to."""
