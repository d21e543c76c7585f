-- kept.sqlite3 as of 2026-11-24.
CREATE TABLE kept (
    file TEXT PRIMARY KEY, signature TEXT NOT NULL, digest TEXT NOT NULL, reader TEXT NOT NULL, value TEXT NOT NULL
);
PRAGMA user_version = 0;
