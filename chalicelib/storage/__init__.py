"""What is remembered: records (frozen values), stores (ports), dynamodb (the adapter)."""
