-- Care: the case (person and programme), its treatments (one admission each,
-- one person-time), and the procedures (one joint side, eye or coronary session).
--
-- Rows are never deleted. A row whose "live" is false was withdrawn (the import
-- batch it came from was reversed): it is in no list, no figure and no rule.

-- +goose Up
create table case_number_head (
  partnership_id uuid not null,
  year int not null,
  next_no int not null,
  primary key (partnership_id, year)
);
create table case_number_block (
  partnership_id uuid not null,
  hospital_id uuid not null,
  year int not null,
  next_no int not null,
  last_no int not null,
  primary key (partnership_id, hospital_id, year)
);

create table casefile (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  case_no text not null,
  person_id uuid not null,
  programme text not null,
  home_hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  state text not null,
  opened_on date not null,
  closed_on date,
  closure text not null default '',
  closure_note text not null default '',
  diagnosis text not null default '',
  category text not null default '',
  live boolean not null default true,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  check ((closed_on is null) = (closure = ''))
);
create unique index casefile_no on casefile (partnership_id, case_no);
create index casefile_person on casefile (partnership_id, person_id, opened_on desc);
create unique index casefile_one_open on casefile (partnership_id, person_id, programme) where closed_on is null;
create index casefile_batch on casefile (partnership_id, batch_id) where batch_id is not null;
create index casefile_wide on casefile (partnership_id, opened_on desc, id desc);
create index casefile_work on casefile (partnership_id, home_hospital_id, state, opened_on desc, id desc);

-- Which hospitals take part, one row each, as the index of a hospital's own list.
create table case_participant (
  partnership_id uuid not null,
  hospital_id uuid not null,
  opened_on date not null,
  case_id uuid not null,
  primary key (partnership_id, hospital_id, opened_on, case_id)
);

create table treatment (
  partnership_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  programme text not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  state text not null,
  path text not null,
  plan text not null default '',
  planned_on date,
  admission_no text not null default '',
  admitted_on date,
  operated_on date,
  discharged_on date,
  ended_on date,
  ended_reason text not null default '',
  category text not null default '',
  visiting boolean not null default false,
  live boolean not null default true,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index treatment_case on treatment (partnership_id, case_id, created_at);
create index treatment_list on treatment (partnership_id, hospital_id, created_at desc, id desc);
create index treatment_work on treatment (partnership_id, hospital_id, state, created_at desc, id desc);
create index treatment_wide_work on treatment (partnership_id, state, created_at desc, id desc);
create index treatment_measure on treatment (partnership_id, programme, operated_on, id);
create index treatment_admission on treatment (partnership_id, hospital_id, admission_no) where admission_no <> '';
create index treatment_batch on treatment (partnership_id, batch_id) where batch_id is not null;

-- Every step a treatment took: nothing is skipped without leaving its row.
create table treatment_event (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  action text not null,
  from_state text not null,
  to_state text not null,
  happened_on date not null,
  note text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index treatment_event_of on treatment_event (partnership_id, treatment_id, created_at, id);

create table procedure (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  programme text not null,
  kind text not null,
  site text not null check (site in ('hip', 'knee', 'eye', 'coronary')),
  side text not null check (side in ('L', 'R', '')),
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  team uuid[] not null,
  operated_on date not null,
  operation_codes text[] not null,
  diagnosis_codes text[] not null,
  code_catalogue text not null,
  lead_id uuid references practitioner (id),
  lead_name text not null default '',
  lead_visiting boolean not null default false,
  assistant_id uuid references practitioner (id),
  supervisor_id uuid references practitioner (id),
  detail jsonb not null,
  marks text[] not null,
  live boolean not null default true,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  check ((site = 'coronary') = (side = ''))
);
create index procedure_treatment on procedure (partnership_id, treatment_id, operated_on);
create index procedure_case on procedure (partnership_id, case_id, operated_on);
create index procedure_person on procedure (partnership_id, person_id, site, side);
create index procedure_measure on procedure (partnership_id, programme, operated_on, id);
create index procedure_hospital on procedure (partnership_id, hospital_id, operated_on desc, id desc);
create index procedure_lead on procedure (partnership_id, lead_id, operated_on desc, id desc);
create index procedure_batch on procedure (partnership_id, batch_id) where batch_id is not null;

-- A referral, or a request of the receiver to join an open case.
create table referral (
  partnership_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  kind text not null check (kind in ('referral', 'join')),
  from_hospital_id uuid not null references organisation (id),
  to_hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  state text not null check (state in ('sent', 'accepted', 'rejected', 'revoked', 'done')),
  emergency boolean not null default false,
  reason text not null,
  reply text not null default '',
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index referral_inbox on referral (partnership_id, from_hospital_id, state, created_at, id);
create index referral_outbox on referral (partnership_id, to_hospital_id, state, created_at, id);
create index referral_case on referral (partnership_id, case_id, created_at);

select app_shard(t, 'distributed') from unnest(array['case_number_head', 'case_number_block', 'casefile', 'case_participant',
  'treatment', 'treatment_event', 'procedure', 'referral']::regclass[]) t;

alter table casefile add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table case_participant add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
alter table treatment add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
alter table treatment add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table treatment_event add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table procedure add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table referral add foreign key (partnership_id, case_id) references casefile (partnership_id, id);

select app_grant(t, 'write') from unnest(array['case_number_head', 'case_number_block', 'casefile', 'treatment', 'procedure', 'referral']::regclass[]) t;
select app_grant('case_participant', 'append');
select app_grant('treatment_event', 'append');

select app_protect('case_number_head', 'partnership');
select app_protect(t, 'hospital') from unnest(array['case_number_block', 'case_participant']::regclass[]) t;
select app_protect(t, 'visible') from unnest(array['casefile', 'treatment', 'treatment_event', 'referral']::regclass[]) t;
select app_protect('procedure', 'team');

-- +goose StatementBegin
-- next_case_number takes a number from the hospital's block of the year and
-- opens a new block of a hundred when it is used up, so that hospitals do not
-- wait for each other. Gaps are allowed.
create function next_case_number(p_partnership uuid, p_hospital uuid, p_year int) returns int language plpgsql as $$
declare
  n int;
begin
  update case_number_block set next_no = next_no + 1
    where partnership_id = p_partnership and hospital_id = p_hospital and year = p_year and next_no <= last_no
    returning next_no - 1 into n;
  if found then
    return n;
  end if;
  insert into case_number_head (partnership_id, year, next_no) values (p_partnership, p_year, 101)
    on conflict (partnership_id, year) do update set next_no = case_number_head.next_no + 100
    returning next_no - 100 into n;
  insert into case_number_block (partnership_id, hospital_id, year, next_no, last_no) values (p_partnership, p_hospital, p_year, n + 1, n + 99)
    on conflict (partnership_id, hospital_id, year) do update set next_no = excluded.next_no, last_no = excluded.last_no;
  return n;
end $$;
-- +goose StatementEnd
revoke all on function next_case_number(uuid, uuid, int) from public;
grant execute on function next_case_number(uuid, uuid, int) to shanhai_app;
