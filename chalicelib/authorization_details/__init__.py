"""Rich authorization requests (RFC 9396): the types, their schemas, and their texts for users."""
