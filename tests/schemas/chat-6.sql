-- chat.sqlite3 as of 2026-11-28.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT UNIQUE, network TEXT NOT NULL, state TEXT NOT NULL,
    started TEXT NOT NULL, quiet_since TEXT NOT NULL, seen TEXT NOT NULL, adviser INTEGER,
    adviser_name TEXT NOT NULL DEFAULT '', watcher TEXT NOT NULL DEFAULT '', watched TEXT NOT NULL DEFAULT '',
    reason TEXT, ended TEXT, newest INTEGER NOT NULL DEFAULT 0, language TEXT NOT NULL DEFAULT '', shown INTEGER NOT NULL DEFAULT 0, unanswered TEXT NOT NULL DEFAULT '', risk INTEGER NOT NULL DEFAULT 0, player INTEGER NOT NULL DEFAULT 0);
CREATE INDEX queue ON conversations (state, started, id);
CREATE INDEX quiet ON conversations (state, quiet_since);
CREATE TABLE messages (
    conversation INTEGER, number INTEGER, who TEXT NOT NULL, sealed BLOB NOT NULL, at TEXT NOT NULL, once TEXT, author TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (conversation, number), UNIQUE (conversation, once));
CREATE TABLE present (
    adviser INTEGER PRIMARY KEY, name TEXT NOT NULL, seen TEXT NOT NULL, pause_until TEXT, languages TEXT NOT NULL DEFAULT '', word INTEGER NOT NULL DEFAULT 0);
CREATE TABLE desks (adviser INTEGER PRIMARY KEY, seen TEXT NOT NULL);
CREATE TABLE starts (network TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE blocks (network TEXT PRIMARY KEY, until TEXT NOT NULL);
CREATE TABLE days (day TEXT PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE counts (hour TEXT, what TEXT, number INTEGER NOT NULL, PRIMARY KEY (hour, what));
CREATE TABLE kept (
        conversation INTEGER, what TEXT, sealed BLOB NOT NULL, PRIMARY KEY (conversation, what)) WITHOUT ROWID;
CREATE INDEX whose ON conversations (adviser);
CREATE INDEX plays ON conversations (player) WHERE player != 0;
PRAGMA user_version = 3;
