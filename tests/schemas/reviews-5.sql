-- reviews.sqlite3 with comments.
CREATE TABLE bases (file TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY, file TEXT, digest TEXT, verdict TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
CREATE TABLE typing (
    file TEXT, person INTEGER, name TEXT, at TEXT, base TEXT, fields TEXT, PRIMARY KEY (file, person));
CREATE TABLE hands (
    file TEXT, round TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, round, person));
CREATE TABLE versions (file TEXT, digest TEXT, PRIMARY KEY (file, digest));
CREATE TABLE alone (
    file TEXT PRIMARY KEY, digest TEXT, before TEXT, person INTEGER, name TEXT, at TEXT, note TEXT);
CREATE TABLE signatures (
    file TEXT, digest TEXT, person INTEGER, name TEXT, at TEXT, PRIMARY KEY (file, digest, person));
CREATE TABLE outcomes (
    number INTEGER PRIMARY KEY, file TEXT, verdict TEXT, decided_by TEXT, at TEXT, writer INTEGER);
CREATE TABLE comments (
    number INTEGER PRIMARY KEY, file TEXT, passage TEXT, person INTEGER, name TEXT, at TEXT, words TEXT,
    closed_by TEXT);
CREATE TABLE answers (
    number INTEGER PRIMARY KEY, comment INTEGER, person INTEGER, name TEXT, at TEXT, words TEXT);
CREATE TABLE unseen (comment INTEGER, person INTEGER, PRIMARY KEY (comment, person));
PRAGMA user_version = 5;
