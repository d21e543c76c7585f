"""The staff desk for press office and advisers: a separate application, process, port and cookie, closed to the public.

It imports the public site, because its preview is the real public page. The public site does not know the desk.
"""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, g
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from sidedoor.chat.store import open_store
from sidedoor.desk import front, static_files
from sidedoor.desk.access import guard
from sidedoor.desk.audit import views as audit_views
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.chats import board
from sidedoor.desk.chats.signs import SignsOfLife
from sidedoor.desk.contacts import views as contact_views
from sidedoor.desk.contacts.steps import ContactSteps
from sidedoor.desk.current import Desk
from sidedoor.desk.errors import handle_errors
from sidedoor.desk.feedback import views as feedback_views
from sidedoor.desk.headers import policy_headers
from sidedoor.desk.health import views as health_views
from sidedoor.desk.health.checks import health_of
from sidedoor.desk.health.monitor import monitor, serving
from sidedoor.desk.items import calendar, commenting, editor, picture_views, preview, review, revisions
from sidedoor.desk.items.comments import Comments
from sidedoor.desk.items.effect_words import in_calendar_words
from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.picture_library import PictureLibrary
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.steps import ItemSteps
from sidedoor.desk.items.workflow import Workflow
from sidedoor.desk.notices import views as notice_views
from sidedoor.desk.notices.courier import Courier
from sidedoor.desk.notices.store import Notices
from sidedoor.desk.people import signing_in
from sidedoor.desk.people import views as people_views
from sidedoor.desk.people.commands import add_commands
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
from sidedoor.desk.refusal_words import in_words
from sidedoor.desk.site import views as site_views
from sidedoor.desk.translations import views as translation_views
from sidedoor.desk.translations.steps import TranslationSteps
from sidedoor.desk.words import speak_plainly
from sidedoor.documents.codes import Code
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.loader import Loader
from sidedoor.documents.problems import Problem, Refused
from sidedoor.documents.site import emergency_number
from sidedoor.documents.times import Clock, utc_now
from sidedoor.public import create_pages
from sidedoor.public.feedback_store import FeedbackStore
from sidedoor.settings import Settings
from sidedoor.web.background import Background
from sidedoor.web.headers import completed
from sidedoor.web.limited import LimitedRequest
from sidedoor.web.numbers import read_numbers
from sidedoor.web.outermost import OutermostLayer
from sidedoor.web.rsgi import serve
from sidedoor.web.same_site import refuse_cross_site_posts
from sidedoor.web.stalled import end_stalled_connections

if TYPE_CHECKING:
    from authlib.integrations.flask_client import FlaskOAuth2App

PACKAGE = Path(__file__).resolve().parents[1]
MOST_BYTES = 24 * 1024 * 1024
"""The largest upload: a photograph as a camera makes it, which is made smaller before it is stored."""
_BLUEPRINTS: tuple[ModuleType, ...] = (
    static_files, health_views, signing_in, front, calendar, editor, review, preview, revisions, commenting,
    picture_views, contact_views, board, people_views, audit_views, notice_views, feedback_views, site_views,
    translation_views,
)  # fmt: skip


def create_app(settings: Settings, clock: Clock = utc_now) -> Flask:
    """Make the desk. `clock` returns the current moment (aware).

    Raises problems.Refused if the content folder has no usable site.toml.
    """
    app = Flask("sidedoor", root_path=str(PACKAGE), static_folder=None)
    app.request_class = LimitedRequest
    read_numbers(app)
    app.config.update(
        DATA=settings.data.resolve(),
        CONTENT=settings.content.resolve(),
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=400,
    )
    data, content, home = app.config["DATA"], app.config["CONTENT"], settings.home
    live = LiveLibrary(Loader(settings.content, settings.data / "desk"))
    shelf, reviews, audit = Shelf(content, data, lambda: live.away), Reviews(home), Audit(home, clock)
    workflow = Workflow(shelf, reviews, audit, live, clock)
    app.extensions["desk"] = desk = Desk(
        settings=settings,
        content=content,
        clock=clock,
        live=live,
        shelf=shelf,
        reviews=reviews,
        comments=Comments(home),
        staff=Staff(home),
        sessions=Sessions(home),
        audit=audit,
        previews=PreviewLinks(home),
        workflow=workflow,
        items=ItemSteps(workflow, audit, live, clock),
        pictures=PictureLibrary(workflow, audit, live, clock),
        contacts=ContactSteps(workflow, audit, live, clock),
        translations=TranslationSteps(workflow, audit, live, clock),
        notices=Notices(home),
        feedback=FeedbackStore(settings.messages_home),
        chats=open_store(settings.chat_store, data),
        signs=SignsOfLife(),
        pages=create_pages(settings, live, clock),
        work_account=_work_accounts(app, settings),
    )
    app.extensions["health"] = health_of(desk, home, content)
    signing_in.set_up_cookie(app, settings.https)
    speak_plainly(app, clock, lambda: live.library.site)
    app.jinja_env.filters["in_words"] = in_words
    app.jinja_env.filters["in_calendar_words"] = in_calendar_words
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _everywhere() -> dict[str, object]:
        return {
            "person": g.get("person"),
            "site": live.library.site,
            "work_account": desk.work_account is not None,
            "troubles": app.extensions["health"].troubles,
            "notices": desk.notices.of,
            "recoveries": desk.staff.recoveries,
        }

    refuse_cross_site_posts(app)
    CSRFProtect(app)
    for module in _BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    handle_errors(app)
    guard(app, signing_in.person_of_this_request)
    add_commands(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, 0, 0)  # type: ignore[method-assign]
    policy = tuple(policy_headers(settings.https).items())
    app.wsgi_app = outermost = OutermostLayer(  # type: ignore[method-assign]
        app.wsgi_app,
        lambda headers: completed(headers, policy),
        settings.https,
        lambda: (*settings.desk_hosts, urlsplit(settings.desk_url).hostname or ""),
        lambda environ: None,
        lambda: emergency_number(live.library.site),
    )
    serve(app, lambda environ: False, outermost.refuse_body, board.is_answered_at_once)
    app.extensions["courier"] = Courier(desk)
    tasks = [
        live.watch,
        app.extensions["health"].watch,
        app.extensions["courier"].watch,
        lambda: end_stalled_connections(settings.port),
    ]
    if settings.monitor:
        folders = {"data": data, "content": content}
        numbers = monitor(desk, app.extensions["health"], folders)
        tasks.append(serving(settings.monitor, numbers))
    app.extensions["background"] = Background(tasks)
    return app


def _work_accounts(app: Flask, settings: Settings) -> "FlaskOAuth2App | None":
    """Let people sign in with work accounts, if the operator names their provider. Raises problems.Refused if the
    optional extra for them is not installed."""
    if not settings.oidc_issuer:
        return None
    try:
        from sidedoor.desk.people import work_account
    except ImportError as error:
        raise Refused([Problem("SIDEDOOR_OIDC_ISSUER", None, Code.WORK_ACCOUNTS_NOT_INSTALLED)]) from error
    app.register_blueprint(work_account.blueprint)
    return work_account.provider(app, settings)
