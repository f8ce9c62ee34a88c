"""The operator's command `ducat`: clients, users, consents and keys of one deployment, on AWS or on a laptop."""
