"""Speed and weight: this site without a web server in front, beside nginx serving the same bytes from disk.

Both run at the same time on the same machine and are measured in turns, so that other load affects both. Do not compare
figures from different runs; the ratios may be compared. Needs Debian's wrk, nginx-light and
libnginx-mod-http-brotli-static.
"""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import brotli

from bench import readme
from bench.traces import GOVUK, unpacked_govuk
from bench.visit import visit
from sidedoor.public import create_app
from sidedoor.public.addresses import Addresses
from sidedoor.public.export import write_mirror
from sidedoor.settings import Settings
from sidedoor.web.headers import policy_headers
from sidedoor.web.inline import inline_script
from tests.server import PROJECT, RunningSite, free_port

PAGE = "/help/get-help-now"
ROUNDS, SECONDS, CONNECTIONS = 3, 4, 32
FIRST_WINDOW = 14_600
ON_EVERY_PAGE = ("exit.js", "after.js")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """One run of wrk: requests a second, 99th percentile in milliseconds, the server's CPU time in µs a request."""

    rate: float
    p99: float
    cpu: float


def wrk(url: str, pid: int, *headers: str) -> Run:
    """Ask for `url` on 32 connections."""
    before = cpu_seconds(pid)
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency",
         *(part for header in ("Accept-Encoding: br", *headers) for part in ("-H", header)), url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    used = cpu_seconds(pid) - before
    requests = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()  # type: ignore[union-attr]
    if "Non-2xx" in output:
        raise RuntimeError(f"{url} answered something else than 200.")
    return Run(rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], used / requests * 1e6)


def cpu_seconds(pid: int) -> float:
    """The processor seconds that a process and its living descendants have used."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        number = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(number)
        used[number] = (int(fields[11]) + int(fields[12])) / TICKS
    total, waiting = 0.0, [pid]
    while waiting:
        number = waiting.pop()
        total += used.get(number, 0)
        waiting += children.get(number, [])
    return total


def start_nginx(mirror: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start nginx with two workers on the mirror's own files."""
    port = free_port()
    module = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
    configuration = folder / "nginx.conf"
    headers = " ".join(f'add_header {name} "{value}" always;' for name, value in policy_headers(https=False).items())
    configuration.write_text(
        f"load_module {module};\ndaemon off; pid {folder}/nginx.pid; worker_processes 2; error_log /dev/null crit;\n"
        f"{'user root;' if os.getuid() == 0 else ''}\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; include /etc/nginx/mime.types; sendfile on; brotli_static on;\n"
        f"server {{ listen 127.0.0.1:{port}; root {mirror}; {headers}\n"
        "location / { try_files $uri $uri.html =404; } } }\n"
    )
    process = subprocess.Popen(
        [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(configuration)]
    )
    time.sleep(1)
    return process, f"http://127.0.0.1:{port}"


def speed(folder: Path) -> None:
    """Compare the two, and a page that is made again for each request."""
    app = create_app(Settings(data=folder / "exported"))
    write_mirror(app, folder / "mirror", "http://localhost")
    app.extensions["live"].close()
    site = RunningSite(PROJECT / "examples/hampshire", folder / "data", workers=2)
    nginx, address = start_nginx(folder / "mirror", folder)
    runs: dict[str, list[Run]] = {"nginx": [], "ours": [], "made each time": []}
    try:
        for url, server in ((address + PAGE, nginx.pid), (site.url + PAGE, site.process.pid)):
            wrk(url, server)  # warm up both, like servers that have run for a while
        for _ in range(ROUNDS):
            runs["nginx"].append(wrk(address + PAGE, nginx.pid))
            runs["ours"].append(wrk(site.url + PAGE, site.process.pid))
            # As for somebody in a chat, for whom no page is remembered.
            runs["made each time"].append(wrk(site.url + PAGE, site.process.pid, "Cookie: chat=made"))
    finally:
        nginx.terminate()
        nginx.wait()
        site.close()
    names = {
        "nginx": "nginx, the same brotli bytes from disk",
        "ours": "**this site**, granian with 2 workers, nothing in front",
        "made each time": "this site with the page made again for each request",
    }
    base = runs["nginx"]
    rows: list[list[object]] = []
    for name, label in names.items():
        own = runs[name]
        ratio = statistics.median(run.rate / beside.rate for run, beside in zip(own, base, strict=True))
        cpu = statistics.median(run.cpu / beside.cpu for run, beside in zip(own, base, strict=True))
        rate = statistics.median(run.rate for run in own)
        p99 = statistics.median(run.p99 for run in own)
        rows.append([label, f"{rate:,.0f}", f"{ratio:.3g}", f"{p99:.1f} ms", f"{cpu:.2g}"])
    head = [PAGE, "requests a second", "beside nginx", "99th percentile", "CPU a request beside nginx"]
    note = (
        f"`wrk` on {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns, medians; client and servers "
        f"share {os.cpu_count()} cores. `make bench-speed` measures it again."
    )
    readme.write("speed", readme.table(head, rows), note)


def weight(folder: Path) -> None:
    """The size of a first visit: one response, headers counted, for each remembered page in each language."""
    app = create_app(Settings(data=folder / "weighed", https=True))
    client = app.test_client()
    weights: dict[str, int] = {}
    bodies: list[int] = []
    for path in Addresses(app.extensions["live"].library.public(app.extensions["clock"]())):
        answer = client.get(path, headers={"Accept-Encoding": "br"}, base_url="https://localhost")
        if answer.status_code != 200 or answer.mimetype != "text/html" or "ETag" not in answer.headers:
            continue
        head = sum(len(f"{name}: {value}\r\n".encode()) for name, value in answer.headers.items())
        bodies.append(len(answer.data))
        weights[path] = len(answer.data) + head + len("HTTP/1.1 200 OK\r\n\r\n")
    govuk = unpacked_govuk(folder)
    govuk_sizes = [len(brotli.compress((govuk / f"govuk-frontend.min.{kind}").read_bytes())) for kind in ("css", "js")]
    heaviest = max(weights, key=lambda path: weights[path])
    small = sum(size < 9_000 for size in weights.values())
    every = sum(len(brotli.compress(str(inline_script(name)).encode())) for name in ON_EVERY_PAGE)
    packed, rest = (
        len(client.get(path, headers={"Accept-Encoding": "br"}, base_url="https://localhost").data)
        for path in ("/pack", "/pack-rest")
    )
    rows: list[list[object]] = [
        ["the heaviest page, whole, headers counted", f"{weights[heaviest]:,} ({heaviest})"],
        ["the median page, headers counted", f"{int(statistics.median(weights.values())):,}"],
        ["the same, its body alone", f"{int(statistics.median(bodies)):,}"],
        ["pages under 9,000, headers counted", f"{small} of {len(weights)}"],
        ["the same, their bodies alone", f"{sum(size < 9_000 for size in bodies)} of {len(bodies)}"],
        ["pages over the first congestion window", sum(size > FIRST_WINDOW for size in weights.values())],
        ["the scripts of every page", f"{every:,}"],
        ["the pack: what most pages lead to / the rest", f"{packed:,} / {rest:,}"],
        [f"{GOVUK}: its style sheet / its script alone", f"{govuk_sizes[0]:,} / {govuk_sizes[1]:,}"],
    ]
    note = f"Bytes, brotli. The first congestion window is {FIRST_WINDOW:,}. `make bench-speed` measures it again."
    readme.write("weight", readme.table(["one response is the page", "bytes"], rows), note)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        weight(Path(name))
        visit(Path(name))
        speed(Path(name))
