"""What a person sees: templates, one stylesheet, and the headers that keep a page to itself."""
