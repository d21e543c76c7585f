"""The staff desk, for `flask --app desk` commands. `make desk` serves sidedoor.desk.server:load."""

from sidedoor.desk.server import load

app = load()
