-- Links that show the wall and nothing else.

CREATE TABLE walls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    seat_cm INTEGER NOT NULL,
    pitch_um INTEGER NOT NULL,
    theme TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
