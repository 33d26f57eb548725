-- Follow-up windows as dated data of a partnership, what a contact with a lost
-- patient took up again, and planned operations that can be moved.

-- +goose Up

-- The windows of one group of operations, for operations from a day on. Every
-- change is a row; without one, what domain/followup ships counts. The id follows
-- from group and version, so that two changes of one version meet.
create table followup_rule (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  grp text not null,
  version int not null check (version > 0),
  from_on date not null,
  note text not null,
  windows jsonb not null, -- step, due, from, to in days after the operation
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index followup_rule_latest on followup_rule (partnership_id, grp, version desc);
select app_shard('followup_rule', 'distributed');
select app_grant('followup_rule', 'append');
select app_protect('followup_rule', 'partnership');
create trigger followup_rule_append_only before update or delete on followup_rule for each row execute function refuse_change();

-- By which edition an appointment was made; empty and 0: what the house ships.
alter table followup add column grp text not null default '';
alter table followup add column edition int not null default 0 check (edition >= 0);
-- The contact by which a lost patient was found again, and the loss it ended: a
-- withdrawn contact puts it back.
alter table followup add column found_by uuid;
alter table followup add column lost_reason text not null default '';
alter table followup add column lost_note text not null default '';
alter table followup add column lost_on date;
alter table followup add constraint followup_found check (found_by is null or lost_reason <> '' and lost_on is not null);
alter table followup add foreign key (partnership_id, found_by) references followup_contact (partnership_id, id);
create index followup_found_by on followup (partnership_id, found_by) where found_by is not null;
grant update (grp, edition, found_by, lost_reason, lost_note, lost_on) on followup to shanhai_app;

-- The place of a planned operation in the list of its day, and what to bear in
-- mind.
alter table visit_case add column place int check (place between 1 and 99);
alter table visit_case add column note text not null default '';
grant update (place, note) on visit_case to shanhai_app;
