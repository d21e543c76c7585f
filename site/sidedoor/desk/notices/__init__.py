"""Notices: what each person is told at the desk, and mail that says only that there is a notice."""
