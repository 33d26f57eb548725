-- What is kept in a browser without a network, carried on: the photos of a
-- screening follow who was screened into the papers of the patient, operations
-- are kept beside screenings, and somebody's unsent work is opened by two
-- persons.

-- +goose Up

-- The photo of a screening an attachment was taken over from; once each.
alter table attachment add column source_id uuid;
alter table attachment add foreign key (partnership_id, source_id) references attachment (partnership_id, id);
create unique index attachment_source on attachment (partnership_id, source_id) where source_id is not null;
insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type, size_bytes, digest, rotation, created_at, created_by, source_id)
  select a.partnership_id, gen_random_uuid(), r.hospital_id, r.visible_to, 'registration', r.id, a.kind, a.file_name, a.media_type, a.size_bytes, a.digest, a.rotation,
    a.created_at, a.created_by, a.id
  from attachment a join screening s on s.partnership_id = a.partnership_id and s.id = a.owner_id
  join registration r on r.partnership_id = s.partnership_id and r.id = s.registration_id
  where a.owner_kind = 'screening' and a.replaced_by is null;

-- The keyed digest of an operation as a browser sent it: the same content again
-- is a repetition, whatever was corrected meanwhile, and another one is not.
alter table procedure add column received bytea;
create index visit_case_day on visit_case (partnership_id, hospital_id, planned_on, place, id) where state = 'planned';

-- Nobody opens alone what twenty families said. What was opened before the rule
-- stays as it was.
alter table outreach_recovery add constraint outreach_recovery_two check (done_by <> created_by) not valid;

select app_grant(t, 'write') from unnest(array['attachment', 'procedure']::regclass[]) t;
