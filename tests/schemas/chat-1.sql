-- chat.sqlite3 as of 2026-11-25.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY, token TEXT UNIQUE, state TEXT NOT NULL, started TEXT NOT NULL, quiet_since TEXT NOT NULL,
    adviser INTEGER, adviser_name TEXT NOT NULL DEFAULT '', reason TEXT, ended TEXT, newest INTEGER NOT NULL DEFAULT 0);
CREATE TABLE keys (conversation INTEGER PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE messages (
    conversation INTEGER, number INTEGER, who TEXT NOT NULL, sealed BLOB NOT NULL, at TEXT NOT NULL, once TEXT,
    PRIMARY KEY (conversation, number), UNIQUE (conversation, once));
CREATE TABLE present (adviser INTEGER PRIMARY KEY, name TEXT NOT NULL, seen TEXT NOT NULL);
CREATE TABLE starts (who TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE counts (hour TEXT, what TEXT, number INTEGER NOT NULL, PRIMARY KEY (hour, what));
PRAGMA user_version = 0;
