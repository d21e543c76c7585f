"""The staff desk: `flask --app desk run --port 5001`, or `make desk`."""

import sys

from pydantic import ValidationError

from sidedoor.desk import create_app
from sidedoor.documents.problems import Refused
from sidedoor.logs import set_up_logs
from sidedoor.settings import Settings

set_up_logs()
try:
    app = create_app(Settings())
except Refused as refused:
    sys.exit("\n".join(str(problem) for problem in refused.problems))
except ValidationError as error:
    sys.exit("\n".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()))
app.extensions["live"].watch()
