-- The operation record as two clinicians sign it: one writes, a second validates
-- and locks; what was changed stays readable, old beside new.

-- +goose Up
alter table procedure add column entered_by uuid;   -- who wrote what stands there now; empty: who logged it
alter table procedure add column validated_by uuid; -- the second clinician; set is locked
alter table procedure add column validated_at timestamptz;
alter table procedure add constraint procedure_two_clinicians
  check ((validated_by is null) = (validated_at is null) and (validated_by is null or validated_by <> coalesce(entered_by, created_by)));
grant update (entered_by, validated_by, validated_at) on procedure to shanhai_app;

create table procedure_change (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  team uuid[] not null,
  action text not null check (action in ('corrected', 'validated', 'unlocked')),
  -- The record before and after a correction; empty objects otherwise.
  before jsonb not null,
  after jsonb not null,
  reason text not null default '',
  changed_at timestamptz not null,
  changed_by uuid not null,
  primary key (partnership_id, id)
);
create index procedure_change_of on procedure_change (partnership_id, procedure_id, changed_at, id);
select app_shard('procedure_change', 'distributed');
alter table procedure_change add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
select app_grant('procedure_change', 'append');
select app_protect('procedure_change', 'team');
create trigger procedure_change_append_only before update of before, after, action, changed_by, changed_at or delete on procedure_change
  for each row execute function refuse_change();
