"""A new site: what `sidedoor init` writes."""
