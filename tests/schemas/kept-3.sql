-- kept.sqlite3 as of 2026-11-28.
CREATE TABLE kept (
    file TEXT PRIMARY KEY, signature TEXT NOT NULL, digest TEXT NOT NULL, reader TEXT NOT NULL, value TEXT NOT NULL
);
CREATE TABLE words (version INTEGER PRIMARY KEY, value TEXT NOT NULL, replaced REAL);
CREATE INDEX replaced_words ON words (replaced) WHERE replaced IS NOT NULL;
PRAGMA user_version = 2;
