-- Pictures, re-encoded and without EXIF; those of secret reports are sealed under the person's key.
CREATE TABLE pictures (
    id TEXT NOT NULL,
    size TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (id, size)
) STRICT;
