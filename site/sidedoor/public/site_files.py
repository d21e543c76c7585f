"""What programs ask a site for: sitemap, robots.txt, security.txt (RFC 9116), an icon; and public pages' pictures."""

import mimetypes
from collections.abc import Iterable
from datetime import timedelta

from flask import Blueprint, Response, abort, current_app, render_template

from sidedoor.documents.document import Document
from sidedoor.documents.live import LiveLibrary
from sidedoor.public.addresses import LISTED, Addresses
from sidedoor.web.current import current_public, same_for_everyone, site_address

blueprint = Blueprint("site_files", __name__)


@blueprint.get("/sitemap.xml")
@same_for_everyone
def sitemap() -> Response:
    """Every public page; the date is the one its readers are told. With very many, the sitemaps that list them."""
    public = current_public()
    if parts := Addresses(public).sitemaps:
        return _xml("site_files/sitemaps.xml", parts=parts)
    return _sitemap(LISTED, public.shown)


@blueprint.get("/sitemap-pages.xml")
@same_for_everyone
def sitemap_of_pages() -> Response:
    """All but the news."""
    public = current_public()
    if not Addresses(public).sitemaps:
        abort(404)
    return _sitemap(LISTED, (document for document in public.shown if document.kind != "news"))


@blueprint.get("/sitemap-<int(fixed_digits=4):year>.xml")
@same_for_everyone
def sitemap_of_year(year: int) -> Response:
    """One year's news."""
    public = current_public()
    if not Addresses(public).sitemaps:
        abort(404)
    return _sitemap((), public.news_by_year.get(year) or abort(404))


def _sitemap(listed: Iterable[str], documents: Iterable[Document]) -> Response:
    public = current_public()
    pages: list[tuple[str, str | None]] = [(path, None) for path in listed]
    for document in sorted(documents, key=lambda document: document.path):
        changed = document.updated_at(public.now) or document.meta.reviewed
        pages.append((document.path, changed.isoformat()[:10] if changed else None))
    return _xml("site_files/sitemap.xml", pages=pages)


def _xml(template: str, **shown: object) -> Response:
    text = render_template(template, address=site_address(), **shown)
    return Response(text, content_type="application/xml; charset=utf-8")


@blueprint.get("/robots.txt")
@same_for_everyone
def robots() -> Response:
    """People find help through search engines, so everything public may be read."""
    return _text(f"User-agent: *\nDisallow: /search\nDisallow: /feedback\n\nSitemap: {site_address()}/sitemap.xml\n")


@blueprint.get("/.well-known/security.txt")
@same_for_everyone
def security() -> Response:
    """Whom to tell of a hole in the site. It expires within the year that RFC 9116 (2.5.5) advises."""
    public = current_public()
    contact = public.site.security.contact
    contact = site_address() + contact if contact.startswith("/") else contact
    month = public.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = (month + timedelta(days=330)).strftime("%Y-%m-%dT%H:%M:%SZ")
    languages = ", ".join(public.site.languages)
    canonical = f"{site_address()}/.well-known/security.txt"
    return _text(f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: {languages}\nCanonical: {canonical}\n")


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """No icon: a browser that asks for one anyway gets nothing to keep."""
    return Response(status=204)


@blueprint.get("/images/<name>")
def picture(name: str) -> Response:
    """A picture that a public page shows. To anybody else, and before its page is public, there is none."""
    if name not in current_public().pictures:
        abort(404)
    live: LiveLibrary = current_app.extensions["live"]
    picture = live.picture(name)
    if picture is None:
        abort(404)
    return Response(picture, content_type=mimetypes.guess_type(name)[0])


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
