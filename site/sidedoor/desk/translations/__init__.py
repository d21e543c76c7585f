"""Translations at the desk: how each page stands, and the way of one to readers."""
