"""Fetching of documents at URLs of other parties, without trusting them."""
