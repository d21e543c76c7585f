"""Who is notified of what: at the desk, and by mail that gives nothing away, sent through a real server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidedoor.backup_stamp import note_backup
from sidedoor.desk import create_app
from sidedoor.desk.notices.store import LEASE, Kind, NewNotice
from sidedoor.settings import Settings
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import CAST, DeskClient, SignedIn
from tests.desk.forms import approve, save, start
from tests.desk.notices.mail_server import PASSWORD, Mailbox, authority, mail_server

DESK = "https://desk.example.org"
ANN, BEN, EVE, ADA = ("ann@example.org", "ben@example.org", "eve@example.org", "ada@example.org")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def box(certificates: Path) -> Iterator[Mailbox]:
    with mail_server(certificates, "smtp+plain") as box:
        yield box


def desk_at(content: ContentFolder, data: Path, clock: SetClock, server: str, **more: Any) -> Flask:
    settings = Settings(
        content=content.path, data=data, mail_server=server, mail_from="desk@example.org", desk_url=DESK, **more
    )
    app = create_app(settings, clock)
    app.test_client_class = DeskClient
    return app


@pytest.fixture
def desk(content: ContentFolder, tmp_path: Path, clock: SetClock, box: Mailbox) -> Iterator[Flask]:
    """The desk with a mail server and four people who have an address."""
    app = desk_at(content, tmp_path / "data", clock, f"smtp+plain://127.0.0.1:{box.port}")
    parts = app.extensions["desk"]
    for name, roles in CAST.items():
        parts.staff.add(name, roles)
    for name, address in (("Ann Press", ANN), ("Ben Press", BEN), ("Eve Editor", EVE), ("Ada Admin", ADA)):
        parts.notices.wish(parts.staff.named(name).id, address, {}, clock().date())
    yield app
    parts.live.close()


Look = Callable[[], None]


@pytest.fixture
def look(desk: Flask) -> Look:
    """Returns a function that does what the desk's thread does every few seconds."""

    def look() -> None:
        desk.extensions["desk"].live.refresh()
        desk.extensions["courier"].look()

    return look


def release(ann: FlaskClient, **more: str) -> str:
    path = start(ann, "Zebra crossing closes")
    assert save(ann, path, "ready", summary="Zebra.", body="The zebra crossing closes.", **more).status_code == 303
    return path


def subjects(box: Mailbox, address: str) -> list[str]:
    return [str(message["Subject"]) for message in box.to(address)]


def follow(box: Mailbox, address: str, client: FlaskClient) -> str:
    """Where the link in the last mail to an address leads somebody who is signed in."""
    link = re.search(rf"{DESK}(/notices/\w+)", box.to(address)[-1].get_content())
    assert link
    return str(client.get(link[1]).location)


def test_each_step_of_a_release_notifies_the_next_person_and_no_mail_holds_its_words(
    ann: FlaskClient, ben: FlaskClient, box: Mailbox, look: Look, clock: SetClock, signed_in: SignedIn
) -> None:
    look()
    before = len(box.mail)
    path = release(ann, publish_date="2026-11-25", publish_time="00:01")
    look()
    look()
    assert (subjects(box, ANN), subjects(box, BEN)) == ([], ["Something waits for your approval"])
    assert "Something waits for your approval: Zebra crossing closes" in ben.get("/notices").get_data(as_text=True)
    assert follow(box, BEN, ben) == f"{path}/review"
    ben.post(f"{path}/send-back", data={"note": "Which crossing?"})
    look()
    assert subjects(box, ANN) == ["Something you wrote was sent back"]
    assert "waits for your approval" not in ben.get("/notices").get_data(as_text=True)
    save(ann, path, "ready", body="The zebra crossing in Mill Lane closes.")
    look()
    assert approve(ben, path).status_code == 303
    look()
    assert subjects(box, ANN)[1:] == ["Something you wrote was approved"]
    assert "Something you wrote was approved: Zebra" in ann.get("/").get_data(as_text=True)
    clock.forward(hours=13)
    look()
    assert subjects(box, ANN)[2:] == ["Something you wrote is live"]
    ann = signed_in("Ann Press")
    assert follow(box, ANN, ann) == f"{path}/review"
    assert "Something you wrote is live" not in ann.get("/notices").get_data(as_text=True), "she has seen it"
    assert len(box.mail) > before
    for message in box.mail:
        text = message.as_string().lower()
        assert not re.search(r"zebra|crossing|mill lane|ann press|ben press|/items/|/news/", text)
        assert message["Auto-Submitted"] == "auto-generated"


def test_no_mail_is_sent_about_something_that_is_settled_before(
    ann: FlaskClient, ben: FlaskClient, box: Mailbox, look: Look, desk: Flask
) -> None:
    path = release(ann)
    approve(ben, path)
    look()
    assert "Something waits for your approval" not in subjects(box, EVE)
    assert subjects(box, ANN) == ["Something you wrote is live"]


