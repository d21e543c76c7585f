"""The public site, for `flask` commands and servers of your own. `make run` serves sidedoor.public.server:load."""

from sidedoor.public.server import load_whole

app = load_whole()
