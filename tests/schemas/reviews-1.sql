-- reviews.sqlite3 as of 2026-11-24.
CREATE TABLE writers (file TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, person));
CREATE TABLE bases (file TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY, file TEXT, digest TEXT, verdict TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
CREATE TABLE typing (
    file TEXT, person INTEGER, name TEXT, at TEXT, base TEXT, fields TEXT, PRIMARY KEY (file, person));
PRAGMA user_version = 0;
