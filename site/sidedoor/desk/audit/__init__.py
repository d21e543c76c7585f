"""The audit: who did what and when, in lines that are only ever added. Staff read it as the log."""
