-- Further documents of a message that was there: the same sender, identifier and time in another language. Their parts stand
-- in the message; these are the bytes as they came.
CREATE TABLE alert_documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    carrier TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    document BLOB NOT NULL,
    UNIQUE (alert_id, sha256)
) STRICT;
