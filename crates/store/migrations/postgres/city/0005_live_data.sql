-- Live data goes into the journal first (kind 'entities'), one row for all that was written together.

-- A consumer reads the changes of cases or those of live data, and holds back only what it reads.
ALTER TABLE consumers ADD COLUMN follows TEXT NOT NULL DEFAULT 'cases';

CREATE INDEX journal_cases ON journal (txid, seq) WHERE kind <> 'entities';
CREATE INDEX journal_live ON journal (txid, seq) WHERE kind = 'entities';
