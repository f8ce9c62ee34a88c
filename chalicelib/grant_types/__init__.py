"""One file a grant type, with one public function, `issue`; and what the front channel gives."""
