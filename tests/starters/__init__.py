"""How a site of one's own begins."""
