"""Attacks on the desk: scripts in every field, forged preview links, odd names, files that only claim to be pictures."""

import contextlib
import io
import logging
import re
import resource
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin

from sidedoor.desk.items.pictures import PictureRefused, take_in
from sidedoor.desk.refusal_words import sentence
from sidedoor.documents.darkroom import read_picture
from sidedoor.documents.pictures import LONGEST_EDGE
from tests.conftest import SetClock
from tests.content import ContentFolder
from tests.desk.conftest import PublicSite, SignedIn
from tests.desk.contacts.test_contacts import hidden
from tests.desk.forms import approve, fields_of, save, seen, start
from tests.desk.items.test_review import release
from tests.public.test_embargo import everything, mirror_of

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


def test_a_script_in_any_field_is_shown_as_words_or_refused_and_never_runs(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, ada: FlaskClient
) -> None:
    path = start(ann, "Rooms <script>alert(1)</script>")
    fields = fields_of(ann.get(path).get_data(as_text=True))
    everywhere = {
        name: SCRIPT
        for name in fields
        if name not in ("csrf_token", "base", "related_help", "with_related_help", "language")
    }
    ann.post(f"{path}/typing", data={**fields, **everywhere})
    ann.post(path, data={**fields, **everywhere, "step": "draft"})
    desk.extensions["desk"].audit.record(SCRIPT, SCRIPT, SCRIPT, SCRIPT)
    ann.post(f"{path}/links", data={"for_whom": SCRIPT})
    pages = [
        (ann, path),
        (ben, path),
        (ben, f"{path}/review"),
        (ben, f"{path}/history"),
        (ben, "/"),
        (ben, "/items"),
        (ada, "/log"),
    ]
    pages += [(ann, f"{path}/preview"), (ann, f"{path}/preview?typed"), (ben, "/items?words=" + SCRIPT)]
    for client, address in pages:
        page = client.get(address).get_data(as_text=True)
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address


def test_a_script_in_notes_about_an_item_a_contact_or_a_person_never_runs(
    ann: FlaskClient, ben: FlaskClient, eve: FlaskClient, ada: FlaskClient, public: PublicSite
) -> None:
    path = release(ann)
    assert ben.post(f"{path}/send-back", data={"note": SCRIPT}).status_code == 303
    save(ann, path, "ready", location=SCRIPT)
    assert approve(eve, path, "override", reason=SCRIPT).status_code == 303
    assert ann.post(f"{path}/withdraw", data={"reason": SCRIPT, "how": "withdraw"}).status_code == 303
    assert ada.post("/people/invite", data={"name": SCRIPT, "role": "press"}).status_code in (200, 422)
    page = eve.get("/contacts/ndah").get_data(as_text=True)
    form = {"base": hidden(page, "base"), "audiences": "women", "places": "england", "phone": "0808 2000 247"}
    words = dict.fromkeys(("name", "for", "phone_note", "hours", "cost", "access", "area", "note", "source"), SCRIPT)
    eve.post("/contacts/ndah", data={**form, **words})
    pages = [(ann, path), (ben, f"{path}/review"), (ben, "/"), (ada, "/people"), (ada, "/log"), (eve, "/contacts")]
    pages += [(eve, "/contacts/ndah"), (eve, "/contacts/history"), (ann, f"{path}/preview"), (ben, f"{path}/history")]
    for client, address in pages:
        shown = client.get(address).get_data(as_text=True)
        assert "<script>alert" not in shown, address
        assert "<img src=x" not in shown, address
    assert approve(ben, path).status_code in (303, 422)
    for address in ("/news/ten-new-rooms-are-open", "/news", "/contacts"):
        assert "<script>alert" not in public.get(address)[1]


def test_a_preview_runs_no_script_is_marked_and_is_not_cached(ann: FlaskClient) -> None:
    path = release(ann)
    answer = ann.get(f"{path}/preview")
    assert "Draft. Not published." in answer.get_data(as_text=True)
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox allow-same-origin" in policy
    assert "allow-scripts" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]


def link_of(page: str) -> str:
    link = re.search(r"<code>http://localhost:5001(/p/[\w-]+)</code>", page)
    assert link
    return link[1]


