"""Translations at the desk: the state of each page, and a translation's way to readers."""
