"""Notices at the desk and the mail that says there is one."""