def test_a_preview_link_opens_one_revision_until_it_is_public_expired_or_revoked(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, clock: SetClock
) -> None:
    path = release(ann, publish_date="2026-12-01", publish_time="09:00")
    link = link_of(ann.post(f"{path}/links", data={"for_whom": "The council"}).get_data(as_text=True))
    assert len(link.removeprefix("/p/")) >= 22, "128 bits in base64"
    stranger = desk.test_client()
    shown = stranger.get(link)
    assert "Draft. Not published." in shown.get_data(as_text=True)
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["Cache-Control"] == "no-store"
    assert "noindex" in shown.headers["X-Robots-Tag"]
    page = stranger.get(f"{link}/page")
    assert "The council paid" in page.get_data(as_text=True)
    assert "Draft. Not published." in page.get_data(as_text=True)
    stranger.get("/sign-in")
    for forged in (link[:-1] + ("A" if link[-1] != "A" else "B"), "/p/", f"{link}/../..", "/p/" + "A" * 32):
        assert stranger.get(forged).status_code in (303, 404)
    assert stranger.post(f"{link}/approve").status_code == 403, "this link may not approve"
    save(ann, path, "ready", body="A later word.")
    assert stranger.get(link).status_code == 404, "the link shows an older version"
    second = link_of(
        ann.post(f"{path}/links", data={"for_whom": "The mayor", "may_approve": "yes"}).get_data(as_text=True)
    )
    assert stranger.get(second).status_code == 200
    assert stranger.post(f"{second}/approve").status_code == 303
    assert stranger.post(f"{second}/approve").status_code == 403, "a link approves only once"
    assert "Approved by link" in ben.get(f"{path}/review").get_data(as_text=True)
    third = link_of(ann.post(f"{path}/links", data={"for_whom": "Somebody"}).get_data(as_text=True))
    name = re.findall(r'name="link" value="(\w+)"', ann.get(f"{path}/review").get_data(as_text=True))[-1]
    ann.post(f"{path}/links/revoke", data={"link": name})
    assert stranger.get(third).status_code == 404
    assert stranger.get(second).status_code == 200
    assert approve(ben, path).status_code == 303
    assert stranger.get(second).status_code == 404, "it is approved now"
    fourth_path = start(ann, "Another")
    fourth = link_of(ann.post(f"{fourth_path}/links", data={"for_whom": "The council"}).get_data(as_text=True))
    clock.forward(days=3)
    assert stranger.get(fourth).status_code == 404, "three days old"


def test_a_preview_link_shows_the_pictures_of_its_draft_and_no_others(
    desk: Flask,
    ann: FlaskClient,
    public: PublicSite,
    content: ContentFolder,
) -> None:
    path = release(ann)
    png = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(png, "PNG")
    page = ann.get(path).get_data(as_text=True)
    picture = {
        "picture": (io.BytesIO(png.getvalue()), "at home.png"),
        "picture_alt": "A green field",
    }
    answer = ann.post(path, data={**fields_of(page), **picture, "step": "ready"}, content_type="multipart/form-data")
    assert answer.status_code == 303
    (stored,) = [file for file in (content.path / "images").iterdir() if not file.name.startswith(".")]
    content.write("images/other.png", png.getvalue())
    link = link_of(ann.post(f"{path}/links", data={"for_whom": "The council"}).get_data(as_text=True))
    stranger = desk.test_client()
    assert f'src="{link}/images/{stored.name}"' in stranger.get(f"{link}/page").get_data(as_text=True)
    assert stranger.get(f"{link}/images/{stored.name}").status_code == 200
    assert stranger.get(f"{link}/images/other.png").status_code == 404
    assert stranger.get(f"/images/{stored.name}").status_code == 303
    assert public.get(f"/images/{stored.name}")[0] == 404


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_is_saved_and_the_form_keeps_the_words(
    ann: FlaskClient, ben: FlaskClient, content: ContentFolder, public: PublicSite, capfd: pytest.CaptureFixture[str]
) -> None:
    path = release(ann)
    file = content.path / "news/ten-new-rooms-are-open.md"
    before, read = file.read_text("utf-8"), seen(ben, path)
    fields = {**fields_of(ann.get(path).get_data(as_text=True)), "body": "Words on a full disk.", "step": "draft"}
    with capfd.disabled(), full_disk():
        saved = ann.post(path, data=fields)
        approved = ben.post(f"{path}/approve", data={"seen": read})
    assert saved.status_code == approved.status_code == 422
    assert "Words on a full disk.</textarea>" in saved.get_data(as_text=True)
    assert "Tell whoever runs this machine" in saved.get_data(as_text=True) + approved.get_data(as_text=True)
    assert file.read_text("utf-8") == before
    assert public.get("/news/ten-new-rooms-are-open")[0] == 404
    assert ann.post(path, data=fields).status_code == 303, "saving works when there is room again"


