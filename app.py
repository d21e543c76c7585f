"""The public site: `flask run`, or granian, by the options of the Makefile."""

import sys
import threading

from pydantic import ValidationError

from sidedoor.chat.store import sweep
from sidedoor.documents.problems import Refused
from sidedoor.logs import set_up_logs
from sidedoor.private import keep_to_the_owner, private_tree
from sidedoor.public import create_app
from sidedoor.settings import Settings

set_up_logs()
keep_to_the_owner()
try:
    app = create_app(Settings())
    private_tree(app.config["DATA"])
except Refused as refused:
    sys.exit("\n".join(str(problem) for problem in refused.problems))
except ValidationError as error:
    sys.exit("\n".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()))
live = app.extensions["live"]
live.watch()
chats = (app.extensions["chat_store"], app.extensions["clock"], lambda: live.library.site.chat is not None)
threading.Thread(target=sweep, args=chats, daemon=True).start()
# So that the first search need not wait for it.
public = app.extensions["edition"]().public
threading.Thread(target=app.extensions["search_index"].follow, args=(public,), daemon=True).start()
