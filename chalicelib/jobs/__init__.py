"""What runs by the clock: one file per scheduled function, each with one public function, run."""
