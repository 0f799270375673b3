-- Who wants to know when entities change. document: the subscription with expanded names; context: JSON of the
-- `@context` it came with.
CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    context TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    times_sent INTEGER NOT NULL,
    times_failed INTEGER NOT NULL,
    last_notification INTEGER,
    last_success INTEGER,
    last_failure INTEGER
) STRICT;

-- What is still to be told. A row goes when the other side has taken it, or has had its last chance.
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notifications_order ON notifications (subscription, id);
