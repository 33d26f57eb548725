-- Requests of the people the records are about (Personal Information Protection
-- Law, articles 44 to 50): to see and copy, to correct, to restrict, to lift the
-- restriction, and to delete.
--
-- A restriction is a date on the person. From then on the database itself refuses
-- new processing by anybody; money, safety and the log go on. What was decided is
-- carried out by one function, which looks at the decision and not at the caller's
-- view: a person has records in hospitals the decider does not see.

-- +goose Up
alter table person add column restricted_on date;
alter table person add column erased_on date;
create index person_restricted on person (partnership_id, id) where restricted_on is not null; -- every list asks; they are few

create table subject_request (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id), -- that received it
  person_id uuid not null,
  kind text not null check (kind in ('access', 'correct', 'restrict', 'lift', 'erase')),
  asker text not null check (asker in ('self', 'representative', 'kin')),
  asker_name text not null default '',
  proof text not null,
  wish text not null default '',
  field text not null default '',
  value text not null default '',
  received_on date not null,
  due_on date not null check (due_on >= received_on),
  state text not null default 'open' check (state in ('open', 'granted', 'partly', 'refused', 'withdrawn')),
  opinion text not null default '',
  outcome text not null default '{}',
  decided_by uuid,
  decided_at timestamptz,
  file_until timestamptz,
  fetched_by uuid,
  fetched_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  foreign key (partnership_id, person_id) references person (partnership_id, id),
  constraint subject_decided check ((state in ('granted', 'partly', 'refused')) = (decided_by is not null)),
  -- Nobody refuses, and nobody deletes, what they registered themselves.
  constraint subject_second_person check (decided_by <> created_by or (kind <> 'erase' and state = 'granted'))
);
create unique index subject_one_open on subject_request (partnership_id, person_id, kind, field) where state = 'open';
create index subject_list on subject_request (partnership_id, received_on desc, id desc);
create index subject_waiting on subject_request (partnership_id, due_on, id) where state = 'open';
create index subject_person on subject_request (partnership_id, person_id, received_on desc);

select app_shard('subject_request', 'distributed');
select app_grant('subject_request', 'write');
-- What was asked stays as it was written down.
revoke update on subject_request from shanhai_app;
grant update (state, opinion, outcome, decided_by, decided_at, file_until, fetched_by, fetched_at, version) on subject_request to shanhai_app;
select app_protect('subject_request', 'hospital');

