"""nginx with deploy/nginx.conf in front of the servers that a test started; only its paths and ports are changed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.server import PROJECT, RunningSite, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """An nginx that asks each of `sites` in turn and has no mirror. Close it."""

    def __init__(self, folder: Path, sites: Sequence[RunningSite], desk: RunningSite) -> None:
        port, desk_port = free_port(), free_port()
        self.url, self.desk_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{desk_port}"
        text = (PROJECT / "deploy/nginx.conf").read_text("utf-8")
        for ours, theirs in (
            ("127.0.0.1:8080", f"127.0.0.1:{port}"),
            ("127.0.0.1:8081", f"127.0.0.1:{desk_port}"),
            ("server 127.0.0.1:5000;", " ".join(f"server 127.0.0.1:{site.port};" for site in sites)),
            ("127.0.0.1:5001", f"127.0.0.1:{desk.port}"),
            ("/srv/sidedoor/mirror", str(folder / "no-mirror")),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        (folder / "logs").mkdir()
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/nginx.pid;\n{'user root;' if os.getuid() == 0 else ''}\n{text}"
        )
        self._process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")])

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()
