"""Notices at the desk, and the mail about them."""