create table subject_clock (
  partnership_id uuid not null references partnership (id),
  id uuid not null, -- made from the version, so that two people do not write the same one
  version int not null check (version > 0),
  days int not null check (days between 1 and 60),
  file_days int not null check (file_days between 1 and 30),
  source text not null check (source <> ''),
  verified boolean not null, -- somebody read the source
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index subject_clock_latest on subject_clock (partnership_id, version desc);
select app_shard('subject_clock', 'distributed');
select app_grant('subject_clock', 'append');
select app_protect('subject_clock', 'partnership');

-- +goose StatementBegin
-- person_open refuses new processing of a person under restriction. The name of
-- the constraint is what the application tells the reader.
create function person_open() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_person uuid;
begin
  if nullif(current_setting('app.partnership', true), '') is null then
    return new; -- the owner, who mends
  end if;
  if tg_table_name = 'person' then
    v_person := new.id;
  elsif tg_table_name = 'referral' then
    select c.person_id into v_person from casefile c where c.partnership_id = new.partnership_id and c.id = new.case_id;
  else
    v_person := new.person_id;
  end if;
  if exists (select 1 from person p where p.partnership_id = new.partnership_id and p.id = v_person and p.restricted_on is not null) then
    raise exception 'the record is under restriction' using errcode = '23514', constraint = 'person_restricted';
  end if;
  return new;
end $$;
-- +goose StatementEnd
revoke all on function person_open() from public;

-- Only columns with what was said of a person: who may see a row changes with the
-- dates of referrals, by upkeep. Complications, implants, deaths, money and the log are not on the list: safety,
-- the ledger and the trail are duties of the law.
create trigger person_open before update of name, name_key, sex, birth_on, birth_estimated, ethnicity, region_code on person for each row execute function person_open();
create trigger person_open before insert or update of kind, number_sealed, verified, reason on person_document for each row execute function person_open();
create trigger person_open before insert or update of phone_sealed, township, village, address, kin_name, kin_phone_sealed, legal_basis, consent_note, guardian, note on registration for each row execute function person_open();
create trigger person_open before insert or update of category, from_on, to_on, source, evidence on beneficiary for each row execute function person_open();
create trigger person_open before insert or update of person_id, content on screening for each row when (new.person_id is not null) execute function person_open();
create trigger person_open before insert or update of diagnosis, category, second_site, second_side, second_hospital_id, second_from on casefile for each row execute function person_open();
create trigger person_open before insert on treatment for each row execute function person_open();
create trigger person_open before insert or update of kind, site, side, operated_on, operation_codes, diagnosis_codes, detail on procedure for each row execute function person_open();
create trigger person_open before insert on acuity_reading for each row execute function person_open();
create trigger person_open before insert on followup_contact for each row execute function person_open();
create trigger person_open before insert on referral for each row when (new.case_id is not null) execute function person_open();

-- +goose StatementBegin
-- subject_apply carries out what was decided about a request: it restricts, lifts
-- or deletes, for all records that were merged into the person, in every hospital.
-- It does so once, for the account that has just decided, and answers whether
-- something is kept and how many rows of each table went.
create function subject_apply(p_request uuid, p_on date) returns jsonb
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  q subject_request%rowtype;
  v_people uuid[];
  v_registrations uuid[];
  v_documents uuid[];
  v_cases uuid[];
  v_kept boolean;
  v_gone jsonb := '{}';
  n int;
begin
  select x.* into q from subject_request x where x.partnership_id = v_partnership and x.id = p_request for update;
  if not found or q.kind not in ('restrict', 'lift', 'erase') or q.state not in ('granted', 'partly') or q.outcome <> '{}'
      or q.decided_by::text is distinct from nullif(current_setting('app.actor', true), '') or not in_scope(q.hospital_id) then
    raise exception 'subject_apply: nothing was decided for the caller to carry out' using errcode = '42501';
  end if;
  select array_agg(x.id) into v_people from person p join person x on x.partnership_id = p.partnership_id
    and coalesce(x.root_id, x.id) = coalesce(p.root_id, p.id) where p.partnership_id = v_partnership and p.id = q.person_id;
  if q.kind <> 'erase' then
    update person p set restricted_on = case when q.kind = 'restrict' then coalesce(p.restricted_on, p_on) end, version = p.version + 1
      where p.partnership_id = v_partnership and p.id = any (v_people);
    return jsonb_build_object('kept', true, 'gone', v_gone);
  end if;

  -- A restriction before it does not keep a deletion from being done.
  update person p set restricted_on = null where p.partnership_id = v_partnership and p.id = any (v_people);
  select coalesce(array_agg(x.id), '{}') into v_registrations from registration x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  select coalesce(array_agg(x.id), '{}') into v_documents from person_document x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  select coalesce(array_agg(x.id), '{}') into v_cases from casefile x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  v_kept := exists (select 1 from treatment x where x.partnership_id = v_partnership and x.person_id = any (v_people))
    or exists (select 1 from person_year x where x.partnership_id = v_partnership and x.person_id = any (v_people))
    or exists (select 1 from notice_entry x where x.partnership_id = v_partnership and x.person_id = any (v_people));

  -- What no duty keeps goes in either case: how to reach the person and the family,
  -- free notes, the slips of the follow-up.
  delete from followup_slip x where x.partnership_id = v_partnership and x.case_id = any (v_cases);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('followup_slip', n);
  if v_kept then
    delete from registration_term x where x.partnership_id = v_partnership and x.registration_id = any (v_registrations)
      and (starts_with(x.term, 't:') or starts_with(x.term, 'y:') or starts_with(x.term, 'k:t:'));
    get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('registration_term', n);
    update registration x set phone_sealed = null, phone_last4 = '', kin_name = '', kin_phone_sealed = null, kin_phone_last4 = '', note = '', version = x.version + 1
      where x.partnership_id = v_partnership and x.id = any (v_registrations);
    get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('registration', n);
    update person p set restricted_on = p_on, version = p.version + 1 where p.partnership_id = v_partnership and p.id = any (v_people);
    return jsonb_build_object('kept', true, 'gone', v_gone);
  end if;

  -- Nothing was ever done or paid: every row goes, and of the person stays an
  -- empty one, to which the log and the look-ups point.
  delete from attachment x where x.partnership_id = v_partnership and x.owner_id = any (v_people || v_registrations || v_documents || v_cases
    || array(select b.id from beneficiary b where b.partnership_id = v_partnership and b.person_id = any (v_people)));
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('attachment', n);
  delete from visit_case x where x.partnership_id = v_partnership and x.case_id = any (v_cases);
  delete from visit_handover x where x.partnership_id = v_partnership and x.case_id = any (v_cases);
  delete from acuity_reading x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('acuity_reading', n);
  delete from referral x where x.partnership_id = v_partnership and x.case_id = any (v_cases);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('referral', n);
  delete from screening x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('screening', n);
  delete from case_participant x where x.partnership_id = v_partnership and x.case_id = any (v_cases);
  delete from casefile x where x.partnership_id = v_partnership and x.id = any (v_cases);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('casefile', n);
  delete from death_report x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  delete from beneficiary x where x.partnership_id = v_partnership and x.person_id = any (v_people);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('beneficiary', n);
  delete from review_item x where x.partnership_id = v_partnership and (x.person_id = any (v_people) or x.other_person_id = any (v_people));
  delete from registration_term x where x.partnership_id = v_partnership and x.registration_id = any (v_registrations);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('registration_term', n);
  delete from registration x where x.partnership_id = v_partnership and x.id = any (v_registrations);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('registration', n);
  delete from person_document x where x.partnership_id = v_partnership and x.id = any (v_documents);
  get diagnostics n = row_count; v_gone := v_gone || jsonb_build_object('person_document', n);
  update subject_request x set asker_name = '', proof = '', wish = '', value = '', outcome = '{}'
    where x.partnership_id = v_partnership and x.person_id = any (v_people);
  update glass x set reason = '—' where x.partnership_id = v_partnership and x.person_id = any (v_people);
  update person p set name = '—', name_key = '', sex = '', birth_on = null, birth_estimated = false, ethnicity = '', region_code = '', deceased_on = null,
    restricted_on = p_on, erased_on = p_on, version = p.version + 1 where p.partnership_id = v_partnership and p.id = any (v_people);
  return jsonb_build_object('kept', false, 'gone', v_gone);
end $$;
-- +goose StatementEnd
revoke all on function subject_apply(uuid, date) from public;
grant execute on function subject_apply(uuid, date) to shanhai_app;
