"""The settings in site.toml, changed at the desk."""
