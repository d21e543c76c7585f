-- feedback.sqlite3 as of 2026-11-28.
CREATE TABLE messages (number INTEGER PRIMARY KEY, hour TEXT NOT NULL, text TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'other', taken_by TEXT NOT NULL DEFAULT '', answered TEXT NOT NULL DEFAULT '');
PRAGMA user_version = 2;
