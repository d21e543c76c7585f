"""Scripts that take the pictures of the README."""
