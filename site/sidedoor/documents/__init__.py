"""What editors write: read, checked, rendered, and kept in a Library. Nothing here knows about the web."""
