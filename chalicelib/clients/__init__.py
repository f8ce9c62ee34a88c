"""Who asks: authentication methods, client metadata, certificates."""
