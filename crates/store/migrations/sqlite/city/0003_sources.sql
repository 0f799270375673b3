-- Sources of live data: who may publish, how messages become entities, what could not be used, and what was counted.

-- rights is a JSON array of topic filters without the name of the city.
CREATE TABLE mqtt_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    rights TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- The first in the order of sort that covers a topic is used.
CREATE TABLE mqtt_mappings (
    name TEXT NOT NULL PRIMARY KEY,
    sort INTEGER NOT NULL,
    mapping TEXT NOT NULL
) STRICT;

CREATE TABLE mqtt_brokers (
    name TEXT NOT NULL PRIMARY KEY,
    broker TEXT NOT NULL
) STRICT;

-- size is that of the whole message; body may be its beginning only.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL,
    size INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    replayed_at INTEGER
) STRICT;
CREATE INDEX quarantine_source ON quarantine (source, id);

-- in_minute counts what was received in minute (since the epoch), before_minute in the one before it.
CREATE TABLE sources (
    name TEXT NOT NULL PRIMARY KEY,
    last_seen_at INTEGER NOT NULL,
    received INTEGER NOT NULL,
    late INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    unknown_units INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    in_minute INTEGER NOT NULL,
    before_minute INTEGER NOT NULL
) STRICT;
