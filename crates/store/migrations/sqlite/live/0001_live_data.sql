-- What sensors and other systems said, behind the journal of the city. All of it can be made again from the journal's
-- rows after the position in `flushed`.

CREATE TABLE flushed (
    id INTEGER NOT NULL PRIMARY KEY,
    txid INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO flushed (id, txid, seq) VALUES (0, 0, 0);

-- document: JSON of an entity as it was at that position, or later.
CREATE TABLE entities (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

-- Every entity that has a history, whether it still lives or not. types, scopes: JSON arrays.
CREATE TABLE history_entities (
    id TEXT NOT NULL PRIMARY KEY,
    types TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

-- One attribute instance of one entity through time. dataset '' is the default instance.
CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity TEXT NOT NULL,
    attribute TEXT NOT NULL,
    dataset TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX series_name ON series (entity, attribute, dataset);

-- body: JSON of an attribute. Times are microseconds; instance is NULL when the id of the row names it.
CREATE TABLE observations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series_id INTEGER NOT NULL,
    observed_at INTEGER,
    written_at INTEGER NOT NULL,
    instance TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX observations_time ON observations (series_id, observed_at);
