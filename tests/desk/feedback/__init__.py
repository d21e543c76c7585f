"""Readers' feedback at the desk."""
