"""The documents, and the scripts that write docs/reference from the code (`python -m docs.generate`)."""
