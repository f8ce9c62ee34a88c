"""Who says yes: end users, authenticators, levels of assurance."""
