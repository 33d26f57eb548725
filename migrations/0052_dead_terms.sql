-- Registrations whose import was undone kept their search terms; a search reads so
-- many terms and no more, and theirs stood before those of people who are there.

-- +goose Up
delete from registration_term t using registration r where r.partnership_id = t.partnership_id and r.id = t.registration_id and not r.live;

-- What a process of the version before wrote after the terms had become fewer: a whole
-- name instead of its first character, and keys that are kept elsewhere.
insert into registration_term (partnership_id, hospital_id, term, registration_id)
  select t.partnership_id, t.hospital_id, 'n:' || substr(t.term, 3, 1), t.registration_id from registration_term t
  where t.term >= 'n:' and t.term < 'n;' and length(t.term) > 3 and substr(t.term, 3, 1) !~ '[[:ascii:]]'
  on conflict do nothing;
delete from registration_term t where t.term >= 'n:' and t.term < 'n;' and (length(t.term) > 3 or substr(t.term, 3, 1) ~ '[[:ascii:]]')
  or t.term >= 'k:d:' and t.term < 'k:d;' or t.term >= 'k:t:' and t.term < 'k:t;';