def test_the_front_page_lists_a_picture_past_its_last_day(
    ann: FlaskClient, ben: FlaskClient, signed_in: SignedIn, clock: SetClock
) -> None:
    path = release(ann)
    png = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(png, "PNG")
    fields = fields_of(ann.get(path).get_data(as_text=True))
    about = {"picture_alt": "A field", "picture_credit": "Jo Doe", "picture_expires": "2026-11-30", "step": "ready"}
    picture = {"picture": (io.BytesIO(png.getvalue()), "field.png")}
    assert ann.post(path, data={**fields, **about, **picture}, content_type="multipart/form-data").status_code == 303
    assert approve(ben, path).status_code == 303
    assert "was to be used until" not in ann.get("/").get_data(as_text=True)
    clock.forward(days=7)
    assert "was to be used until 2026-11-30" in signed_in("Ann Press").get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "slug", ["..", "%2e%2e", "..%2f..%2fsite", "first.md", "FIRST", "con/first", "a" * 200, "first%00"]
)
def test_no_slug_and_no_picture_name_leads_out_of_its_folder(ann: FlaskClient, eve: FlaskClient, slug: str) -> None:
    for client, kind in ((ann, "news"), (eve, "help")):
        for end in ("", "/review", "/history", "/preview"):
            assert client.get(f"/items/{kind}/{slug}{end}").status_code in (404, 308), slug
    assert ann.get(f"/images/{slug}").status_code == 404
    assert ann.get("/images/..%2fsite.toml").status_code == 404


