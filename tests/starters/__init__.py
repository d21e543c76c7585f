"""Starting a new site."""
