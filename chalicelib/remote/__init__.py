"""What is fetched at somebody's word: the port, the places that may be named, and the adapter that goes there."""
