-- What happens at the end of things: a stay of a doctor that began earlier than
-- was written down.

-- +goose Up
-- From when the posting was said to begin before, and why it was made to begin
-- earlier afterwards.
alter table posting add column backdated_from date;
alter table posting add column backdated_reason text not null default '';
alter table posting add constraint posting_backdated check (backdated_from is null or (backdated_from > from_on and backdated_reason <> ''));
grant update (backdated_from, backdated_reason) on posting to shanhai_app;

-- The end of a partnership: one person of the office asks for it, another
-- confirms; from then on it can be read only, and after it was archived by its
-- auditors only.
alter table partnership add column closing_on date;
alter table partnership add column closing_by uuid;
alter table partnership add column closing_reason text not null default '';
alter table partnership add column closed_on date;
alter table partnership add column closed_by uuid;
alter table partnership add column archived_on date;
alter table partnership add constraint partnership_two_persons check (closed_by <> closing_by);
alter table partnership add constraint partnership_ending check ((closed_on is null or closing_on is not null) and (archived_on is null or closed_on is not null)
  and (closing_on is null) = (closing_by is null) and (closed_on is null) = (closed_by is null));
grant update (closing_on, closing_by, closing_reason, closed_on, closed_by, archived_on) on partnership to shanhai_app;

-- What an organisation was called before: papers of that time keep the name.
create table organisation_name (
  id uuid primary key,
  organisation_id uuid not null references organisation (id),
  name text not null,
  short_name text not null,
  until_at timestamptz not null,
  created_by uuid not null
);
create index organisation_name_of on organisation_name (organisation_id, until_at);
select app_shard('organisation_name', 'reference');
select app_grant('organisation_name', 'append');
