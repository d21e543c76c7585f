-- sessions.sqlite3 as of 2026-11-25.
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, person INTEGER NOT NULL, made TEXT NOT NULL, seen TEXT NOT NULL, browser TEXT NOT NULL, epoch INTEGER NOT NULL DEFAULT 0);
PRAGMA user_version = 2;
