"""The public site. Nobody can sign in to it; it sets no cookie and holds no secret. It never imports the desk."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from sidedoor.chat.bell import Bell
from sidedoor.chat.store import agreed_clock, open_store, sweep
from sidedoor.documents.codes import Where
from sidedoor.documents.library import PublicLibrary
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.site import emergency_number
from sidedoor.documents.times import Clock, utc_now
from sidedoor.public import (
    contacts,
    errors,
    exit,
    feedback,
    feeds,
    health,
    help,
    news,
    pack,
    pages,
    search,
    site_files,
    sources,
)
from sidedoor.public.addresses import Addresses, is_answered_at_once
from sidedoor.public.chat import views as chat
from sidedoor.public.commands import add_commands
from sidedoor.public.current import PublicSite
from sidedoor.public.feedback_store import SCHEMA as FEEDBACK
from sidedoor.public.feedback_store import FeedbackStore, Senders
from sidedoor.public.hidden_first import HiddenFirst
from sidedoor.public.language_choice import language_choices
from sidedoor.public.menu import menu
from sidedoor.public.pack import is_pack
from sidedoor.public.search_index import SearchIndex, keep_following
from sidedoor.settings import Settings
from sidedoor.web import health as watched
from sidedoor.web.background import Background
from sidedoor.web.compression import CompressionLayer
from sidedoor.web.current import current_path, current_public, site_address
from sidedoor.web.dressing import dressing
from sidedoor.web.edge import Edge
from sidedoor.web.edition import MIRROR_KEY, EditionLayer
from sidedoor.web.headers import set_policy, with_policy
from sidedoor.web.health import Health
from sidedoor.web.inline import inline_script
from sidedoor.web.language import current_language, page_language, speak_languages
from sidedoor.web.language_layer import FORM_KEY, LanguageLayer
from sidedoor.web.limited import LimitedRequest
from sidedoor.web.look import site_rules
from sidedoor.web.numbers import read_numbers
from sidedoor.web.outermost import OutermostLayer
from sidedoor.web.rsgi import serve
from sidedoor.web.same_site import refuse_cross_site_posts
from sidedoor.web.stalled import end_stalled_connections

PACKAGE = Path(__file__).resolve().parents[1]
MOST_BYTES = 64 * 1024
"""The largest form that is taken."""


def create_app(settings: Settings, clock: Clock = utc_now, soon: bool = False) -> Flask:
    """Make the public application. `clock` gives the time (aware) by which everything is shown or hidden.

    `soon`: answer before all news is read, if that takes long. Raises problems.Refused when the content folder has no
    usable site.toml.
    """
    live = LiveLibrary(Loader(settings.content, settings.data), soon)
    app = create_pages(settings, live, clock)

    def complete(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return with_policy(headers, settings.https)

    edition = EditionLayer(app.wsgi_app, live, clock, complete, Addresses, is_pack)

    @lru_cache(maxsize=1)
    def host_of(url: str) -> str:
        return urlsplit(url).hostname or ""

    def hosts() -> tuple[str, ...]:
        site = live.library.site
        return (*site.hosts, host_of(site.url or settings.served_at))

    def has_chat() -> bool:
        return live.library.site.chat is not None

    data, edge = app.config["DATA"], Edge(settings.proxies)
    chats = open_store(settings.chat_store, data)
    chat_clock = agreed_clock(chats, clock)
    app.extensions["edge"] = edge
    app.extensions["site"] = site = PublicSite(
        edition=edition,
        search=SearchIndex(data),
        feedback=FeedbackStore(settings.messages_home),
        senders=Senders(),
        chats=chats,
        chat_clock=chat_clock,
        bell=Bell(chats.news, chats.looked_in, chat_clock),
        health=Health(
            watched.content(live),
            watched.disk(data, Where.DATA_FOLDER, make=True),
            watched.chat_store(chats, clock, has_chat),
            watched.database(settings.home, (FEEDBACK,)),
            edge.check,
        ),
    )
    outermost = OutermostLayer(
        CompressionLayer(HiddenFirst(edition, chats, chat_clock, settings.https)),
        complete,
        settings.https,
        hosts,
        edition.remembered,
        lambda: emergency_number(live.library.site),
        True,
    )
    app.wsgi_app = edge.counting(outermost)  # type: ignore[assignment, method-assign]
    serve(app, edition.at_hand, outermost.refuse_body, is_answered_at_once)
    app.extensions["background"] = Background(
        (
            live.watch,
            live.catch_up,
            site.health.watch,
            lambda: sweep(chats, chat_clock, has_chat),
            # In the background, so that no search has to wait for it.
            lambda: keep_following(site.search, lambda: edition.edition().public),
            lambda: end_stalled_connections(settings.port),
        )
    )
    add_commands(app)
    return app


def create_pages(settings: Settings, live: LiveLibrary, clock: Clock) -> Flask:
    """The public pages alone, with no store behind them. Each request has to bring the Edition to answer from, as the
    desk's preview does."""
    app = Flask("sidedoor", root_path=str(PACKAGE), static_folder=None)
    app.request_class = LimitedRequest
    read_numbers(app)
    app.url_map.merge_slashes = False  # werkzeug would redirect to pages that do not exist; see errors.py
    app.config.update(
        DATA=settings.data.resolve(),
        CONTENT=settings.content.resolve(),
        SETTINGS=settings,
        SERVED_AT=settings.served_at,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=20,
    )
    app.extensions["live"] = live
    app.extensions["clock"] = clock
    app.jinja_env.globals.update(inline_script=inline_script)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    speak_languages(app)

    @app.context_processor
    def _site() -> dict[str, object]:
        public, path, language = current_public(), current_path(), current_language()
        shells: dict[tuple[str, str], dict[str, object]] = g.setdefault("shells", {})  # once, for all parts of a page
        if (path, language) not in shells:
            shells[path, language] = shell(public, path, language)
        return shells[path, language]

    def shell(public: PublicLibrary, path: str, language: str) -> dict[str, object]:
        several = len(public.site.languages) > 1
        forms = public.forms_of(path) if language == public.site.language else {}
        return {
            "site": public.site,
            "language_choices": language_choices(public, path, page_language()),
            "usual": public.split(path)[1] if FORM_KEY in request.environ else "",
            "forms": [(public.site.forms[form].name, address) for form, address in forms.items()],
            "versions": public.own_versions(path) if several else {},
            "lent": public.borrowed(path),
            "menu": menu(public, language),
            "exit": exit.current_exit(),
            "chat_state": chat.state_elsewhere,
            "help_now": public.help_now(page_language()),
            "here": path,
            "own_address": site_address(),
            "mirror_of": request.environ.get(MIRROR_KEY, ""),
        }

    refuse_cross_site_posts(app)
    for module in (help, pages, sources, contacts, news, pack, feeds, search, feedback, chat, exit, site_files, health):
        app.register_blueprint(module.blueprint)
    errors.handle_errors(app)
    set_policy(app, settings.https, dressing(settings.https, lambda: site_rules(current_public().site)))
    app.wsgi_app = LanguageLayer(app.wsgi_app)  # type: ignore[method-assign]
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, 0, 0)  # type: ignore[method-assign]
    return app