def test_writers_and_participants_are_notified_of_a_comment_until_they_read_it_or_it_is_closed(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, box: Mailbox, look: Look, desk: Flask
) -> None:
    title = "A comment at the desk is for you"

    def shown(*clients: FlaskClient) -> list[bool]:
        look()
        return [title in client.get("/").text for client in clients]

    path = release(ann, publish_date="2026-11-25", publish_time="00:01")
    look()
    # The release is approved and under embargo; Ann is still its writer.
    assert approve(ben, path).status_code == 303
    look()
    ann.post("/notices/seen")
    ben.post(f"{path}/comments", data={"passage": "zebra crossing", "words": "Zqword: which?"})
    assert shown(ann, ben, eve) == [True, False, False]
    assert title in subjects(box, ANN) and title not in subjects(box, BEN) + subjects(box, EVE)
    assert follow(box, ANN, ann) == f"{path}/review#comment-1"
    assert "Zqword" in ann.get(f"{path}/review").text
    assert shown(ann) == [False], "she has read it"
    eve.post(f"{path}/comments/1/answer", data={"words": "Zqanswer"})
    assert shown(ann, ben, eve) == [True, True, False]
    ann.post("/notices/seen")
    assert shown(ann) == [False], "she has marked it as seen"
    ben.post(f"{path}/comments", data={"words": "Zqmore"})
    ben.post(f"{path}/comments/1/close")
    assert shown(ann, ben, eve) == [True, False, False]
    before = len(box.mail)
    eve.post(f"{path}/comments/2/answer", data={"words": "Zqagain"})
    ben.post(f"{path}/comments/2/close")
    assert shown(ann, ben, eve) == [False, False, False]
    assert len(box.mail) == before, "no mail about a comment that is closed before"
    ann.post(f"{path}/comments/2/close", data={"again": "yes"})
    assert shown(ann, ben, eve) == [False, True, True]
    assert eve.post(f"{path}/address", data={"slug": "mill-lane"}).status_code == 303
    look()
    parts = desk.extensions["desk"]
    paths = [
        notice.path for notice in parts.notices.of(parts.staff.named("Ben Press").id) if notice.kind is Kind.COMMENT
    ]
    assert paths == ["/items/news/mill-lane/review#comment-2"]
    for message in box.mail:
        assert not re.search(r"zq|zebra|mill|ann press|ben press|/items/", message.as_string().lower())


def test_everybody_who_can_approve_it_is_notified_of_an_item_published_alone(
    ann: FlaskClient, eve: FlaskClient, ben: FlaskClient, box: Mailbox, look: Look
) -> None:
    path = release(ann)
    approve(eve, path, "override", reason="Now")
    look()
    title = "Something published by one person alone waits for you"
    assert title in subjects(box, BEN)
    assert title not in subjects(box, ANN) + subjects(box, EVE)
    assert title in ben.get("/notices").get_data(as_text=True)


def test_the_administrator_is_notified_of_broken_files_and_late_backups(
    ada: FlaskClient, box: Mailbox, look: Look, desk: Flask, clock: SetClock, content: ContentFolder
) -> None:
    note_backup(desk.config["DATA"], clock() - timedelta(hours=47))
    look()
    assert "The backup is late" not in subjects(box, ADA)
    clock.forward(hours=2)
    content.write("news/first.md", "no front matter")
    look()
    mail = "\n".join(message.get_content() for message in box.to(ADA))
    assert "The backup is late" in mail
    assert "A file cannot be used as it is" in mail
    note_backup(desk.config["DATA"], clock())
    look()
    assert "backup is late" not in ada.get("/notices").get_data(as_text=True)


def test_people_choose_how_they_are_notified_and_get_at_most_one_digest_a_day(
    ann: FlaskClient, ben: FlaskClient, box: Mailbox, look: Look, clock: SetClock, signed_in: SignedIn
) -> None:
    form = {"address": BEN, **{kind.value: "digest" for kind in Kind}}
    assert ben.post("/notices/wishes", data=form).status_code == 303
    path = release(ann)
    look()
    assert subjects(box, BEN) == [], "no digest before the morning"
    clock.forward(hours=20)
    for _ in range(3):
        look()
    assert subjects(box, BEN) == ["Today: something waits for your approval"]
    clock.forward(hours=24)
    look()
    look()
    assert len(subjects(box, BEN)) == 2
    ben = signed_in("Ben Press")
    approve(ben, path)
    clock.forward(hours=24)
    look()
    assert len(subjects(box, BEN)) == 2, "there is nothing to report"
    ann, ben = signed_in("Ann Press"), signed_in("Ben Press")
    assert ben.post("/notices/wishes", data={**form, "address": "ben"}).status_code == 422
    ben.post("/notices/wishes", data={**form, "address": ""})
    release(ann)
    clock.forward(hours=24)
    look()
    assert len(subjects(box, BEN)) == 2
    ben = signed_in("Ben Press")
    assert "Something waits for your approval" in ben.get("/notices").get_data(as_text=True)


