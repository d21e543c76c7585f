"""The rest of the web, as far as a visit needs it: a search page, a foreign page and two exits, each on its own host.

`*.localhost` leads to this machine in Chromium and Firefox, so these are cross-site without a hosts file. WebKitGTK asks
the system, which may not know such names: for it the hosts are numbers, from 127.0.0.2 on.
"""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG_SECONDS = 30
HOSTS = ["search", "elsewhere", "exit", "second"]


@dataclass
class ReceivedRequest:
    """A request that arrived: the host's first name, the path, and the Referer if there was one."""

    host: str
    path: str
    referer: str | None


@dataclass
class Places:
    """A server that plays every place but the site. `asked` holds its requests; hosts in `silent` take long to answer."""

    links: str = ""
    by_number: bool = False
    asked: list[ReceivedRequest] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        places = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = places.host_of(self.headers.get("Host") or "")
                places.asked.append(ReceivedRequest(host, self.path, self.headers.get("Referer")))
                until = time.monotonic() + HANG_SECONDS
                while host in places.silent and time.monotonic() < until:
                    time.sleep(0.02)
                title = {"exit": "Weather", "second": "Weather"}.get(host, "Elsewhere")
                links = places.links if host in ("search", "elsewhere") else ""
                body = f"<!doctype html><title>{title}</title><h1>{host}</h1>{links}".encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                    if host == "search":  # it names the site: in the cache it would look like a trace of a visit
                        self.send_header("Cache-Control", "no-store")
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    return  # the browser has gone elsewhere

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0" if self.by_number else "127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, host: str) -> str:
        """The address of a place: `search`, `elsewhere`, `exit`, `second`."""
        name = f"127.0.0.{HOSTS.index(host) + 2}" if self.by_number else f"{host}.localhost"
        return f"http://{name}:{self._server.server_port}/"

    def host_of(self, header: str) -> str:
        """The place that a Host header means."""
        name = header.split(":")[0]
        return HOSTS[int(name.rsplit(".", 1)[1]) - 2] if self.by_number else name.split(".")[0]

    def asked_of(self, host: str) -> list[ReceivedRequest]:
        """The requests that came to a place, without those for its icon."""
        return [request for request in self.asked if request.host == host and request.path != "/favicon.ico"]

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
