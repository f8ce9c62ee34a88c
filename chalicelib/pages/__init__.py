"""Pages: templates, one stylesheet, and security headers."""
