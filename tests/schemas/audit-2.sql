-- audit.sqlite3 as of 2026-11-25.
CREATE TABLE log (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, chain TEXT NOT NULL);
CREATE TRIGGER log_is_not_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER log_is_not_deleted BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE INDEX strangers ON log (number) WHERE person = '';
CREATE TABLE unlisted (number INTEGER NOT NULL);
PRAGMA user_version = 2;
