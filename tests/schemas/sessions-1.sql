-- sessions.sqlite3 as of 2026-11-24.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, person INTEGER NOT NULL, made TEXT NOT NULL, seen TEXT NOT NULL, browser TEXT NOT NULL);
PRAGMA user_version = 0;
