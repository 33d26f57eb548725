-- The document a list or a search shows beside a name is read from the index alone: the
-- row was one more page for each line that nobody else had asked for.

-- +goose Up
drop index person_document_person;
create index person_document_person on person_document (partnership_id, person_id) include (kind, last4, verified, created_at, visible_to);
