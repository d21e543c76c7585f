"""What other people's checkers say about the running site, one line each: `make audit`.

Known advisories about anything installed (pip-audit, npm audit), what is behind its newest release, MDN's HTTP
Observatory behind real TLS, Lighthouse, pa11y (WCAG 2 AAA), wapiti, and 100,000 generated requests. Most checkers are
fetched when this runs, in exact versions, and none of them is kept in the project. Needs root (it listens on
127.0.0.77, ports 80 and 443), nginx, openssl and chromium. Exits with 1 if a line says FAIL.
"""

import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sidedoor.public import create_app
from sidedoor.settings import Settings
from tests.chromium import CHROMIUM
from tests.server import PROJECT, RunningSite, copy_content, node_environment

CHECKERS = ["@mdn/mdn-http-observatory@1.4.8", "lighthouse@12.8.2", "pa11y@9.1.1"]
WAPITI = "wapiti3==3.2.3"
HOST = "127.0.0.77"
PAGES = ("/", "/help/get-help-now", "/contacts", "/news/project-cara-first-results", "/search")
GENERATED = 100_000
failed = False


def say(good: bool, result: str) -> None:
    """Print one result."""
    global failed
    failed = failed or not good
    print(f"{'ok  ' if good else 'FAIL'} {result}", flush=True)


class TlsSite:
    """The site as in production: HTTPS on, nginx terminating TLS in front, a certificate from its own authority."""

    def __init__(self, folder: Path) -> None:
        content = folder / "content"
        copy_content(content, ["https://weather.example/"])
        site_toml = content / "site.toml"
        site_toml.write_text(
            f'hosts = ["{HOST}"]\nurl = "https://{HOST}"\n' + _without(site_toml.read_text("utf-8"), "hosts", "url")
        )
        self.site = RunningSite(content, folder / "data", workers=2, SIDEDOOR_HTTPS="true")
        self.authority = folder / "ca.pem"
        _certificates(folder)
        (folder / "tls.conf").write_text(
            f"daemon off; pid {folder}/tls.pid; error_log /dev/null crit; user root; worker_processes 1;\n"
            "events { worker_connections 512; }\n"
            "http { access_log off; server_tokens off; proxy_set_header Host $host; proxy_http_version 1.1;\n"
            "proxy_set_header X-Forwarded-Proto $scheme;\n"
            f"server {{ listen {HOST}:80; location / {{ proxy_pass {self.site.url}; }} }}\n"
            f"server {{ listen {HOST}:443 ssl http2; ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;\n"
            f"location / {{ proxy_pass {self.site.url}; }} }} }}\n"
        )
        self.nginx = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "tls.conf")])
        time.sleep(1)

    def close(self) -> None:
        """Stop both."""
        self.nginx.terminate()
        self.nginx.wait()
        self.site.close()


def _without(text: str, *names: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(tuple(f"{name} =" for name in names)))


