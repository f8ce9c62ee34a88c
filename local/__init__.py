"""The laptop: AWS's stand-in, dev certificates, a TLS gateway, sandbox people, a sample bank, a demo fintech. Not deployed."""
