-- Public warnings: what was received and what the city issued, what is being written, the feeds, and the stage of the city.

-- document holds the bytes as they came. message is what was read of them; texts is the same without outlines, for pages
-- that draw nothing. carriers and areas are JSON arrays. state is NULL for what never is an alert.
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    identifier TEXT NOT NULL,
    sent INTEGER NOT NULL,
    own INTEGER NOT NULL,
    by_hand INTEGER NOT NULL,
    carriers TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    document BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    signatures INTEGER NOT NULL,
    problems TEXT NOT NULL,
    message TEXT NOT NULL,
    texts TEXT NOT NULL,
    link TEXT NOT NULL,
    effective INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    severity_rank INTEGER NOT NULL,
    here INTEGER NOT NULL,
    unverified INTEGER NOT NULL,
    areas TEXT NOT NULL,
    state TEXT,
    chain INTEGER NOT NULL,
    ended_by INTEGER,
    changed_at INTEGER NOT NULL,
    UNIQUE (sender, identifier, sent)
) STRICT;
CREATE INDEX alerts_state ON alerts (state, expires);
CREATE INDEX alerts_expires ON alerts (expires);
CREATE INDEX alerts_chain ON alerts (chain);

-- What came as a warning and could not be read.
CREATE TABLE alerts_aside (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    carrier TEXT NOT NULL,
    reason TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    document BLOB NOT NULL
) STRICT;

-- feed is its configuration as JSON; the rest is how it went.
CREATE TABLE alert_feeds (
    name TEXT NOT NULL PRIMARY KEY,
    feed TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    checked_at INTEGER,
    succeeded_at INTEGER,
    failures INTEGER NOT NULL,
    problem TEXT
) STRICT;

CREATE TABLE alert_drafts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    content TEXT NOT NULL,
    incident_id INTEGER REFERENCES incidents (id),
    follows INTEGER REFERENCES alerts (id),
    author INTEGER NOT NULL REFERENCES sign_ins (id),
    approver INTEGER REFERENCES sign_ins (id),
    alert_id INTEGER REFERENCES alerts (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_drafts_state ON alert_drafts (state, id);

-- The last row is the stage of the city. proposed is what the warnings proposed at that time.
CREATE TABLE city_stages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    proposed INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT;
