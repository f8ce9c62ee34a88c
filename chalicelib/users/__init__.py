"""Who says yes: the built-in directory, authenticators, levels of assurance."""
