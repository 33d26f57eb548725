-- The public notice of reductions with the objections to it, the board of what
-- does not look right, and what a cataract reduction rests on.

-- +goose Up

-- Whether the patient agreed to be named in a notice. It changes no reduction.
alter table approval add column publication text not null default '' check (publication in ('', 'given', 'refused', 'revoked'));
alter table approval add column eye text not null default '' check (eye in ('', 'L', 'R')); -- of a cataract reduction
grant update (publication) on approval to shanhai_app;
create index approval_decided on approval (partnership_id, decided_at, id) where state = 'approved';
alter table acuity_reading add column withdrawn_at timestamptz;
grant update (withdrawn_at) on acuity_reading to shanhai_app;
create index acuity_reading_withdrawn on acuity_reading (partnership_id, case_id) where not live;

-- Bands and the place to object; every change is a row and the latest counts.
create table notice_rule (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  version int not null,
  bands bigint[] not null,
  office text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index notice_rule_latest on notice_rule (partnership_id, version desc);

create table notice (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  title text not null,
  from_on date not null,
  to_on date not null check (to_on >= from_on),
  state text not null check (state in ('draft', 'published', 'closed', 'discarded')),
  -- The numbers it was drawn up by; later changes of the rules do not touch it.
  cell int not null check (cell >= 1),
  days int not null check (days >= 1),
  bands bigint[] not null,
  district text not null,
  office text not null default '',
  left_out jsonb not null, -- how many are not in it, by reason
  published_on date,
  until_on date,
  published_by uuid,
  closed_on date,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint notice_two_persons check (published_by is null or published_by <> created_by)
);
create index notice_list on notice (partnership_id, created_at desc, id desc);
create index notice_public on notice (partnership_id, until_on desc, id desc) where state = 'published';

-- Nothing here is more than the notice says, except who it is: the application
-- and the person are for the office only.
create table notice_entry (
  partnership_id uuid not null,
  id uuid not null,
  notice_id uuid not null,
  no int not null check (no >= 1),
  approval_id uuid not null,
  person_id uuid not null,
  masked text not null,
  township text not null, -- shown only while its cell is large enough
  programme text not null,
  band int not null check (band >= 0),
  live boolean not null default true,
  withdrawn_at timestamptz,
  withdrawn_by uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index notice_entry_no on notice_entry (partnership_id, notice_id, no);
create unique index notice_entry_once on notice_entry (partnership_id, approval_id) where live;

create table notice_objection (
  partnership_id uuid not null,
  id uuid not null,
  notice_id uuid not null,
  entry_id uuid,    -- empty: against the notice as a whole
  approval_id uuid,
  receipt text collate "C" not null, -- read out by telephone
  channel text not null check (channel in ('public', 'staff')),
  name_sealed bytea,
  contact_sealed bytea,
  contact_last4 text not null default '',
  body text not null,
  state text not null check (state in ('received', 'upheld', 'dismissed')),
  due_on date not null,
  opinion text not null default '',
  answered_by uuid,
  answered_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null, -- the system for the public
  version int not null default 1,
  primary key (partnership_id, id),
  constraint objection_other_person check (answered_by is null or answered_by <> created_by)
);
create unique index notice_objection_receipt on notice_objection (partnership_id, receipt);
create index notice_objection_work on notice_objection (partnership_id, due_on, id) where state = 'received';
create index notice_objection_list on notice_objection (partnership_id, created_at desc, id desc);
create index notice_objection_notice on notice_objection (partnership_id, notice_id, created_at, id);
create index notice_objection_approval on notice_objection (partnership_id, approval_id, created_at, id) where approval_id is not null;

-- Limits of the checks and the numbers of elderly people; the latest counts.
create table plausibility_rule (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  version int not null,
  limits jsonb not null,
  populations jsonb not null,
  source text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index plausibility_rule_latest on plausibility_rule (partnership_id, version desc);

create table plausibility_run (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  ran_at timestamptz not null,
  ran_on date not null,
  found int not null check (found >= 0),
  silent jsonb not null, -- checks that did not look, and why
  ran_by uuid not null,
  primary key (partnership_id, id)
);
create index plausibility_run_latest on plausibility_run (partnership_id, ran_at desc, id desc);

create table plausibility_alert (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  check_name text not null,
  check_version int not null,
  subject text not null,
  args jsonb not null,     -- what the sentence about it says
  evidence jsonb not null, -- ids, days and numbers; never a name or a telephone number
  digest text not null,    -- of the evidence: a verdict stands while it is the same
  state text not null check (state in ('open', 'closed')),
  verdict text not null default '' check (verdict in ('', 'confirmed', 'explained', 'false_alarm')),
  recovery boolean not null default false, -- referred to recovery
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index plausibility_alert_once on plausibility_alert (partnership_id, check_name, subject);
create index plausibility_alert_list on plausibility_alert (partnership_id, state, first_seen desc, id desc);
create index plausibility_alert_check on plausibility_alert (partnership_id, check_name, state, first_seen desc, id desc);

create table plausibility_verdict (
  partnership_id uuid not null,
  id uuid not null,
  alert_id uuid not null,
  verdict text not null check (verdict in ('confirmed', 'explained', 'false_alarm')),
  reason text not null check (reason <> ''),
  recovery boolean not null,
  digest text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index plausibility_verdict_alert on plausibility_verdict (partnership_id, alert_id, created_at, id);

select app_shard(t, 'distributed') from unnest(array['notice_rule', 'notice', 'notice_entry', 'notice_objection', 'plausibility_rule', 'plausibility_run',
  'plausibility_alert', 'plausibility_verdict']::regclass[]) t;
alter table notice_entry add foreign key (partnership_id, notice_id) references notice (partnership_id, id);
alter table notice_entry add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
alter table notice_entry add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table notice_objection add foreign key (partnership_id, notice_id) references notice (partnership_id, id);
alter table notice_objection add foreign key (partnership_id, entry_id) references notice_entry (partnership_id, id);
alter table notice_objection add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
alter table plausibility_verdict add foreign key (partnership_id, alert_id) references plausibility_alert (partnership_id, id);
select app_grant(t, 'write') from unnest(array['notice', 'notice_entry', 'notice_objection', 'plausibility_alert']::regclass[]) t;
select app_grant(t, 'append') from unnest(array['notice_rule', 'plausibility_rule', 'plausibility_run', 'plausibility_verdict']::regclass[]) t;
select app_protect(t, 'partnership') from unnest(array['notice_rule', 'notice', 'notice_entry', 'notice_objection', 'plausibility_rule', 'plausibility_run',
  'plausibility_alert', 'plausibility_verdict']::regclass[]) t;
create trigger notice_rule_append_only before update or delete on notice_rule for each row execute function refuse_change();
create trigger plausibility_rule_append_only before update or delete on plausibility_rule for each row execute function refuse_change();
create trigger plausibility_run_append_only before update or delete on plausibility_run for each row execute function refuse_change();
create trigger plausibility_verdict_append_only before update or delete on plausibility_verdict for each row execute function refuse_change();
