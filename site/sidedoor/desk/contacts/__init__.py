"""Contacts at the desk: contacts.yaml, every step it can take, and its views."""
