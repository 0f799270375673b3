-- A row with deleted_at says that the attribute was taken away then; its body is one that it had before.
ALTER TABLE observations ADD COLUMN deleted_at BIGINT;
-- What has no time of its own, deletions among it, in the order of writing.
CREATE INDEX observations_unobserved ON observations (series_id, written_at) WHERE observed_at IS NULL;
