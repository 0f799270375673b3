-- The whole life of an incident: severity, clocks, units, steps of playbooks, mergers, and presses of phones that had no
-- network.

ALTER TABLE incidents ADD COLUMN severity TEXT NOT NULL DEFAULT 'unknown';
-- The incident that this one was merged into, and its state before that.
ALTER TABLE incidents ADD COLUMN merged_into INTEGER;
ALTER TABLE incidents ADD COLUMN state_before_merger TEXT;
CREATE INDEX incidents_merged ON incidents (merged_into);
CREATE INDEX incidents_opened ON incidents (opened_at, id);

-- When each clock was reached first. A merger copies the rows of the merged incident, which keep their source, so that a
-- split takes them away again.
CREATE TABLE incident_clocks (
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    source_id INTEGER NOT NULL REFERENCES incidents (id),
    clock TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (incident_id, source_id, clock)
) STRICT;
CREATE INDEX incident_clocks_at ON incident_clocks (clock, at);

INSERT INTO incident_clocks (incident_id, source_id, clock, at)
    SELECT id, id, 'made', opened_at FROM incidents
    UNION ALL SELECT id, id, 'resolved', resolved_at FROM incidents WHERE resolved_at IS NOT NULL
    UNION ALL SELECT incident_id, incident_id, 'first_signal', MIN(received_at) FROM reports
        WHERE incident_id IS NOT NULL GROUP BY incident_id
    UNION ALL SELECT incident_id, incident_id, 'dispatched', MIN(dispatched_at) FROM assignments
        WHERE incident_id IS NOT NULL GROUP BY incident_id
    UNION ALL SELECT incident_id, incident_id, 'acknowledged', MIN(acknowledged_at) FROM assignments
        WHERE incident_id IS NOT NULL AND acknowledged_at IS NOT NULL GROUP BY incident_id
    UNION ALL SELECT incident_id, incident_id, 'on_scene', MIN(on_scene_at) FROM assignments
        WHERE incident_id IS NOT NULL AND on_scene_at IS NOT NULL GROUP BY incident_id;

-- When somebody at the desk looked at a report first.
CREATE TABLE report_looks (
    report_id INTEGER NOT NULL PRIMARY KEY REFERENCES reports (id),
    at INTEGER NOT NULL
) STRICT;

-- What a merger moved, for the split that takes it back: kind is report, assignment or alarm. And, for the words that
-- are sealed with them, the reports that have left an incident: left.
CREATE TABLE incident_moves (
    merged_id INTEGER NOT NULL REFERENCES incidents (id),
    kind TEXT NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (merged_id, kind, item_id)
) STRICT;

CREATE TABLE units (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    names TEXT NOT NULL,
    kind TEXT NOT NULL,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    out_of_service INTEGER NOT NULL DEFAULT 0
) STRICT;

ALTER TABLE assignments ADD COLUMN unit_id INTEGER REFERENCES units (id);
ALTER TABLE assignments ADD COLUMN en_route_at INTEGER;
ALTER TABLE assignments ADD COLUMN transporting_at INTEGER;
ALTER TABLE assignments ADD COLUMN at_facility_at INTEGER;
-- A unit is in one place.
CREATE UNIQUE INDEX assignments_unit ON assignments (unit_id)
    WHERE unit_id IS NOT NULL AND state NOT IN ('cleared', 'withdrawn');
-- For what is going on now, and for what was done since an instant.
CREATE INDEX assignments_active ON assignments (dispatched_at, id) WHERE state NOT IN ('cleared', 'withdrawn');
CREATE INDEX assignments_cleared ON assignments (state, cleared_at);

-- The steps of a playbook that an incident was given; they stay when the playbook changes.
CREATE TABLE incident_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    playbook TEXT NOT NULL,
    code TEXT NOT NULL,
    ord INTEGER NOT NULL,
    texts TEXT NOT NULL,
    role TEXT NOT NULL,
    optional INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX incident_steps_incident ON incident_steps (incident_id, ord);
CREATE INDEX incident_steps_due ON incident_steps (state, due_at);

-- What a phone sent with a key of its own: the same press sent again gets the same answer.
CREATE TABLE crew_presses (
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    press_key TEXT NOT NULL,
    answer TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (assignment_id, press_key)
) STRICT;
CREATE INDEX crew_presses_received ON crew_presses (received_at);

-- Words on a timeline stay where they were written when the report that they are sealed with goes to another incident.
UPDATE sealed_texts SET kind = 'incident_note:'
        || (SELECT r.incident_id FROM reports r WHERE r.id = sealed_texts.report_id) || ':' || substr(kind, 15)
    WHERE kind LIKE 'incident_note:%'
        AND report_id IN (SELECT r.id FROM reports r WHERE r.incident_id IS NOT NULL);
