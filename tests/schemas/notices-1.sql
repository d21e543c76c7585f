-- notices.sqlite3 as of 2026-11-28.
CREATE TABLE notices (
    id TEXT PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, path TEXT NOT NULL,
    at TEXT NOT NULL, mail TEXT NOT NULL);
CREATE UNIQUE INDEX once_each ON notices (person, kind, subject);
CREATE TABLE wishes (
    person INTEGER PRIMARY KEY, address TEXT NOT NULL, kinds TEXT NOT NULL, trouble TEXT NOT NULL,
    digest TEXT NOT NULL);
CREATE TABLE letters (
    id TEXT PRIMARY KEY, person INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, made TEXT NOT NULL,
    tries INTEGER NOT NULL, due TEXT NOT NULL);
PRAGMA user_version = 1;
