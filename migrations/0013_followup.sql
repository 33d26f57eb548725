-- Follow-up: the appointments of an operation, the contacts with the patient,
-- their scores and complications, and the return slips.

-- +goose Up
create table followup (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  programme text not null,
  hospital_id uuid not null references organisation (id), -- that follows the patient: the home of the case
  visible_to uuid[] not null,
  step text not null,
  -- The window as it was when the appointment was made.
  due_on date not null,
  from_on date not null,
  to_on date not null,
  -- Where the patient lives, as the following hospital registered it.
  township text collate "C" not null default '',
  village text collate "C" not null default '',
  status text not null check (status in ('open', 'done', 'lost', 'closed')),
  reason text not null default '',
  note text not null default '',
  ended_on date, -- the day of the contact, of the loss, of the closing
  evidence text not null default '',
  attempts int not null default 0 check (attempts >= 0), -- in which nobody was reached
  -- Of the appointments of an operation that ended in one way, the first: lists
  -- and counters of what has ended show it for all of them.
  lead boolean not null default false,
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint followup_window check (from_on <= due_on and due_on <= to_on),
  constraint followup_ending check ((status = 'open') = (ended_on is null))
);
create unique index followup_step on followup (partnership_id, procedure_id, step);
create index followup_case on followup (partnership_id, case_id, due_on, id);
create index followup_person on followup (partnership_id, person_id, due_on, id);
create index followup_treatment on followup (partnership_id, treatment_id);
create index followup_open on followup (partnership_id, hospital_id, to_on, id) where status = 'open' and live;
create index followup_open_wide on followup (partnership_id, to_on, id) where status = 'open' and live;
create index followup_open_place on followup (partnership_id, hospital_id, township, to_on, id) where status = 'open' and live;
create index followup_open_place_wide on followup (partnership_id, township, to_on, id) where status = 'open' and live;
create index followup_ended on followup (partnership_id, hospital_id, status, ended_on desc, id desc) where lead and live;
create index followup_ended_wide on followup (partnership_id, status, ended_on desc, id desc) where lead and live;
-- The dead are few: counters of the list begin with them.
create index person_deceased on person (partnership_id, id) where deceased_on is not null;

-- One attempt to learn how a patient is. Other records refer to its id.
create table followup_contact (
  partnership_id uuid not null,
  id uuid not null,
  followup_id uuid, -- empty: outside the schedule
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  hospital_id uuid not null references organisation (id), -- that wrote it down
  visible_to uuid[] not null,
  happened_on date not null, -- created_at is when it was entered
  evidence text not null,
  reached boolean not null,
  informant text not null default '',
  note text not null default '',
  live boolean not null default true,
  withdrawn_reason text not null default '',
  withdrawn_by uuid,
  withdrawn_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint followup_contact_withdrawn check (live = (withdrawn_at is null))
);
create index followup_contact_case on followup_contact (partnership_id, case_id, happened_on desc, id desc);
create index followup_contact_person on followup_contact (partnership_id, person_id, happened_on);
create index followup_contact_of on followup_contact (partnership_id, followup_id) where followup_id is not null;
create index followup_contact_procedure on followup_contact (partnership_id, procedure_id);
create index followup_contact_treatment on followup_contact (partnership_id, treatment_id);

create table followup_score (
  partnership_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  instrument text not null,
  edition text not null, -- of the scoring
  total int not null, -- whole points
  parts jsonb not null,
  primary key (partnership_id, id)
);
create unique index followup_score_once on followup_score (partnership_id, contact_id, instrument);

-- A complication that was told at a contact is one of the operation's, like any
-- other, and goes with the contact when that is withdrawn.
alter table complication add column contact_id uuid; -- empty: not told at a follow-up
create index complication_contact on complication (partnership_id, contact_id) where contact_id is not null;

-- The token printed on a return slip. It says nothing by itself: whoever is
-- signed in and sees the case finds the case by it.
create table followup_slip (
  partnership_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  visible_to uuid[] not null,
  token text collate "C" not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create unique index followup_slip_token on followup_slip (partnership_id, token);
create unique index followup_slip_case on followup_slip (partnership_id, case_id);

select app_shard(t, 'distributed') from unnest(array['followup', 'followup_contact', 'followup_score', 'followup_slip']::regclass[]) t;

alter table followup add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
alter table followup_contact add foreign key (partnership_id, followup_id) references followup (partnership_id, id);
alter table followup_contact add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
alter table followup_score add foreign key (partnership_id, contact_id) references followup_contact (partnership_id, id);
alter table complication add foreign key (partnership_id, contact_id) references followup_contact (partnership_id, id);
alter table followup_slip add foreign key (partnership_id, case_id) references casefile (partnership_id, id);

select app_grant('followup', 'write');
-- What was found is never rewritten: a wrong contact is withdrawn and entered anew.
select app_grant(t, 'append') from unnest(array['followup_contact', 'followup_score', 'followup_slip']::regclass[]) t;
grant update (live, withdrawn_reason, withdrawn_by, withdrawn_at, version) on followup_contact to shanhai_app;

select app_protect(t, 'visible') from unnest(array['followup', 'followup_contact', 'followup_score', 'followup_slip']::regclass[]) t;

-- +goose StatementBegin
-- followup_place puts the appointments of a person the caller sees before the
-- home of their case, with the township and village that hospital registered. A
-- hospital that operated elsewhere does not see that registration; it learns
-- nothing by this.
create function followup_place(p_person uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
begin
  if not exists (select 1 from person p where p.partnership_id = v_partnership and p.id = p_person
      and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])) then
    raise exception 'followup_place: no person of the caller' using errcode = '42501';
  end if;
  update followup f set hospital_id = x.home, township = x.township, village = x.village
    from (select c.id, c.home_hospital_id as home, coalesce(r.township, '') as township, coalesce(r.village, '') as village
      from casefile c left join registration r on r.partnership_id = c.partnership_id and r.hospital_id = c.home_hospital_id and r.person_id = c.person_id and r.live
      where c.partnership_id = v_partnership and c.person_id = p_person) x
    where f.partnership_id = v_partnership and f.person_id = p_person and f.case_id = x.id
      and (f.hospital_id, f.township, f.village) is distinct from (x.home, x.township, x.village);
end $$;
-- +goose StatementEnd
revoke all on function followup_place(uuid) from public;
grant execute on function followup_place(uuid) to shanhai_app;
