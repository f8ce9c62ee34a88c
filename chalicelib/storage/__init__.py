"""Storage: records (immutable values), stores (ports), dynamodb (the adapter)."""
