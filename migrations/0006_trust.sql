-- Audit, idempotency, jobs, imports, and the few definer functions.

-- +goose Up
create table audit_event (
  partnership_id uuid not null,
  id uuid not null,
  organisation_id uuid not null,
  at timestamptz not null,
  actor_id uuid not null,
  actor_name text not null,
  role text not null,
  action text not null,
  object_kind text not null,
  object_id uuid not null,
  outcome text not null,
  reason text not null,
  detail text not null,
  request_id text not null,
  source text not null,
  mac bytea not null,
  primary key (partnership_id, id)
);
create index audit_event_time on audit_event (partnership_id, at desc, id desc);
create index audit_event_object on audit_event (partnership_id, object_id, at desc, id desc);
create index audit_event_actor on audit_event (partnership_id, actor_id, at desc, id desc);

-- The hash chain: link n holds the hash of (link n-1, MAC of the event). One
-- chain for each organisation and lane; one chain for everybody would be the
-- slowest row of the system.
create table audit_head (
  partnership_id uuid not null,
  organisation_id uuid not null,
  lane int not null,
  seq bigint not null,
  hash bytea not null,
  primary key (partnership_id, organisation_id, lane)
);
create table audit_link (
  partnership_id uuid not null,
  organisation_id uuid not null,
  lane int not null,
  seq bigint not null,
  event_id uuid not null,
  hash bytea not null,
  primary key (partnership_id, organisation_id, lane, seq)
);
create unique index audit_link_event on audit_link (partnership_id, event_id);
-- Read events wait here for the sealer, which links them within a second.
create table audit_pending (
  partnership_id uuid not null,
  event_id uuid not null,
  primary key (partnership_id, event_id)
);

create table idempotency (
  partnership_id uuid not null,
  actor_id uuid not null,
  key text not null,
  digest bytea not null,
  status int not null default 0,
  answer_sealed bytea,
  created_at timestamptz not null,
  primary key (partnership_id, actor_id, key)
);
create index idempotency_age on idempotency (partnership_id, created_at);

