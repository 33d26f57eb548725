-- Registrations whose import was undone kept their search terms; a search reads so
-- many terms and no more, and theirs stood before those of people who are there.

-- +goose Up
delete from registration_term t using registration r where r.partnership_id = t.partnership_id and r.id = t.registration_id and not r.live;
