"""End users: the built-in directory, authenticators, levels of assurance, claims and subjects."""
