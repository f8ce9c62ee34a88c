"""One file per URL that is advertised, each with one public function."""
