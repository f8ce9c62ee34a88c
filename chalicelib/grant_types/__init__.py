"""One file per grant type, with one public function `issue`; and the tokens of the front channel."""
