"""The schemas of all databases that the desk reads and writes: a backup holds them, and a database server must too."""

from sidedoor.desk.audit import store as audit
from sidedoor.desk.items import preview_links, reviews
from sidedoor.desk.notices import store as notices
from sidedoor.desk.people import sessions, staff
from sidedoor.public import feedback_store

KEPT = (
    staff.SCHEMA, sessions.SCHEMA, reviews.SCHEMA, preview_links.SCHEMA, audit.SCHEMA, feedback_store.SCHEMA,
    notices.SCHEMA,
)  # fmt: skip
