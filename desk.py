"""The staff desk: `flask --app desk run --port 5001`, or `make desk`."""

import sys
from contextlib import suppress

from pydantic import ValidationError

from sidedoor.desk import create_app
from sidedoor.documents.problems import Refused
from sidedoor.logs import set_up_logs
from sidedoor.private import keep_to_the_owner, private_folder, private_tree
from sidedoor.settings import Settings

set_up_logs()
keep_to_the_owner()
try:
    app = create_app(Settings())
    # Drafts and embargoed words lie in the content. Its pictures and pages keep their modes: the folder shuts them in.
    with suppress(OSError):
        private_folder(app.config["CONTENT"])
    private_tree(app.config["DATA"])
except Refused as refused:
    sys.exit("\n".join(str(problem) for problem in refused.problems))
except ValidationError as error:
    sys.exit("\n".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()))
app.extensions["live"].watch()
