"""What the bank's own API needs: for handlers behind the authorizer, in a function of the bank's."""
