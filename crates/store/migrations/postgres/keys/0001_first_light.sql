-- One wrapped key per person. Erasing a row erases the person, from older backups of the city too.
CREATE TABLE person_keys (
    person_id TEXT NOT NULL PRIMARY KEY,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
