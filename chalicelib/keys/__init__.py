"""What signs and verifies: ring (ports), jose, kms (the adapter)."""
