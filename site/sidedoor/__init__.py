"""Sidedoor: a help site for people living with domestic abuse, and the news of whoever runs it."""
