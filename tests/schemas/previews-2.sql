-- previews.sqlite3 as of 2026-11-25.
CREATE TABLE links (
    digest TEXT PRIMARY KEY, file TEXT NOT NULL, version TEXT NOT NULL, made_by TEXT NOT NULL, for_whom TEXT NOT NULL,
    may_approve INTEGER NOT NULL, expires TEXT NOT NULL, approved TEXT);
PRAGMA user_version = 1;
