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
  -- The other side that is planned: joint and side, and where and when if known.
  second_site text not null default '',
  second_side text not null default '',
  second_hospital_id uuid references organisation (id),
  second_from date,
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
  estimate_bill_fen bigint not null default 0 check (estimate_bill_fen >= 0),
  estimate_insurance_fen bigint not null default 0 check (estimate_insurance_fen >= 0),
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
create index treatment_operated on treatment (partnership_id, operated_on desc, id desc) where operated_on is not null;
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
  path text not null default '',
  mark text not null default '', -- what a step out of order leaves on the record
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
create index procedure_wide on procedure (partnership_id, operated_on desc, id desc);
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

select app_grant(t, 'write') from unnest(array['case_number_head', 'case_number_block', 'casefile', 'treatment', 'procedure']::regclass[]) t;
select app_grant('case_participant', 'append');
select app_grant('treatment_event', 'append');
select app_grant('referral', 'append');
-- Who asks whom about which case, and how urgent it was, never changes.
grant update (state, reply, decided_by, decided_at, version) on referral to shanhai_app;

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

-- What a hospital may know of care elsewhere: that it took place and when, never
-- where or by whom. The rules need it (one open case, no live treatment when a
-- case is closed, no second first prosthesis on one joint), and row security
-- hides the rows themselves.

-- +goose StatementBegin
-- case_treatment_states lists the states of all treatments of a case the caller sees.
create function case_treatment_states(p_case uuid) returns table (state text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select t.state from treatment t join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
  where t.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and t.case_id = p_case and t.live
    and (current_setting('app.wide', true) = '1' or c.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- operations_on_record lists the operations of a person the caller sees, and of
-- those merged with the person.
create function operations_on_record(p_person uuid) returns table (id uuid, kind text, side text, operated_on date, stage_group text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select o.id, o.kind, o.side, o.operated_on, coalesce(o.detail ->> 'stage_group', '')
  from person p
  join person same on same.partnership_id = p.partnership_id
    and (same.id = p.id or same.id = p.root_id or same.root_id = coalesce(p.root_id, p.id))
  join procedure o on o.partnership_id = same.partnership_id and o.person_id = same.id and o.live
  where p.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and p.id = p_person
    and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- open_case_exists says whether a person the caller sees, or one merged with the
-- person, has an open case in a programme anywhere in the partnership.
create function open_case_exists(p_person uuid, p_programme text) returns boolean
language sql stable security definer set search_path = pg_catalog, public as $$
  select exists (select 1 from person p
  join person same on same.partnership_id = p.partnership_id
    and (same.id = p.id or same.id = p.root_id or same.root_id = coalesce(p.root_id, p.id))
  join casefile c on c.partnership_id = same.partnership_id and c.person_id = same.id and c.programme = p_programme
    and c.closed_on is null and c.live
  where p.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and p.id = p_person
    and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[]))
$$;
-- +goose StatementEnd
revoke all on function case_treatment_states(uuid) from public;
revoke all on function operations_on_record(uuid) from public;
revoke all on function open_case_exists(uuid, text) from public;
grant execute on function case_treatment_states(uuid) to shanhai_app;
grant execute on function operations_on_record(uuid) to shanhai_app;
grant execute on function open_case_exists(uuid, text) to shanhai_app;
