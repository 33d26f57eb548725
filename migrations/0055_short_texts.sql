-- A line of a list or of a search is read from indexes alone: each hit used to cost a
-- leaf and a row of registrations and of people, four pages nobody else had asked for.
-- All that is shown stands in the leaf, with what row security asks of it.
--
-- An index entry holds 2,704 bytes, so the texts in it are bounded by the database too,
-- and so are names of hospitals, which an alias keeps in its key. Every form bounds them;
-- an imported ledger did not. What is longer goes to the note of the registration, whole,
-- and a hospital's name among its former ones. The key names are ordered by reads 64
-- characters already.

-- +goose Up
lock table person, registration, organisation in share row exclusive mode; -- readers go on; a process of the version before writes nothing between
update registration r
set note = concat_ws(E'\n', nullif(r.note, ''), case when char_length(p.name) > 64 then p.name end, case when char_length(r.address) > 200 then r.address end,
    case when char_length(r.township) > 60 then r.township end, case when char_length(r.village) > 60 then r.village end),
  address = rtrim(left(r.address, 200)), township = rtrim(left(r.township, 60)), village = rtrim(left(r.village, 60)), version = r.version + 1
from person p
where p.partnership_id = r.partnership_id and p.id = r.person_id
  and (char_length(p.name) > 64 or char_length(r.address) > 200 or char_length(r.township) > 60 or char_length(r.village) > 60);
update person set name = rtrim(left(name, 64)), version = version + 1 where char_length(name) > 64;
insert into organisation_name (id, organisation_id, name, short_name, until_at, created_by)
  select gen_random_uuid(), id, name, short_name, created_at, '00000000-0000-0000-0000-000000000000' from organisation where char_length(name) > 80;
update organisation set name = rtrim(left(name, 80)), version = version + 1 where char_length(name) > 80;
create index person_line on person (partnership_id, id) include (name, name_key, sex, birth_on, visible_to);
create index registration_line on registration (partnership_id, id)
  include (person_id, hospital_id, phone_last4, township, village, slip_code, registered_on, live, visible_to);
alter table person add constraint person_name_length check (char_length(name) <= 64);
alter table registration add constraint registration_length check (char_length(address) <= 200 and char_length(township) <= 60 and char_length(village) <= 60);
alter table organisation add constraint organisation_name_length check (char_length(name) <= 80);
