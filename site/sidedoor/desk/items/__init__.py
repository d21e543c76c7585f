"""News and pages at the desk: files and their history, every step an item can take, and the views of both."""
