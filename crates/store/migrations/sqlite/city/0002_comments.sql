-- What the reporter's side said later, through another system; the line of the history it belongs to is in
-- report_updates. The words of a secret report stand in sealed_texts.
CREATE TABLE report_comments (
    update_id INTEGER NOT NULL PRIMARY KEY REFERENCES report_updates (id),
    api_key_id INTEGER NOT NULL REFERENCES api_keys (id),
    -- What the sender calls it: the same one sent again is the same comment.
    sender_ref TEXT NOT NULL,
    claim TEXT NOT NULL,
    words TEXT,
    UNIQUE (api_key_id, sender_ref)
) STRICT;
