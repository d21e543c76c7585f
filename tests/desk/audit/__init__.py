"""The audit: nothing is done that it cannot record."""
