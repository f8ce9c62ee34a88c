"""Ducat: an OpenID Provider of financial grade, one Lambda function per endpoint."""
