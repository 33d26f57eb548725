-- The visiting programme: licences that run out, what a doctor may do where and
-- until when, missions with their lists and handovers, teaching, meetings, and
-- the ladder on which local doctors learn an operation.

-- +goose Up

alter table practitioner add column licence_expires_on date;
grant update (licence_expires_on) on practitioner to shanhai_app;
create index practitioner_licence on practitioner (home_organisation_id, licence_expires_on, id) where licence_expires_on is not null;

-- When a doctor is bound, and where. It has no partnership: a doctor is in one
-- place at a time whichever programme asked. It says nothing about patients.
create table theatre_time (
  id uuid primary key,
  practitioner_id uuid not null references practitioner (id),
  organisation_id uuid not null references organisation (id),
  source_id uuid not null, -- the place in a roster, or the planned case
  from_at timestamptz not null,
  to_at timestamptz not null check (to_at > from_at),
  exact boolean not null, -- the hours of one case; otherwise the days of a stay
  live boolean not null default true,
  created_at timestamptz not null
);
create unique index theatre_time_source on theatre_time (source_id);
create index theatre_time_doctor on theatre_time (practitioner_id, from_at) where live;
select app_shard('theatre_time', 'reference');
select app_grant('theatre_time', 'write');

create table privilege (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  hospital_id uuid not null references organisation (id),
  kind text not null,
  from_on date not null,
  to_on date not null check (to_on >= from_on),
  basis text not null default '', -- the paper that granted it
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index privilege_list on privilege (partnership_id, hospital_id, from_on desc, id desc);
create index privilege_of on privilege (partnership_id, hospital_id, practitioner_id, from_on);

-- An operation outside of a privilege has happened and is on record; this row
-- waits for the second signature.
create table privilege_exception (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  team uuid[] not null,
  practitioner_id uuid not null, -- the lead of the operation
  kind text not null,
  operated_on date not null,
  finding text not null,
  window_from date, -- the privilege nearest to the day
  window_to date,
  reason text not null,
  state text not null check (state in ('open', 'accepted', 'objected', 'void')),
  note text not null default '',
  entered_by uuid not null,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint privilege_exception_two_persons check (decided_by is null or decided_by <> entered_by)
);
create unique index privilege_exception_once on privilege_exception (partnership_id, procedure_id);
create index privilege_exception_list on privilege_exception (partnership_id, hospital_id, state, created_at desc, id desc);

create table visit (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  title text not null,
  from_on date not null,
  to_on date not null check (to_on >= from_on),
  state text not null check (state in ('planned', 'closed', 'cancelled')),
  reason text not null default '', -- why it was cancelled
  note text not null default '',
  closed_by uuid,
  closed_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index visit_list on visit (partnership_id, hospital_id, from_on desc, id desc);

create table visit_member (
  partnership_id uuid not null,
  id uuid not null,
  visit_id uuid not null,
  hospital_id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  duty text not null,
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index visit_member_once on visit_member (partnership_id, visit_id, practitioner_id) where live;

create table visit_day (
  partnership_id uuid not null,
  visit_id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  on_date date not null,
  hospital_id uuid not null,
  part text not null check (part in ('full', 'half', 'travel', 'none')),
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, visit_id, practitioner_id, on_date)
);

create table visit_case (
  partnership_id uuid not null,
  id uuid not null,
  visit_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  kind text not null,
  side text not null check (side in ('L', 'R', '')),
  surgeon_id uuid references practitioner (id),
  planned_on date not null,
  starts_at int, -- minutes after midnight
  minutes int,
  state text not null check (state in ('planned', 'cancelled')),
  reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  check ((starts_at is null) = (minutes is null)),
  check (starts_at between 0 and 1439),
  check (minutes between 1 and 1440)
);
comment on table visit_case is 'partners never: a mission is its hospital''s';
create index visit_case_of on visit_case (partnership_id, visit_id, planned_on, id);

-- Who of the hospital's own doctors looks after a patient once the visitors left.
create table visit_handover (
  partnership_id uuid not null,
  id uuid not null,
  visit_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  owner_id uuid not null references practitioner (id),
  handed_on date not null,
  note text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
comment on table visit_handover is 'partners never: a mission is its hospital''s';
create unique index visit_handover_once on visit_handover (partnership_id, visit_id, case_id);

create table visit_supply (
  partnership_id uuid not null,
  id uuid not null,
  visit_id uuid not null,
  hospital_id uuid not null,
  name text not null,
  quantity int not null check (quantity > 0),
  unit text not null,
  source text not null,
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index visit_supply_of on visit_supply (partnership_id, visit_id, created_at, id);

create table teaching (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  visit_id uuid,
  kind text not null,
  topic text not null,
  on_date date not null,
  minutes int not null check (minutes > 0),
  teacher_id uuid not null references practitioner (id),
  others int not null default 0 check (others >= 0), -- who came and is no doctor on record
  note text not null default '',
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index teaching_list on teaching (partnership_id, hospital_id, on_date desc, id desc) where live;
create index teaching_visit on teaching (partnership_id, visit_id, on_date) where live;

create table teaching_attendee (
  partnership_id uuid not null,
  teaching_id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  hospital_id uuid not null,
  live boolean not null default true,
  primary key (partnership_id, teaching_id, practitioner_id)
);

-- Joint meetings and exchange visits concern the whole partnership.
create table meeting (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  kind text not null,
  topic text not null,
  on_date date not null,
  place text not null,
  attendees int not null check (attendees >= 0),
  minutes text not null default '',
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index meeting_list on meeting (partnership_id, on_date desc, id desc) where live;

create table meeting_task (
  partnership_id uuid not null,
  id uuid not null,
  meeting_id uuid not null,
  task text not null,
  responsible text not null,
  due_on date not null,
  done_on date,
  outcome text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index meeting_task_of on meeting_task (partnership_id, meeting_id, due_on, id);

-- How many supervised operations the promotion to independent needs.
create table skill_rule (
  partnership_id uuid not null references partnership (id),
  kind text not null,
  needed int not null check (needed > 0),
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, kind)
);

-- Who watched an operation. Watching does not put anybody into the team: it
-- opens no record.
create table skill_observation (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  practitioner_id uuid not null,
  operated_on date not null,
  kind text not null,
  visitor boolean not null, -- a visitor stood at the table
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create unique index skill_observation_once on skill_observation (partnership_id, procedure_id, practitioner_id);
create index skill_observation_of on skill_observation (partnership_id, practitioner_id, operated_on desc);

create table skill_signoff (
  partnership_id uuid not null,
  id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  hospital_id uuid not null references organisation (id),
  kind text not null,
  needed int not null,
  counted int not null,
  note text not null default '',
  signed_by uuid not null,
  signed_on date not null,
  live boolean not null default true,
  revoked_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  check (counted >= needed)
);
create unique index skill_signoff_once on skill_signoff (partnership_id, hospital_id, practitioner_id, kind) where live;

-- The ladder counts what a doctor did as the assistant as well.
create index procedure_assistant on procedure (partnership_id, assistant_id, operated_on desc, id desc) where assistant_id is not null;

select app_shard(t, 'distributed') from unnest(array['privilege', 'privilege_exception', 'visit', 'visit_member', 'visit_day', 'visit_case', 'visit_handover',
  'visit_supply', 'teaching', 'teaching_attendee', 'meeting', 'meeting_task', 'skill_rule', 'skill_observation', 'skill_signoff']::regclass[]) t;

alter table privilege_exception add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
alter table visit_member add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table visit_day add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table visit_case add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table visit_case add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
alter table visit_handover add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table visit_handover add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
alter table visit_supply add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table teaching add foreign key (partnership_id, visit_id) references visit (partnership_id, id);
alter table teaching_attendee add foreign key (partnership_id, teaching_id) references teaching (partnership_id, id);
alter table meeting_task add foreign key (partnership_id, meeting_id) references meeting (partnership_id, id);
alter table skill_observation add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);

select app_grant(t, 'write') from unnest(array['privilege', 'privilege_exception', 'visit', 'visit_member', 'visit_day', 'visit_case', 'visit_handover',
  'visit_supply', 'teaching', 'teaching_attendee', 'meeting', 'meeting_task', 'skill_rule', 'skill_signoff']::regclass[]) t;
select app_grant('skill_observation', 'append');

select app_protect(t, 'hospital') from unnest(array['privilege', 'visit', 'visit_member', 'visit_day', 'visit_supply', 'teaching', 'teaching_attendee', 'skill_signoff']::regclass[]) t;
select app_protect('privilege_exception', 'team');
select app_protect(t, 'visible') from unnest(array['visit_case', 'visit_handover', 'skill_observation']::regclass[]) t;
select app_protect(t, 'partnership') from unnest(array['meeting', 'meeting_task', 'skill_rule']::regclass[]) t;
create trigger skill_observation_append_only before update of procedure_id, practitioner_id, kind, operated_on or delete on skill_observation
  for each row execute function refuse_change();
