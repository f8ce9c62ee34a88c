"""Who asks: client metadata, keys, certificates, assertions, and encryption to a client."""
