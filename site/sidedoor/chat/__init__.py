"""Conversations between a reader and an adviser, of which nothing is kept."""
