"""Sidedoor: a help site whose readers may be watched, and the news of the organisation that runs it."""
