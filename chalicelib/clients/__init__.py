"""Clients: their metadata, keys, certificates, assertions and secrets, and encryption to them."""
