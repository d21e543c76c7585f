"""The news as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1. All their dates come from what is public now."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Blueprint, Response, abort, render_template

from sidedoor.documents.document import Document
from sidedoor.public.contacts import with_contacts
from sidedoor.web.current import current_public, same_for_everyone, site_address
from sidedoor.web.language import current_language, in_own_language

blueprint = Blueprint("feeds", __name__, url_prefix="/news")
ITEMS_A_FEED = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@blueprint.get("/rss.xml")
@same_for_everyone
def rss() -> Response:
    """RSS 2.0."""
    return _xml(
        "news/rss.xml", "application/rss+xml", lambda moment: format_datetime(moment.astimezone(UTC), usegmt=True)
    )


@blueprint.get("/atom.xml")
@same_for_everyone
def atom() -> Response:
    """Atom."""
    return _xml("news/atom.xml", "application/atom+xml", datetime.isoformat)


@blueprint.get("/feed.json")
@same_for_everyone
def json_feed() -> Response:
    """JSON Feed 1.1."""
    public, address = current_public(), site_address()
    items = [
        {
            "id": address + item.path,
            "url": address + item.path,
            "title": item.title,
            "summary": item.summary,
            "content_html": content(item),
            "language": item.language,
            "date_published": (item.published_at or _EPOCH).isoformat(),
            "date_modified": (item.updated_at(public.now) or _EPOCH).isoformat(),
        }
        for item in _items()
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{public.site.organisation}: news",
        "home_page_url": address + in_own_language("/news"),
        "feed_url": address + in_own_language("/news/feed.json"),
        "language": current_language(),
        "items": items,
    }
    return Response(json.dumps(feed, ensure_ascii=False), content_type="application/feed+json; charset=utf-8")


def _items() -> tuple[Document, ...]:
    """The newest in the language of the address. A language without news has no feed."""
    public, language = current_public(), current_language()
    items = public.news_in(language)
    if not items and language != public.site.language:
        abort(404)
    return items[:ITEMS_A_FEED]


def content(item: Document) -> str:
    """An item's HTML with whole addresses: a feed is read somewhere else."""
    html = str(with_contacts(item.html))
    return html.replace('href="/', f'href="{site_address()}/').replace('src="/', f'src="{site_address()}/')


def _xml(template: str, content_type: str, written: Callable[[datetime], str]) -> Response:
    public = current_public()
    text = render_template(
        template,
        items=_items(),
        address=site_address(),
        now=public.now,
        updated=public.updated_at(current_language()) or _EPOCH,
        written=written,
        content=content,
    )
    return Response(text, content_type=f"{content_type}; charset=utf-8")
