-- Rules, what they remember, and the alarms that they raise.

CREATE TABLE rules (
    code TEXT NOT NULL PRIMARY KEY,
    sort INTEGER NOT NULL,
    rule TEXT NOT NULL
) STRICT;

-- What is not normal; moved in the transaction that moves the consumer.
CREATE TABLE rule_watches (
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    watch TEXT NOT NULL,
    PRIMARY KEY (rule, subject)
) STRICT;

CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    holds INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    entity TEXT,
    area_id INTEGER,
    lon_e7 INTEGER,
    lat_e7 INTEGER,
    value TEXT,
    raised_at INTEGER NOT NULL,
    noticed_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    returned_at INTEGER,
    ended_at INTEGER,
    shelved_until INTEGER,
    shelved_reason TEXT,
    incident_id INTEGER,
    times INTEGER NOT NULL
) STRICT;
-- One cause, one open alarm.
CREATE UNIQUE INDEX alarms_open ON alarms (cause) WHERE ended_at IS NULL;
CREATE INDEX alarms_wanted ON alarms (priority, noticed_at) WHERE ended_at IS NULL;
CREATE INDEX alarms_incident ON alarms (incident_id);
CREATE INDEX alarms_noticed ON alarms (noticed_at);
