-- A line of a list or of a search is read from indexes alone: each hit used to cost a
-- leaf and a row of registrations and of people, four pages nobody else had asked for.
-- All that is shown stands in the leaf, with what row security asks of it.
--
-- An index entry holds 2,704 bytes, so the texts in it are bounded by the database too.
-- Every form bounds them; an imported ledger did not. What is longer goes to the note of
-- the registration, whole. The key names are ordered by reads 64 characters already.

-- +goose Up
update registration r
set note = concat_ws(E'\n', nullif(r.note, ''), case when char_length(p.name) > 64 then p.name end, case when char_length(r.township) > 60 then r.township end,
    case when char_length(r.village) > 60 then r.village end),
  township = left(r.township, 60), village = left(r.village, 60), version = r.version + 1
from person p
where p.partnership_id = r.partnership_id and p.id = r.person_id
  and (char_length(p.name) > 64 or char_length(r.township) > 60 or char_length(r.village) > 60);
update person set name = left(name, 64), version = version + 1 where char_length(name) > 64;
alter table person add constraint person_name_length check (char_length(name) <= 64);
alter table registration add constraint registration_place_length check (char_length(township) <= 60 and char_length(village) <= 60);
create index person_line on person (partnership_id, id) include (name, name_key, sex, birth_on, visible_to);
create index registration_line on registration (partnership_id, id)
  include (person_id, hospital_id, phone_last4, township, village, slip_code, registered_on, live, visible_to);