def _certificates(folder: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=Audit",
    )
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", f"/CN={HOST}")
    (folder / "san").write_text(f"subjectAltName=IP:{HOST}\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "san", "-out", "leaf.pem")  # fmt: skip


def _node(folder: Path, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", str(folder / "node_modules" / script), *arguments],
        cwd=folder, env={**node_environment(), **environment}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def observatory(folder: Path, tls: TlsSite) -> None:
    """Run MDN's scanner on https://127.0.0.77."""
    package = folder / "node_modules" / "@mdn" / "mdn-http-observatory"
    (package / "conf" / "hsts-preload.json").write_text("{}")
    (package / "conf" / "tld-list.json").write_text('["uk", "org", "com"]')
    ran = _node(folder, "@mdn/mdn-http-observatory/src/scan.js", HOST, NODE_EXTRA_CA_CERTS=str(tls.authority))
    scan = json.loads(ran.stdout)["scan"] if ran.stdout.startswith("{") else {}
    good = scan.get("grade") == "A+" and scan.get("testsFailed") == 0 and scan.get("score", 0) >= 130
    say(good, f"HTTP Observatory: {scan.get('grade')} {scan.get('score')}, {scan.get('testsPassed')} passed, "
        f"{scan.get('testsFailed')} failed {ran.stderr[:200] if not scan else ''}")  # fmt: skip


def lighthouse(folder: Path, url: str) -> None:
    """Check Lighthouse's four categories, on its default, a simulated slow phone."""
    for path in PAGES[:4]:
        ran = _node(
            folder, "lighthouse/cli/index.js", url + path, "--quiet", "--output=json",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu", CHROME_PATH=CHROMIUM,
        )  # fmt: skip
        report = json.loads(ran.stdout)
        scores = {name: round(category["score"] * 100) for name, category in report["categories"].items()}
        lost = [
            audit["id"]
            for audit in report["audits"].values()
            if audit.get("scoreDisplayMode") in ("binary", "metricSavings", "numeric") and (audit["score"] or 0) < 0.9
        ]
        # Firefox writes a page's description into its history, so help pages have none on purpose, and lose 9 points.
        on_purpose = lost == ["meta-description"] and not path.startswith("/news/")
        good = all(score == 100 or (name == "seo" and on_purpose) for name, score in scores.items())
        say(good, f"Lighthouse {path}: {scores} {'no description, on purpose' if on_purpose else '' if good else lost}")


def pa11y(folder: Path, url: str) -> None:
    """Check WCAG 2 AAA with HTML_CodeSniffer and axe."""
    settings = {"standard": "WCAG2AAA", "runners": ["axe", "htmlcs"], "timeout": 60000,
                "chromeLaunchConfig": {"executablePath": CHROMIUM, "args": ["--no-sandbox"]}}  # fmt: skip
    (folder / "pa11y.json").write_text(json.dumps(settings))
    for path in PAGES:
        ran = _node(
            folder, "pa11y/bin/pa11y.js", "--config", str(folder / "pa11y.json"), "--reporter", "json", url + path
        )
        issues = json.loads(ran.stdout or "[]") if ran.returncode in (0, 2) else [{"code": ran.stderr[:300]}]
        kinds = Counter(issue["code"] for issue in issues)
        say(not issues, f"pa11y WCAG2AAA {path}: {len(issues)} errors {dict(kinds) if issues else ''}")


def wapiti(folder: Path, url: str) -> None:
    """Run a scanner that attacks everything it finds."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "wapiti")], check=True)
    subprocess.run([str(folder / "wapiti/bin/pip"), "install", "-q", WAPITI], check=True, capture_output=True)
    out = folder / "wapiti.json"
    subprocess.run(
        [str(folder / "wapiti/bin/wapiti"), "-u", url, "--scope", "folder", "--max-scan-time", "90", "--flush-session",
         "-m", "all", "-f", "json", "-o", str(out), "--no-bugreport"],
        capture_output=True, check=False, timeout=400, env={**node_environment(), "HOME": str(folder)},
    )  # fmt: skip
    report = json.loads(out.read_text())
    weaknesses = {
        name: len(hits) for kind in ("vulnerabilities", "anomalies") for name, hits in report[kind].items() if hits
    }
    weaknesses.pop("Unencrypted Channels", None)  # we point it at plain http on purpose
    # Forms carry no token because there is no session to abuse; tests show that posts from other sites are refused.
    weaknesses.pop("Cross Site Request Forgery", None)
    say(not weaknesses, f"wapiti: {weaknesses or 'nothing but forms without a token: there is no session to ride on'}")


def generated(folder: Path) -> None:
    """Send requests made of good and bad parts to the whole application; none may end in a 5xx."""
    app = create_app(Settings(data=folder / "generated"))
    choose = random.Random(20261124)
    parts = ["", "help", "news", "money", "..", "%2e%2e", "\x00", "\xff\xfe", "é", "page", "2", "99999999999", "2014", "w", "images",
             "search", "feedback", "a" * 300, "<script>", "' OR 1=1", "{{7*7}}", "\u202e", ".well-known", "rss.xml", "//", "\\"]  # fmt: skip
    methods = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"]
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    for _ in range(GENERATED):
        path = "/" + "/".join(choose.choices(parts, k=choose.randrange(4)))
        body = bytes(choose.randrange(256) for _ in range(choose.randrange(40)))
        environ = {
            "REQUEST_METHOD": choose.choice(methods), "SCRIPT_NAME": "", "PATH_INFO": path.encode("utf-8", "surrogateescape").decode("latin-1"),
            "QUERY_STRING": choose.choice(["", "", "a=b", "%ff", "page=2&page=3", "\xff"]),
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": choose.choice(["localhost", "localhost", "localhost:5000", "evil.example", "[::1", ""]),
            "HTTP_ACCEPT_ENCODING": choose.choice(["br", "gzip;q=0.5, br;q=x", "*;q=0", "\xff", "identity;q=0", ""]),
            "HTTP_IF_NONE_MATCH": choose.choice(["", "*", '"x", W/"y', "\xff"]), "HTTP_RANGE": "bytes=9-1",
            "HTTP_COOKIE": choose.choice(["", "w=1", "=;;", "\xff=\x00"]), "HTTP_SEC_FETCH_SITE": choose.choice(["", "same-origin", "cross-site", "?"]),
            "CONTENT_TYPE": choose.choice(["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=", "text/plain"]),
            "CONTENT_LENGTH": choose.choice([str(len(body)), "", "-1", "x"]), "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        status_lines: list[str] = []
        b"".join(app.wsgi_app(environ, lambda status, headers, *_, lines=status_lines: lines.append(status)))
        statuses[int(status_lines[0].split()[0])] += 1
    app.extensions["live"].close()
    say(
        not any(status >= 500 for status in statuses),
        f"{GENERATED:,} generated requests in {time.monotonic() - began:.0f} s: {dict(sorted(statuses.items()))}",
    )


def advisories() -> None:
    """Report known advisories about anything installed, from each service that can be reached from here.

    FAIL if there is one, and if no service answered for every package: then nobody knows.
    """
    answered: dict[str, set[str]] = {}
    unanswered: dict[str, set[str]] = {}
    advisories_found = set()
    for service in ("pypi", "osv"):
        ran = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off",
             "--timeout", "5", "-s", service, "-f", "json"],
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        packages = json.loads(ran.stdout)["dependencies"] if ran.stdout.startswith("{") else []
        answered[service] = {package["name"] for package in packages if "vulns" in package}
        unanswered[service] = {package["name"] for package in packages if "vulns" not in package} - {"sidedoor"}
        advisories_found |= {
            f"{package['name']} {package['version']}: {bad['id']}"
            for package in packages
            for bad in package.get("vulns", ())
        }
        scope = f"{len(answered[service])} packages" if packages else "nothing: it does not answer"
        print(
            f"     advisories: {service} was asked about {scope}; {len(unanswered[service])} it did not know",
            flush=True,
        )
    is_complete = any(answered[service] and not unanswered[service] for service in answered)
    say(
        is_complete and not advisories_found,
        f"advisories (pip-audit): {sorted(advisories_found) or 'none'}{'' if is_complete else ', AS FAR AS COULD BE ASKED'}",
    )
    ran = _npm("audit", "--json")
    counts = (json.loads(ran.stdout) if ran.stdout.startswith("{") else {}).get("metadata", {}).get("vulnerabilities")
    total = "NOT ASKED, the registry does not answer" if counts is None else f"{counts.get('total')}"
    say(counts is not None and counts.get("total") == 0, f"advisories (npm audit, of what checks the tests): {total}")


def newest() -> None:
    """Report packages that are behind their newest release. This does not answer for advisories, but fixes come in new
    releases."""
    installed = _pip("list", "--exclude-editable")
    behind = {package["name"]: package for package in _pip("list", "--exclude-editable", "--outdated")}
    for package in installed:
        if later := behind.get(package["name"]):
            print(f"     behind: {package['name']} {package['version']}, newest {later['latest_version']}", flush=True)
    print(f"     newest release: {len(installed) - len(behind)} of {len(installed)} packages from PyPI", flush=True)
    npm_packages = json.loads(_npm("outdated", "--json").stdout or "{}")
    for name, versions in npm_packages.items():
        print(f"     behind: {name} {versions['current']}, newest {versions['latest']}", flush=True)
    print(f"     newest release: all of npm's that tests/package.json names, but {len(npm_packages)}", flush=True)


def _pip(*arguments: str) -> list[dict[str, str]]:
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--format", "json"],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    packages: list[dict[str, str]] = json.loads(ran.stdout)
    return packages


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=PROJECT / "tests", env=node_environment(), capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def main() -> None:
    """Run all checks."""
    advisories()
    newest()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *CHECKERS],
            cwd=folder, env={**node_environment(), "PUPPETEER_SKIP_DOWNLOAD": "1"}, check=True, capture_output=True,
        )  # fmt: skip
        generated(folder)
        tls = TlsSite(folder)
        try:
            observatory(folder, tls)
            pa11y(folder, tls.site.url)
            lighthouse(folder, tls.site.url)
            wapiti(folder, tls.site.url)
        finally:
            tls.close()
    sys.exit(failed)


if __name__ == "__main__":
    main()
