"""The mirror: what it holds, what it must never hold, and that nobody ever sees half of it."""

import fcntl
import gzip
import json
import os
import re
import threading
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.public.export import CannotExport, visible_text, write_mirror
from sidedoor.web.headers import policy_in_page
from sidedoor.web.inline import source_hash
from tests.conftest import Refresh, SetClock
from tests.content import ContentFolder

LIVE = "https://www.example.org"


def words(folder: Path) -> str:
    """Every byte of a mirror, unpacked, and every file's name."""
    text = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            content = brotli.decompress(content) if path.suffix == ".br" else content
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            text.append(f"{path.relative_to(folder)} {content.decode('utf-8', 'replace')}")
    return "\n".join(text)


def test_the_mirror_holds_every_page_of_the_site_as_a_file(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    live = {path: client.get(path).data for path in ("/", "/help/money", "/news/first", "/news/rss.xml")}
    write_mirror(app, tmp_path / "mirror", LIVE)
    mirror = json.loads((tmp_path / "mirror/_mirror.json").read_text())
    for path, answered in live.items():
        file = tmp_path / "mirror" / mirror["pages"][path]
        body = answered
        if b"<style>" in answered:
            style = source_hash(answered.decode().partition("<style>")[2].partition("</style>")[0])
            policy = policy_in_page(https=False, style=style)
            own = f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">'.encode()
            body = answered.replace(b'<meta charset="utf-8">', own)
        assert file.read_bytes() == body
        assert brotli.decompress(Path(f"{file}.br").read_bytes()) == body
        assert gzip.decompress(Path(f"{file}.gz").read_bytes()) == body
    assert "This page is not here" in (tmp_path / "mirror/404.html").read_text()
    # Each page's head allows its style by hash. The header applies, too, and would otherwise have to list every hash.
    headers = (tmp_path / "mirror/_headers").read_text()
    loose = re.sub("style-src '[^;]*'", "style-src 'unsafe-inline'", policy)
    assert f"Content-Security-Policy: {loose};frame-ancestors 'none'\n" in headers, "the rest is as in the page"
    assert oct((tmp_path / "mirror").resolve().stat().st_mode)[-3:] == "755"


def test_forms_in_the_mirror_are_links_to_the_live_site(app: Flask, tmp_path: Path) -> None:
    write_mirror(app, tmp_path / "mirror", LIVE)
    for name in ("search", "feedback"):
        page = (tmp_path / "mirror" / f"{name}.html").read_text()
        assert f'href="{LIVE}/{name}"' in page
        assert 'method="post"' not in page
    contacts = (tmp_path / "mirror" / "contacts.html").read_text()
    assert '<form class="side" id="narrow" autocomplete="off" data-live-only hidden>' in contacts
    assert 'method="post"' not in contacts


def test_former_and_removed_addresses_are_written_in_the_formats_that_hosts_read(
    app: Flask, content: ContentFolder, refresh: Refresh, tmp_path: Path
) -> None:
    content.document("news/first.md", previous_slugs=["former"])
    content.document("news/away.md", state="withdrawn", withdrawn={"at": "2026-11-20 09:00", "reason": "Wrong.", "removed": "yes"})  # fmt: skip
    refresh()
    write_mirror(app, tmp_path / "mirror", LIVE)
    assert "/news/former /news/first 301" in (tmp_path / "mirror/_redirects").read_text()
    assert "/news/away /_gone/news/away.html 410" in (tmp_path / "mirror/_redirects").read_text()
    assert '/news/former "/news/first";' in (tmp_path / "mirror/_moved.map").read_text()
    assert "Wrong." in (tmp_path / "mirror/_gone/news/away.html").read_text()


def test_the_mirror_keeps_an_embargo_to_the_second(
    app: Flask, content: ContentFolder, clock: SetClock, refresh: Refresh, tmp_path: Path
) -> None:
    content.document("news/zqslug.md", "zqbody", title="zqtitle", publish_at="2026-11-24 12:00:10")
    refresh()
    clock.forward(seconds=9)
    write_mirror(app, tmp_path / "mirror", LIVE)
    assert "zq" not in "".join(
        word for word in ("zqslug", "zqbody", "zqtitle") if word in words((tmp_path / "mirror").resolve())
    )
    clock.forward(seconds=1)
    write_mirror(app, tmp_path / "mirror", LIVE)
    whole = words((tmp_path / "mirror").resolve())
    assert all(word in whole for word in ("news/zqslug.html", "zqbody", "zqtitle"))
    clock.forward(seconds=-1)
    write_mirror(app, tmp_path / "mirror", LIVE)
    assert "zqtitle" not in words((tmp_path / "mirror").resolve())


def test_unchanged_pages_keep_their_files_and_an_unchanged_site_writes_nothing(
    app: Flask, content: ContentFolder, refresh: Refresh, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(app, mirror, LIVE)
    release, money = mirror.resolve(), (mirror / "help/money.html").stat().st_ino
    assert write_mirror(app, mirror, LIVE)[0] == 0
    assert mirror.resolve() == release
    content.document("news/second.md", publish_at="2026-11-02 09:00", title="Second")
    refresh()
    changed, files = write_mirror(app, mirror, LIVE)
    assert 0 < changed < files / 3
    assert (mirror / "help/money.html").stat().st_ino == money
    assert [path.name for path in tmp_path.glob(".mirror*")] == [mirror.resolve().name]


def test_a_reader_finds_a_whole_mirror_even_while_it_is_written(
    app: Flask, content: ContentFolder, refresh: Refresh, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(app, mirror, LIVE)
    missing: list[OSError] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                (mirror / "index.html").read_bytes()
            except OSError as error:
                missing.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(5):
            content.document(
                "help/money.md", f"Round {number}.", title="Money and you", tab_title="Money", group="plan"
            )
            refresh()
            write_mirror(app, mirror, LIVE)
    finally:
        stop.set()
        reader.join()
    # A release can be removed between following the link and opening the file; a server then tries again.
    assert len(missing) <= 5
    assert "Round 4" in (mirror / "help/money.html").read_text()


def test_a_full_disk_leaves_the_previous_mirror_in_place(
    app: Flask, content: ContentFolder, refresh: Refresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "mirror"
    write_mirror(app, mirror, LIVE)
    before = mirror.resolve()
    content.document("help/money.md", "Changed.", title="Money and you", tab_title="Money", group="plan")
    refresh()

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CannotExport, match="the previous one stays: No space left"):
        write_mirror(app, mirror, LIVE)
    assert mirror.resolve() == before
    assert len(list(tmp_path.glob(".mirror*"))) == 1


def test_what_a_killed_export_left_goes_with_the_next_and_nothing_else(app: Flask, tmp_path: Path) -> None:
    mirror, other = tmp_path / "mirror", tmp_path / "mirror.old"
    write_mirror(app, other, LIVE)
    half, written, mine = (tmp_path / name for name in (".mirror.abcdefgh", ".mirror.stillbei", ".mirror.notes"))
    for folder in (half, written, mine):
        (folder / "help").mkdir(parents=True)
        (folder / "help/money.html").touch()
    lock = os.open(written, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_mirror(app, mirror, LIVE)
    finally:
        os.close(lock)
    names = {mirror.resolve().name, other.resolve().name, written.name, mine.name}
    assert {path.name for path in tmp_path.glob(".mirror*")} == names


def test_a_folder_that_is_not_a_mirror_is_left_alone(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("mine")
    (tmp_path / "link").symlink_to("own")
    for name in ("own", "link"):
        with pytest.raises(CannotExport, match="not a mirror"):
            write_mirror(app, tmp_path / name, LIVE)
    assert (tmp_path / "own" / "letter.txt").read_text() == "mine"
    with pytest.raises(CannotExport, match="cannot be written"):
        write_mirror(app, tmp_path / "own" / "letter.txt" / "mirror", LIVE)


def test_the_command_reports_its_work_and_refuses_in_a_sentence(app: Flask, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    done = runner.invoke(args=["export", str(tmp_path / "mirror"), "--live", LIVE])
    assert done.exit_code == 0
    assert "new or changed" in done.output
    refused = runner.invoke(args=["export", str(tmp_path), "--verify", "http://127.0.0.1:9"])
    assert refused.exit_code == 1
    assert "is not a mirror" in refused.output
    silent = runner.invoke(args=["export", str(tmp_path / "mirror"), "--verify", "http://127.0.0.1:9"])
    assert "does not answer" in silent.output


def test_visible_text_is_the_text_that_a_reader_sees() -> None:
    page = b"<head><title>t</title></head><style>a</style><p>One\n <b>two</b><script>x</script></p>"
    assert visible_text(page, "x.html") == "One two"