create table job (
  partnership_id uuid not null,
  id uuid not null,
  kind text not null,
  payload text not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
  progress int not null default 0,
  total int not null default 0,
  run_after timestamptz not null,
  attempts int not null default 0,
  error_key text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  finished_at timestamptz,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index job_queue on job (partnership_id, run_after, id) where state = 'queued';

create table import_batch (
  partnership_id uuid not null,
  id uuid not null,
  file_name text not null,
  file_digest bytea not null,
  state text not null check (state in ('previewed', 'imported', 'reversed')),
  totals text not null,
  mapping text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  reversed_at timestamptz,
  reversed_by uuid,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index import_batch_list on import_batch (partnership_id, created_at desc, id desc);

-- One row of each treatment taken in: importing the same line again adds nothing.
create table import_row (
  partnership_id uuid not null,
  batch_id uuid not null,
  sheet text not null,
  row_no int not null,
  digest bytea not null,
  treatment_id uuid,
  live boolean not null,
  primary key (partnership_id, batch_id, sheet, row_no)
);
create unique index import_row_once on import_row (partnership_id, digest) where live;
-- A reversal finds the lines of a treatment; without it each one reads the whole batch.
create index import_row_treatment on import_row (partnership_id, treatment_id);

create table import_mapping (
  partnership_id uuid not null,
  id uuid not null,
  name text not null,
  header_digest bytea not null,
  mapping text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index import_mapping_header on import_mapping (partnership_id, header_digest);

create table organisation_alias (
  partnership_id uuid not null,
  alias text collate "C" not null,
  organisation_id uuid not null references organisation (id),
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, alias)
);

-- A spelling of a beneficiary category in old ledgers, asked once and kept.
create table category_alias (
  partnership_id uuid not null,
  alias text collate "C" not null,
  category text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, alias)
);

select app_shard(t, 'distributed') from unnest(array['audit_event', 'audit_head', 'audit_link', 'audit_pending', 'idempotency', 'job',
  'import_batch', 'import_row', 'import_mapping', 'organisation_alias', 'category_alias']::regclass[]) t;
alter table import_row add foreign key (partnership_id, batch_id) references import_batch (partnership_id, id);

select app_grant(t, 'append') from unnest(array['audit_event', 'audit_link', 'organisation_alias']::regclass[]) t;
select app_grant(t, 'write') from unnest(array['audit_head', 'job', 'import_batch', 'import_row', 'import_mapping', 'category_alias']::regclass[]) t;
grant update (organisation_id) on organisation_alias to shanhai_app;
select app_grant(t, 'full') from unnest(array['audit_pending', 'idempotency']::regclass[]) t;

select app_protect(t, 'partnership') from unnest(array['audit_event', 'audit_head', 'audit_link', 'audit_pending', 'idempotency', 'job',
  'import_batch', 'import_row', 'import_mapping', 'organisation_alias', 'category_alias']::regclass[]) t;

create trigger audit_event_append_only before update or delete on audit_event for each row execute function refuse_change();
create trigger audit_link_append_only before update or delete on audit_link for each row execute function refuse_change();

-- +goose StatementBegin
-- chain_append links one event. The head row is locked by the update, so links
-- of a lane are strictly ordered; it is the last thing a transaction touches.
create function chain_append(p_partnership uuid, p_organisation uuid, p_lane int, p_genesis bytea, p_event uuid, p_mac bytea) returns void language plpgsql as $$
declare
  n bigint;
  h bytea;
begin
  insert into audit_head (partnership_id, organisation_id, lane, seq, hash)
    values (p_partnership, p_organisation, p_lane, 1, sha256('\x010020'::bytea || p_genesis || p_mac))
    on conflict (partnership_id, organisation_id, lane) do update
      set seq = audit_head.seq + 1, hash = sha256('\x010020'::bytea || audit_head.hash || p_mac)
    returning seq, hash into n, h;
  insert into audit_link (partnership_id, organisation_id, lane, seq, event_id, hash) values (p_partnership, p_organisation, p_lane, n, p_event, h);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- in_scope: may the caller speak for this hospital? No hospital, or no scope, is
-- a no and never unknown, which "if not" would let pass.
create function in_scope(p_hospital uuid) returns boolean language sql stable as $$
  select coalesce(p_hospital is not null
    and (current_setting('app.wide', true) = '1' or strpos(current_setting('app.scope', true), p_hospital::text) > 0), false)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- person_find answers whether a number is known in this partnership. Only the
-- full number finds (the caller sends its keyed digest), and only name, sex,
-- birth year and "has an open case in this programme" come back: never a
-- hospital, a diagnosis or an amount.
create function person_find(p_kind text, p_digest bytea, p_programme text)
returns table (person_id uuid, name text, sex text, birth_year int, known_in_programme boolean)
language sql stable security definer set search_path = pg_catalog, public as $$
  select p.id, p.name, p.sex, extract(year from p.birth_on)::int,
    exists (select 1 from casefile c where c.partnership_id = p.partnership_id and c.person_id = p.id
      and c.programme = p_programme and c.closed_on is null)
  from person_document d join person p on p.partnership_id = d.partnership_id and p.id = d.person_id
  where d.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid
    and d.kind = p_kind and d.digest = p_digest and d.verified
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- person_link lets a hospital of the caller's scope see a person whose full
-- number it knows. It is the only way a person becomes visible to a second
-- hospital by registration; it does not bump the version.
create function person_link(p_kind text, p_digest bytea, p_hospital uuid) returns uuid
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  v_person uuid;
begin
  if v_partnership is null or not in_scope(p_hospital) then
    raise exception 'person_link: hospital outside the scope' using errcode = '42501';
  end if;
  select d.person_id into v_person from person_document d
    where d.partnership_id = v_partnership and d.kind = p_kind and d.digest = p_digest and d.verified;
  if v_person is null then
    return null;
  end if;
  update person set visible_to = visible_to || p_hospital
    where partnership_id = v_partnership and id = v_person and not (p_hospital = any (visible_to));
  update person_document set visible_to = visible_to || p_hospital
    where partnership_id = v_partnership and person_id = v_person and not (p_hospital = any (visible_to));
  update beneficiary set visible_to = visible_to || p_hospital
    where partnership_id = v_partnership and person_id = v_person and not (p_hospital = any (visible_to));
  return v_person;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- join_request writes a request to join the open case of a person the caller's
-- hospital has registered. An emergency joins at once and is reported.
create function join_request(p_id uuid, p_person uuid, p_programme text, p_hospital uuid, p_reason text, p_emergency boolean, p_at timestamptz, p_by uuid)
returns text language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  v_case casefile%rowtype;
  v_state text := case when p_emergency then 'accepted' else 'sent' end;
begin
  if v_partnership is null or not in_scope(p_hospital) then
    raise exception 'join_request: hospital outside the scope' using errcode = '42501';
  end if;
  -- The registration is the caller's own row and could name anybody; that the
  -- person is open to the hospital is written by the definer functions alone.
  if not exists (select 1 from registration r join person p on p.partnership_id = r.partnership_id and p.id = r.person_id
      where r.partnership_id = v_partnership and r.person_id = p_person and r.hospital_id = p_hospital and p_hospital = any (p.visible_to)) then
    raise exception 'join_request: the person is not registered at this hospital' using errcode = '42501';
  end if;
  select c.* into v_case from casefile c
    where c.partnership_id = v_partnership and c.person_id = p_person and c.programme = p_programme and c.closed_on is null;
  if not found then
    return '';
  end if;
  insert into referral (partnership_id, id, case_id, kind, from_hospital_id, to_hospital_id, visible_to, state, emergency, reason, created_at, created_by)
    values (v_partnership, p_id, v_case.id, 'join', v_case.home_hospital_id, p_hospital, array[p_hospital, v_case.home_hospital_id], v_state, p_emergency, p_reason, p_at, p_by);
  if p_emergency then
    perform participate(p_id);
  end if;
  return v_state;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- participate opens a case to the receiving hospital of an accepted referral or
-- join request. The acceptor is the case's home hospital, whatever the row of the
-- request says; the receiver of an emergency already holds the person.
create function participate(p_referral uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  r referral%rowtype;
  c casefile%rowtype;
begin
  select x.* into r from referral x where x.partnership_id = v_partnership and x.id = p_referral;
  if not found or r.state <> 'accepted' then
    raise exception 'participate: no accepted referral of the caller' using errcode = '42501';
  end if;
  select x.* into c from casefile x where x.partnership_id = v_partnership and x.id = r.case_id for update;
  if not (in_scope(c.home_hospital_id) or r.emergency and in_scope(r.to_hospital_id) and exists (select 1 from person p
      where p.partnership_id = v_partnership and p.id = c.person_id and r.to_hospital_id = any (p.visible_to))) then
    raise exception 'participate: no accepted referral of the caller' using errcode = '42501';
  end if;
  update casefile set visible_to = visible_to || r.to_hospital_id
    where partnership_id = v_partnership and id = r.case_id and not (r.to_hospital_id = any (visible_to));
  insert into case_participant (partnership_id, hospital_id, opened_on, case_id)
    values (v_partnership, r.to_hospital_id, c.opened_on, c.id) on conflict do nothing;
  update person set visible_to = visible_to || r.to_hospital_id
    where partnership_id = v_partnership and id = c.person_id and not (r.to_hospital_id = any (visible_to));
  update person_document set visible_to = visible_to || r.to_hospital_id
    where partnership_id = v_partnership and person_id = c.person_id and not (r.to_hospital_id = any (visible_to));
  update beneficiary set visible_to = visible_to || r.to_hospital_id
    where partnership_id = v_partnership and person_id = c.person_id and not (r.to_hospital_id = any (visible_to));
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- fund_participate lets the steward of a fund see the treatment the fund has
-- reserved for, with its approval and settlement, and nothing else of the person.
create function fund_participate(p_treatment uuid, p_fund uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
begin
  if not exists (select 1 from ledger_transfer t join treatment c on c.partnership_id = t.partnership_id and c.id = t.treatment_id
      where t.partnership_id = v_partnership and t.fund_id = p_fund and t.treatment_id = p_treatment
      and (current_setting('app.wide', true) = '1' or c.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])) then
    raise exception 'fund_participate: the fund has nothing posted for this treatment' using errcode = '42501';
  end if;
  update treatment set visible_to = visible_to || p_fund
    where partnership_id = v_partnership and id = p_treatment and not (p_fund = any (visible_to));
  update approval set visible_to = visible_to || p_fund
    where partnership_id = v_partnership and treatment_id = p_treatment and not (p_fund = any (visible_to));
  update approval_line set visible_to = visible_to || p_fund
    where partnership_id = v_partnership and not (p_fund = any (visible_to))
      and approval_id in (select a.id from approval a where a.partnership_id = v_partnership and a.treatment_id = p_treatment);
  update settlement set visible_to = visible_to || p_fund
    where partnership_id = v_partnership and treatment_id = p_treatment and not (p_fund = any (visible_to));
  update settlement_line set visible_to = visible_to || p_fund
    where partnership_id = v_partnership and not (p_fund = any (visible_to))
      and settlement_id in (select x.id from settlement x where x.partnership_id = v_partnership and x.treatment_id = p_treatment);
end $$;
-- +goose StatementEnd

revoke all on function chain_append(uuid, uuid, int, bytea, uuid, bytea) from public;
revoke all on function in_scope(uuid) from public;
revoke all on function person_find(text, bytea, text) from public;
revoke all on function person_link(text, bytea, uuid) from public;
revoke all on function join_request(uuid, uuid, text, uuid, text, boolean, timestamptz, uuid) from public;
revoke all on function participate(uuid) from public;
revoke all on function fund_participate(uuid, uuid) from public;
grant execute on function chain_append(uuid, uuid, int, bytea, uuid, bytea) to shanhai_app;
grant execute on function in_scope(uuid) to shanhai_app;
grant execute on function person_find(text, bytea, text) to shanhai_app;
grant execute on function person_link(text, bytea, uuid) to shanhai_app;
grant execute on function join_request(uuid, uuid, text, uuid, text, boolean, timestamptz, uuid) to shanhai_app;
grant execute on function participate(uuid) to shanhai_app;
grant execute on function fund_participate(uuid, uuid) to shanhai_app;
