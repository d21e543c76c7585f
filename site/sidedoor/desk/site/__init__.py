"""What site.toml holds, changed at the desk."""
