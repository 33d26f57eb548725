-- The terms of a registration are by far the largest table, and every row costs two
-- random pages of an index. What is kept twice goes, and so does the index for those
-- who look wide: they ask one hospital after the other.

-- +goose Up
drop index registration_term_wide;

-- A name is found by its first character, its pairs and its spelling; the whole name
-- was only ever asked for by its first character.
create temporary table first_character on commit drop as
  select distinct t.partnership_id, t.hospital_id, 'n:' || substr(t.term, 3, 1) as term, t.registration_id from registration_term t
  where t.term >= 'n:' and t.term < 'n;' and substr(t.term, 3, 1) !~ '[[:ascii:]]';
-- The duplicate keys of the number and of the telephone are the document's digest and
-- the search term of the telephone.
delete from registration_term t where t.term >= 'n:' and t.term < 'n;' or t.term >= 'k:d:' and t.term < 'k:d;' or t.term >= 'k:t:' and t.term < 'k:t;';
insert into registration_term (partnership_id, hospital_id, term, registration_id) select f.partnership_id, f.hospital_id, f.term, f.registration_id from first_character f;
