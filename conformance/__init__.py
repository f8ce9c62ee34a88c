"""The OpenID Foundation's plans that this provider claims, as a matrix, and a runner that drives a suite at an address."""