def test_a_symbolic_link_out_of_the_folder_is_not_followed(
    desk: Flask, ann: FlaskClient, content: ContentFolder, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("---\ntitle: secret\n---\n", "utf-8")
    (content.path / "news/linked.md").symlink_to(secret)
    assert "secret" not in ann.get("/items/news/linked").get_data(as_text=True)
    assert secret.read_text("utf-8") == "---\ntitle: secret\n---\n"


def test_an_embargo_that_was_set_at_the_desk_never_leaks(
    desk: Flask, ann: FlaskClient, ben: FlaskClient, public: PublicSite, content: ContentFolder, clock: SetClock,
    tmp_path: Path, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    path = start(ann, "A zqslug zqtitle")
    png = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(png, "PNG")
    fields = {
        **fields_of(ann.get(path).get_data(as_text=True)), "title": "A zqtitle", "summary": "A zqsummary.", "body": "The zqbody.",
        "notes_to_editors": "zqnotes", "location": "zqlocation", "new_note": "zqupdate", "publish_date": "2026-11-25",
        "publish_time": "00:01", "picture": (io.BytesIO(png.getvalue()), "zqname.png"), "picture_alt": "zqalt",
        "picture_credit": "zqcredit", "step": "ready",
    }  # fmt: skip
    assert (
        ann.post(
            f"{path}/typing", data={name: value for name, value in fields.items() if name != "picture"}
        ).status_code
        == 200
    )
    assert ann.post(path, data=fields, content_type="multipart/form-data").status_code == 303
    # A change that waits beside a public item is under embargo, too.
    ben.post(
        "/items/news/first",
        data={**fields_of(ben.get("/items/news/first").get_data(as_text=True)), "body": "zqwaiting", "step": "ready"},
    )
    (picture,) = [file.stem for file in (content.path / "images").iterdir()]
    words = ["zq", picture]

    def everything_public() -> str:
        public.app.extensions["live"].refresh()
        text = everything(public.app.test_client()) + mirror_of(public.app, tmp_path / "mirror")
        return re.sub(r"'sha256-[\w+/]+=*'", "", text)  # a hash may hold the two letters by chance

    assert not [word for word in words if word in everything_public()], "it is not approved"
    assert approve(ben, path).status_code == 303
    clock.now = clock.now.replace(day=25, hour=0, minute=0, second=59)
    assert not [word for word in words if word in everything_public()], "it is a second before its time"
    stranger = desk.test_client()
    doors = ("/", "/sign-in", path, f"{path}/preview", "/calendar", f"/images/{picture}.jpg", "/p/zq", "/healthz")
    assert not [door for door in doors if "zqbody" in (text := str(stranger.get(door).data)) or "zqsummary" in text]
    assert not [word for word in words if word in caplog.text], "no log has the words"
    clock.forward(seconds=1)
    after = everything_public()
    shown = (
        "zqtitle",
        "zqsummary",
        "zqbody",
        "zqnotes",
        "zqlocation",
        "zqupdate",
        "zqalt",
        "zqcredit",
        "zqslug",
        picture,
    )
    assert not [word for word in shown if word not in after]
    assert "zqwaiting" not in after
    assert "zqname" not in after


def bomb() -> bytes:
    """A PNG that claims to be 50,000 by 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("P", (2, 2)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"not a picture", bomb(), gif(), b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"%PDF-1.4 \xff\xd8\xff", b"GIF89a/*<script>*/", b"\xff\xd8\xff\xe0" + b"\0" * 100,
    ],
    ids=["empty", "text", "bomb", "gif", "svg", "pdf", "polyglot", "half a jpeg"],
)  # fmt: skip
def test_a_file_that_is_not_a_picture_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(PictureRefused) as refused:
        take_in(raw)
    assert sentence(refused.value).endswith(".")


def test_a_refused_picture_loses_no_words_of_the_text_or_its_description(ann: FlaskClient) -> None:
    path = release(ann)
    fields = {**fields_of(ann.get(path).text), "body": "Zqwords.", "step": "draft"}
    about = {"picture_alt": "A <green> field", "picture_credit": "Jo Doe", "picture_expires": "2026-11-30"}
    picture = {"picture": (io.BytesIO(gif()), "a.gif")}
    answer = ann.post(path, data={**fields, **about, **picture}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "This is not a picture that can be used." in answer.text
    assert "Zqwords.</textarea>" in answer.text
    for typed in ("A &lt;green&gt; field", "Jo Doe", "2026-11-30"):
        assert f'value="{typed}"' in answer.text


def test_a_picture_keeps_its_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at 14 Elm Road"
    for format_, options in (
        ("JPEG", {"comment": b"by Jo Doe"}),
        ("PNG", {"pnginfo": _text()}),
        ("WEBP", {"xmp": b"<x>Jo Doe</x>"}),
    ):
        upload = io.BytesIO()
        Image.new("RGB", (2000, 1500), (10, 120, 60)).save(upload, format_, exif=exif, **options)
        # A polyglot: a script after a valid picture.
        taken_in = take_in(upload.getvalue() + b"<script>alert(1)</script>")
        assert not [word for word in (b"Jo Doe", b"Elm Road", b"<script>") if word in taken_in.raw]
        assert (taken_in.width, taken_in.height) == (1200, LONGEST_EDGE), "rotated as the camera was held"
        assert read_picture(taken_in.raw, f"images/{taken_in.file_name}").name == taken_in.file_name
        with Image.open(io.BytesIO(taken_in.raw)) as reopened:
            middle = reopened.convert("RGB").crop((5, 5, 6, 6)).tobytes()
        assert all(abs(a - b) < 12 for a, b in zip(middle, (10, 120, 60), strict=True))


def _text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Jo Doe")
    return info


def test_a_preview_for_somebody_outside_names_nothing_that_is_not_public_today(
    desk: Flask, ann: FlaskClient, content: ContentFolder, public: PublicSite
) -> None:
    """Nor anything that will be public by the time the draft goes live."""
    content.document("news/zqother.md", "Words.", title="A zqtitle", publish_at="2026-11-30 09:00")
    content.document("help/zqhelp.md", "Words.", title="A zqhelp", state="draft")
    desk.extensions["desk"].live.refresh()
    path = start(ann, "Ten new rooms are open")
    body = "See [the words](/news/zqother) and [more](/help/zqhelp)."
    fields = {"summary": "Rooms are open.", "body": body, "publish_date": "2026-12-01", "publish_time": "09:00"}
    assert save(ann, path, "ready", **fields, related_help=["zqhelp", "money"]).status_code == 303
    review = ann.get(f"{path}/review").get_data(as_text=True)
    assert "/help/zqhelp" in review, "the desk says so before approval"
    assert "cannot open" in review
    inside = ann.get(f"{path}/preview").get_data(as_text=True)
    assert "/news/zqother" in inside, "the desk sees the page as it will be on that day"
    link = link_of(ann.post(f"{path}/links", data={"for_whom": "The council"}).get_data(as_text=True))
    page = desk.test_client().get(f"{link}/page").get_data(as_text=True)
    assert "the words" in page
    assert "Money and you" in page
    assert "zq" not in page
