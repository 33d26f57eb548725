-- A line of a list or of a search is read from indexes alone: each hit used to cost a
-- leaf and a row of three large tables, six pages nobody else had asked for. All that
-- is shown stands in the leaf, with what row security asks of it. Texts are short by
-- their own rules, so an entry stays far below what an index holds.

-- +goose Up
create index person_line on person (partnership_id, id) include (name, name_key, sex, birth_on, visible_to);
create index registration_line on registration (partnership_id, id)
  include (person_id, hospital_id, phone_last4, township, village, slip_code, registered_on, live, visible_to);
drop index person_document_person;
create index person_document_person on person_document (partnership_id, person_id) include (kind, last4, verified, created_at, visible_to);
