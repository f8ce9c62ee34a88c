"""The record of what happened: events made of the tables' streams and of log lines. `app.audit` is its function."""
