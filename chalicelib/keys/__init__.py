"""Keys and signatures: the key ring (ports), JWS, JWE, HTTP message signatures, and KMS (the adapter)."""
