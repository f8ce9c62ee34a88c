"""Scheduled functions: one file per function, with one public function `run`."""
