"""The people of the desk."""
