"""News and pages at the desk."""
