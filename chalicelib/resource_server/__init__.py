"""What guards the bank's API: access tokens, a route's policy, signatures of requests and answers, FAPI's headers."""
