"""The settings of the site at the desk."""
