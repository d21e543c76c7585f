"""Files that programs ask for: sitemap, robots.txt, security.txt (RFC 9116), an icon, pictures and recordings."""

import mimetypes
import os
from collections.abc import Iterable
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request

from sidedoor.documents.document import Document
from sidedoor.documents.fixed_addresses import LISTED
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.pictures import Picture
from sidedoor.documents.recordings import content_type, is_recording
from sidedoor.documents.sizes import sizes_of
from sidedoor.public.addresses import Addresses
from sidedoor.public.current import live
from sidedoor.web.current import current_public, same_for_everyone, site_address
from sidedoor.web.rsgi import FILE_KEY

blueprint = Blueprint("site_files", __name__)


@blueprint.get("/sitemap.xml")
@same_for_everyone
def sitemap() -> Response:
    """Every public page, with the date that its readers see. On a very large site, the sitemaps that list them."""
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
    return _sitemap(LISTED, (document for document in public.shown if document.kind != "news" or document.folder))


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
    pages: list[tuple[str, str | None, list[tuple[str, str]]]] = []
    for path in listed:
        versions = public.own_versions(path)
        pages += [(address, None, _alternates(public, path)) for address in dict.fromkeys([path, *versions.values()])]
    for document in sorted(documents, key=lambda document: document.path):
        changed = document.updated_at(public.now) or document.meta.reviewed
        day = changed.isoformat()[:10] if changed else None
        pages.append((document.path, day, _alternates(public, document.path)))
    return _xml("site_files/sitemap.xml", pages=pages)


def _xml(template: str, **shown: object) -> Response:
    text = render_template(template, address=site_address(), **shown)
    return Response(text, content_type="application/xml; charset=utf-8")


def _alternates(public: PublicLibrary, path: str) -> list[tuple[str, str]]:
    """Languages and addresses of the same page; the one in the site's own language also serves all others."""
    versions = public.own_versions(path)
    own = versions.get(public.site.language)
    if len(versions) < 2:
        return []
    return [*versions.items(), *([("x-default", own)] if own else [])]


@blueprint.get("/robots.txt")
@same_for_everyone
def robots() -> Response:
    """People find help through search engines, so everything public may be read."""
    return _text(f"User-agent: *\nDisallow: /search\nDisallow: /feedback\n\nSitemap: {site_address()}/sitemap.xml\n")


@blueprint.get("/.well-known/security.txt")
@same_for_everyone
def security() -> Response:
    """Whom to tell about a hole in the site. It expires within the year that RFC 9116 (2.5.5) advises."""
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
    """A picture that a public page shows. Before its page is public, the picture does not exist for anybody."""
    return _shown(name, is_recording(name))


@blueprint.get("/images/<size>/<name>")
def other_size(size: str, name: str) -> Response:
    """A picture in another size: public exactly when the picture is. If it cannot be made, the picture itself."""
    picture = current_public().pictures.get(name.rpartition(".")[0])
    sizes = sizes_of(picture) if isinstance(picture, Picture) else ()
    wanted = next((version for version in sizes if version.address == f"/images/{size}/{name}"), None)
    if not wanted:
        abort(404)
    raw = live().size(wanted)
    return _shown(wanted.picture.name, False) if raw is None else Response(raw, content_type=wanted.content_type)


@blueprint.get("/media/<name>")
def recording(name: str) -> Response:
    """A recording, or the part of it that a player requests, under the rules for pictures.

    It is sent with no-store, like everything, so that no player caches it on a disk.
    """
    response = _shown(name, not is_recording(name))
    response.make_conditional(request, accept_ranges=True, complete_length=response.content_length)
    return response


def _shown(name: str, wrong_folder: bool) -> Response:
    if wrong_folder or name not in current_public().pictures:
        abort(404)
    kind = content_type(name) if is_recording(name) else mimetypes.guess_type(name)[0]
    kind = f"{kind}; charset=utf-8" if kind == "text/vtt" else kind
    file, from_disk = live().picture_file(name), request.environ.get(FILE_KEY)
    if from_disk is not None and os.access(file, os.R_OK) and (size := file.stat().st_size):
        from_disk.append(str(file))
        return Response(content_type=kind, headers={"Content-Length": str(size)})
    raw = live().picture(name)
    if raw is None:
        abort(404)
    return Response(raw, content_type=kind)


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
