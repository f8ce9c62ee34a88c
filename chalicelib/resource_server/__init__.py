"""Protection of the bank's API: access tokens, policies of routes, HTTP message signatures, FAPI headers."""
