-- feedback.sqlite3 as of 2026-11-25.
CREATE TABLE messages (number INTEGER PRIMARY KEY, hour TEXT NOT NULL, text TEXT NOT NULL);
PRAGMA user_version = 1;
