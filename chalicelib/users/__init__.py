"""Who says yes: the directory's port, the built-in directory, authenticators, levels of assurance."""
