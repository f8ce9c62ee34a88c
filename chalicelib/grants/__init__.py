"""One file per grant_type, each with one public function, issue."""
