"""News: the list by year, and each item."""

import json
from typing import Any

from flask import Blueprint, abort, render_template
from markupsafe import Markup

from sidedoor.documents.document import Document, Visibility
from sidedoor.documents.models import NewsMeta
from sidedoor.documents.pictures import Picture
from sidedoor.documents.sizes import CARD, LIST, Size, cropped
from sidedoor.public.addresses import ITEMS_A_PAGE
from sidedoor.public.help import related
from sidedoor.public.translated import translation_notes
from sidedoor.web.current import current_public, same_for_everyone, site_address
from sidedoor.web.language import current_language, in_own_language

blueprint = Blueprint("news", __name__, url_prefix="/news")


@blueprint.get("", defaults={"page": 1})
@blueprint.get("/page/<int(min=2):page>")
@same_for_everyone
def latest(page: int) -> str:
    """The newest items, a page at a time."""
    public, language = current_public(), current_language()
    if not public.news_in(language) and language != public.site.language:
        abort(404)
    return _list(in_own_language("/news"), public.news_in(language), None, page)


@blueprint.get("/<int(fixed_digits=4):year>", defaults={"page": 1})
@blueprint.get("/<int(fixed_digits=4):year>/page/<int(min=2):page>")
@same_for_everyone
def of_year(year: int, page: int) -> str:
    """The items of one year, a page at a time."""
    items = current_public().years_of_news(current_language()).get(year) or abort(404)
    return _list(f"{in_own_language('/news')}/{year}", items, year, page)


@blueprint.get("/<slug>")
@same_for_everyone
def item(slug: str) -> str:
    """One item, public or withdrawn with its reason."""
    public = current_public()
    document = public.find("news", slug, current_language()) or abort(404)
    meta = document.meta
    assert isinstance(meta, NewsMeta)
    return render_template(
        "news/item.html",
        document=document,
        updates=document.updates(public.now),
        updated_at=document.updated_at(public.now),
        withdrawn=meta.withdrawn if document.visibility(public.now) is Visibility.WITHDRAWN else None,
        related=related(document),
        press=public.site.press.get(meta.press_contact or ""),
        canonical=site_address() + document.path,
        picture=_picture(document),
        json_ld=Markup(_json_ld(document)),
        **translation_notes(document),
    )


def _list(path: str, items: tuple[Document, ...], year: int | None, page: int) -> str:
    pages = max(1, -(-len(items) // ITEMS_A_PAGE))
    if page > pages:
        abort(404)
    first = (page - 1) * ITEMS_A_PAGE
    return render_template(
        "news/list.html",
        items=items[first : first + ITEMS_A_PAGE],
        small=_small,
        years=list(current_public().years_of_news(current_language())),
        address=site_address(),
        year=year,
        page=page,
        pages=pages,
        previous_path=None if page == 1 else path if page == 2 else f"{path}/page/{page - 1}",
        next_path=f"{path}/page/{page + 1}" if page < pages else None,
    )


def _small(document: Document) -> Size | None:
    """An item's first picture, as the list shows it."""
    shown = _first_picture(document)
    return cropped(shown, LIST) if shown else None


def _picture(document: Document) -> str:
    """The address of an item's first picture as a card, for those who share it; empty if it has none."""
    shown = _first_picture(document)
    return site_address() + cropped(shown, CARD).address if shown else ""


def _first_picture(document: Document) -> Picture | None:
    pictures = (current_public().pictures.get(name) for name in document.pictures)
    return next((picture for picture in pictures if isinstance(picture, Picture)), None)


def _json_ld(document: Document) -> str:
    """schema.org NewsArticle, safe inside a script element."""
    public = current_public()
    published, updated = document.published_at, document.updated_at(public.now)
    article: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": document.title,
        "description": document.summary,
        "inLanguage": document.language,
        "url": site_address() + document.path,
        "datePublished": published.isoformat() if published else None,
        "dateModified": updated.isoformat() if updated else None,
        **({"image": picture} if (picture := _picture(document)) else {}),
        "publisher": {"@type": "Organization", "name": public.site.organisation},
    }
    return (
        json.dumps(article, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
