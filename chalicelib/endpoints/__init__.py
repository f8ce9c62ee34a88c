"""One file per published URL. Each file has one public function."""
