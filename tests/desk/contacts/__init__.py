"""Contacts at the desk."""
