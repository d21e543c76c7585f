"""Sidedoor: a help site whose readers may be watched, and the news of whoever runs it."""
