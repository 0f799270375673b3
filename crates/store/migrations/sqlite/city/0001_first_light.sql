-- Times are microseconds since the epoch (UTC). Positions are whole 1e-7 degrees, WGS 84.
-- Tables hold no names, contacts or secret texts in the clear: those stand in sealed_texts.

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The journal names no one. txid is always 0 here: there is one writer.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    txid INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX journal_order ON journal (txid, seq);

-- What a consumer may read. One writer at a time: whatever can be seen is settled.
CREATE VIEW journal_settled AS
    SELECT seq, txid, at, kind, payload FROM journal;

CREATE TABLE consumers (
    name TEXT NOT NULL PRIMARY KEY,
    txid INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT
) STRICT;
CREATE INDEX jobs_due ON jobs (run_at);

-- Hash-chained, append-only: looks at identity, changes of configuration and rights, incident timelines.
CREATE TABLE chains (
    stream TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE chained_events (
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (stream, position)
) STRICT;

CREATE TABLE services (
    code TEXT NOT NULL PRIMARY KEY,
    sort INTEGER NOT NULL,
    active INTEGER NOT NULL,
    definition TEXT NOT NULL
) STRICT;

CREATE TABLE areas (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_name TEXT,
    approximate INTEGER NOT NULL,
    lon_e7 INTEGER NOT NULL,
    lat_e7 INTEGER NOT NULL,
    outline TEXT NOT NULL
) STRICT;

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    names TEXT NOT NULL
) STRICT;

CREATE TABLE routes (
    service_code TEXT NOT NULL,
    area_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    PRIMARY KEY (service_code, area_id)
) STRICT;

CREATE TABLE roles (
    code TEXT NOT NULL PRIMARY KEY,
    names TEXT NOT NULL,
    actions TEXT NOT NULL
) STRICT;

CREATE TABLE positions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    names TEXT NOT NULL,
    role TEXT NOT NULL REFERENCES roles (code),
    team_id INTEGER REFERENCES teams (id)
) STRICT;

CREATE TABLE sign_ins (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    position_id INTEGER NOT NULL REFERENCES positions (id),
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE sign_in_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    sign_in_id INTEGER NOT NULL REFERENCES sign_ins (id),
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE sign_in_cookies (
    token_hash TEXT NOT NULL PRIMARY KEY,
    sign_in_id INTEGER NOT NULL REFERENCES sign_ins (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    service_code TEXT NOT NULL,
    area_id INTEGER,
    lon_e7 INTEGER,
    lat_e7 INTEGER,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE INDEX incidents_open ON incidents (state, priority);

-- Words on a timeline entry; the entry itself carries ids only. About secret reports they stand in sealed_texts.
CREATE TABLE incident_notes (
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (stream, position)
) STRICT;

CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    foreign_number TEXT UNIQUE,
    service_code TEXT NOT NULL,
    state TEXT NOT NULL,
    visibility TEXT NOT NULL,
    anonymous INTEGER NOT NULL,
    person_id TEXT,
    channel TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    assigned_at INTEGER,
    resolved_at INTEGER,
    verify_due_at INTEGER NOT NULL,
    follow_up_due_at INTEGER,
    answer_due_at INTEGER,
    expected_at INTEGER NOT NULL,
    -- The deadline that runs now, for the desk's order; NULL when nobody is waited for.
    due_at INTEGER,
    round INTEGER NOT NULL,
    team_id INTEGER REFERENCES teams (id),
    incident_id INTEGER REFERENCES incidents (id),
    duplicate_of INTEGER,
    area_id INTEGER REFERENCES areas (id),
    lon_e7 INTEGER,
    lat_e7 INTEGER,
    place TEXT,
    description TEXT,
    status_notes TEXT,
    joined INTEGER NOT NULL
) STRICT;
CREATE INDEX reports_received ON reports (received_at, id);
CREATE INDEX reports_updated ON reports (updated_at, id);
CREATE INDEX reports_due ON reports (state, visibility, due_at);
-- For the public list and its count.
CREATE INDEX reports_visible ON reports (visibility, received_at, id);
CREATE INDEX reports_service ON reports (service_code, received_at);
CREATE INDEX reports_area ON reports (area_id, received_at);
-- Holds all that the map asks for, so that the rows themselves need not be read.
CREATE INDEX reports_place ON reports (lat_e7, lon_e7, visibility, state, id);
CREATE INDEX reports_incident ON reports (incident_id);

-- What the city said, and when; the public history of a report.
CREATE TABLE report_updates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id INTEGER NOT NULL REFERENCES reports (id),
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- The team that had it then.
    team_id INTEGER REFERENCES teams (id),
    words TEXT
) STRICT;
CREATE INDEX report_updates_report ON report_updates (report_id, id);
CREATE INDEX report_updates_at ON report_updates (at, id);

-- Answers to the questions of a service (Open311 attributes); of public reports only.
CREATE TABLE report_attributes (
    report_id INTEGER NOT NULL REFERENCES reports (id),
    code TEXT NOT NULL,
    ord INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (report_id, code, ord)
) STRICT;

-- Forms that were sent: the same one sent again, over a weak network, is the same report.
CREATE TABLE drafts (
    draft_hash TEXT NOT NULL PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES reports (id),
    sent_at INTEGER NOT NULL
) STRICT;

-- Encrypted under the key of one person, which lives in another database.
CREATE TABLE sealed_texts (
    report_id INTEGER NOT NULL REFERENCES reports (id),
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ciphertext BLOB NOT NULL,
    PRIMARY KEY (report_id, kind)
) STRICT;

CREATE TABLE photos (
    id TEXT NOT NULL PRIMARY KEY,
    report_id INTEGER REFERENCES reports (id),
    kind TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    person_id TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX photos_report ON photos (report_id);

CREATE TABLE ratings (
    report_id INTEGER NOT NULL PRIMARY KEY REFERENCES reports (id),
    round INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    stars INTEGER,
    words TEXT,
    rated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE assignments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    incident_id INTEGER REFERENCES incidents (id),
    report_id INTEGER REFERENCES reports (id),
    state TEXT NOT NULL,
    dispatched_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    on_scene_at INTEGER,
    cleared_at INTEGER
) STRICT;
CREATE INDEX assignments_team ON assignments (team_id, state);
CREATE INDEX assignments_incident ON assignments (incident_id);
CREATE INDEX assignments_report ON assignments (report_id);

-- Kept by the consumer `measures`; can be rebuilt from reports. area_id 0 = none, on_time -1 = not yet.
CREATE TABLE measure_counts (
    day TEXT NOT NULL,
    service_code TEXT NOT NULL,
    area_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    on_time INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, service_code, area_id, state, on_time)
) STRICT;