def test_mail_waits_for_a_server_that_is_down_and_survives_a_restart_of_the_desk(
    content: ContentFolder, tmp_path: Path, clock: SetClock, certificates: Path
) -> None:
    with mail_server(certificates, "smtp+plain") as stopped:
        port = stopped.port
    server = f"smtp+plain://127.0.0.1:{port}"
    app = desk_at(content, tmp_path / "data", clock, server)
    parts = app.extensions["desk"]
    ada = parts.staff.add("Ada Admin", ["admin"]).id
    parts.notices.wish(ada, ADA, {}, clock().date())
    note_backup(tmp_path / "data", clock() - timedelta(days=9))
    app.extensions["courier"].look()
    assert "was not reached (Connection refused)" in test_mail(app, clock)
    parts.live.close()
    # Another process takes the letter and is killed before it has sent it.
    clock.forward(minutes=2)
    script = (
        "import os, signal, sys; from datetime import datetime; from pathlib import Path;"
        "from sidedoor.desk.notices.store import Notices;"
        "assert Notices(Path(sys.argv[1])).take_letters(datetime.fromisoformat(sys.argv[2]));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "data", clock().isoformat()], env=os.environ, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    with mail_server(certificates, "smtp+plain", port) as box:
        app = desk_at(content, tmp_path / "data", clock, server)
        app.extensions["courier"].look()
        assert box.mail == [], "another process may be sending it"
        clock.forward(seconds=LEASE.total_seconds() + 1)
        app.extensions["courier"].look()
        app.extensions["courier"].look()
        assert subjects(box, ADA) == ["The backup is late"]
        app.extensions["desk"].live.close()


def test_mail(app: Flask, clock: SetClock) -> str:
    """The page that Ada sees after “Send me a test mail”."""
    app.test_client_class = DeskClient
    client, parts = app.test_client(), app.extensions["desk"]
    with client.session_transaction() as session:
        session["token"] = parts.sessions.start(parts.staff.named("Ada Admin"), "Firefox", clock())
    client.get("/notices")
    answer = client.post("/notices/test", follow_redirects=True)
    return answer.get_data(as_text=True)


test_mail.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["smtps", "smtp"])
def test_mail_goes_over_tls_with_a_password_and_the_test_button_reports_errors(
    way: str,
    content: ContentFolder,
    tmp_path: Path,
    clock: SetClock,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "password"
    secret.write_text("wrong\n", "utf-8")
    with mail_server(certificates, way) as box:  # type: ignore[arg-type]
        place = f"{way}://desk@127.0.0.1:{box.port}"
        app = desk_at(content, tmp_path / "data", clock, place, mail_password_file=str(secret))
        parts = app.extensions["desk"]
        ada = parts.staff.add("Ada Admin", ["admin"]).id
        assert "Write your address first" in test_mail(app, clock)
        parts.notices.wish(ada, ADA, {}, clock().date())
        assert "certificate that this machine does not trust (self-signed" in test_mail(app, clock)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority(certificates)))
        assert "does not accept the user or the password" in test_mail(app, clock)
        assert box.mail == []
        secret.write_text(f"{PASSWORD}\n", "utf-8")
        assert f"The mail server took it. Look into the mailbox of {ADA}." in test_mail(app, clock)
        assert subjects(box, ADA) == ["A test"]
        box.answer = "451 later, please"
        assert "did not take it (451 later, please)" in test_mail(app, clock)
        parts.live.close()


def test_a_refused_address_is_reported_at_the_desk_and_not_retried(
    ben: FlaskClient, box: Mailbox, look: Look, desk: Flask, clock: SetClock
) -> None:
    box.refuses = {BEN}
    notices, person = desk.extensions["desk"].notices, desk.extensions["desk"].staff.named("Ben Press").id
    notices.give([NewNotice(person, Kind.LIVE, "1 news/first.md", "/items/news/first/review")], clock())
    look()
    assert "The last mail to you did not go out." in ben.get("/notices").get_data(as_text=True)
    box.refuses = set()
    clock.forward(hours=2)
    look()
    assert subjects(box, BEN) == []
    assert notices.waiting_letters(clock()) == 0


def test_a_person_who_was_removed_gets_no_more_mail(
    ada: FlaskClient, ann: FlaskClient, box: Mailbox, look: Look, desk: Flask, signed_in: SignedIn
) -> None:
    ben = desk.extensions["desk"].staff.named("Ben Press").id
    assert ada.post(f"/people/{ben}/remove").status_code == 303
    release(ann)
    look()
    assert subjects(box, BEN) == []
    assert ben not in desk.extensions["desk"].notices.people()
