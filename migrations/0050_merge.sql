-- Two hospitals become one: the one that ends begins nothing from then on, what it was
-- still doing goes on at the other.

-- +goose Up
-- One person of the office asks, another does it, on the agreed day or later.
create table hospital_merge (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  from_id uuid not null references organisation (id), -- that ends
  into_id uuid not null references organisation (id), -- that goes on
  from_on date not null, -- the agreed day
  reason text not null,
  state text not null default 'asked' check (state in ('asked', 'dropped', 'done')),
  done_on date,
  done_by uuid,
  done_at timestamptz,
  moved jsonb not null default '{}', -- how much of what went over
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint hospital_merge_two check (from_id <> into_id),
  constraint hospital_merge_two_persons check (done_by <> created_by),
  constraint hospital_merge_done check ((state = 'done') = (done_on is not null) and (done_on is null) = (done_by is null) and done_on >= from_on)
);
create unique index hospital_merge_once on hospital_merge (partnership_id, from_id) where state <> 'dropped';
create index hospital_merge_into on hospital_merge (into_id) where state = 'done';
create index hospital_merge_list on hospital_merge (partnership_id, id desc);
select app_shard('hospital_merge', 'reference');
select app_grant('hospital_merge', 'append');
grant update (state, version) on hospital_merge to shanhai_app;

-- +goose StatementBegin
-- hospital_merge_step lets the application ask and drop; done is only what
-- merge_hospital did.
create function hospital_merge_step() returns trigger language plpgsql as $$
begin
  if current_user = 'shanhai_app' and (new.state = 'done' or tg_op = 'UPDATE' and old.state <> 'asked') then
    raise exception 'hospital_merge: not a step of the application' using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger hospital_merge_step before insert or update on hospital_merge for each row execute function hospital_merge_step();

-- +goose StatementBegin
-- hospital_ended is the net under the code: a hospital that became part of
-- another one begins nothing new. The lock lets a merge wait for what is on its
-- way, and what comes after it see it.
create function hospital_ended() returns trigger language plpgsql as $$
declare
  v_hospital uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
begin
  if current_user <> 'shanhai_app' then
    return new;
  end if;
  perform 1 from organisation o where o.id = v_hospital for key share;
  if exists (select 1 from hospital_merge m where m.partnership_id = new.partnership_id and m.from_id = v_hospital and m.state = 'done') then
    raise exception '% at a hospital that has ended', tg_table_name using errcode = '23514', constraint = 'hospital_ended';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger hospital_ended before insert on registration for each row execute function hospital_ended('hospital_id');
create trigger hospital_ended before insert on screening for each row execute function hospital_ended('hospital_id');
create trigger hospital_ended before insert on casefile for each row execute function hospital_ended('home_hospital_id');
create trigger hospital_ended before insert on referral for each row execute function hospital_ended('to_hospital_id');
create trigger hospital_ended before insert on device_stock for each row execute function hospital_ended('hospital_id');
create trigger hospital_ended before insert on visit for each row execute function hospital_ended('hospital_id');
create trigger hospital_ended before insert on posting for each row execute function hospital_ended('organisation_id');
create trigger hospital_ended before insert on treatment for each row execute function hospital_ended('hospital_id');
create trigger hospital_ended_moves before update of state on treatment for each row
  when (new.state is distinct from old.state and new.state in ('approval_requested', 'approved', 'admitted', 'operated')) execute function hospital_ended('hospital_id');

-- +goose StatementBegin
-- merge_hospital does what was asked for: what one hospital was still doing goes
-- on at the other. What is over stays as it was. It answers how much of what
-- went over. Only the office does it, a second person, on the day or later.
create function merge_hospital(p_merge uuid, p_today date, p_at timestamptz) returns jsonb
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_p uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  v_actor uuid := nullif(current_setting('app.actor', true), '')::uuid;
  m hospital_merge%rowtype;
  a uuid;
  b uuid;
  t record;
  n bigint;
  v_only boolean;
  v_cases uuid[];
  v_people uuid[];
  v_regs uuid[];
  v_visits uuid[];
  v_moved jsonb := '{}';
begin
  if v_p is null or coalesce(current_setting('app.wide', true), '') <> '1' then
    raise exception 'merge_hospital: the office merges' using errcode = '42501';
  end if;
  select x.* into m from hospital_merge x where x.partnership_id = v_p and x.id = p_merge for update;
  if not found or m.state <> 'asked' or m.created_by = v_actor or m.from_on > p_today then
    raise exception 'merge_hospital: nothing that this caller may do today' using errcode = '42501';
  end if;
  a := m.from_id;
  b := m.into_id;
  perform 1 from organisation o where o.id in (a, b) order by o.id for update;
  v_only := not exists (select 1 from partnership_member y where y.organisation_id = a and y.partnership_id <> v_p and coalesce(y.to_on, p_today) >= p_today);

  -- Cases that go on: those at home here, and those in which a stay is planned here.
  select coalesce(array_agg(c.id), '{}'), coalesce(array_agg(distinct c.person_id), '{}') into v_cases, v_people from casefile c
    where c.partnership_id = v_p and c.live and c.closed_on is null and (c.home_hospital_id = a or exists (select 1 from treatment x
      where x.partnership_id = v_p and x.case_id = c.id and x.hospital_id = a and x.live and x.state in ('planned', 'eligible', 'estimated')));
  update casefile set visible_to = visible_to || b where partnership_id = v_p and id = any (v_cases) and not (b = any (visible_to));
  update casefile set second_hospital_id = b, version = version + 1 where partnership_id = v_p and closed_on is null and second_hospital_id = a;
  update casefile set home_hospital_id = b, version = version + 1 where partnership_id = v_p and id = any (v_cases) and home_hospital_id = a;
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('cases', n);
  insert into case_participant (partnership_id, hospital_id, opened_on, case_id)
    select c.partnership_id, b, c.opened_on, c.id from casefile c where c.partnership_id = v_p and c.id = any (v_cases) on conflict do nothing;
  for t in select x.tbl, x.kind, x.parent, x.parent_key from participation_tables() x where x.kind <> 'person' loop
    execute format('update %s y set visible_to = y.visible_to || $3 where y.partnership_id = $1 and not ($3 = any (y.visible_to)) and %s', t.tbl,
      case t.kind when 'case' then 'y.case_id = any ($2)'
        else format('y.%I in (select p.id from %s p where p.partnership_id = $1 and p.case_id = any ($2))', t.parent_key, t.parent) end)
      using v_p, v_cases, b;
  end loop;
  update treatment set hospital_id = b, version = version + 1 where partnership_id = v_p and hospital_id = a and live and state in ('planned', 'eligible', 'estimated');
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('treatments', n);

  -- People: the other hospital's own record of a person stays the one it has.
  select coalesce(array_agg(r.id), '{}'), v_people || coalesce(array_agg(r.person_id), '{}') into v_regs, v_people from registration r
    where r.partnership_id = v_p and r.hospital_id = a and r.live
      and not exists (select 1 from registration o where o.partnership_id = v_p and o.hospital_id = b and (o.person_id = r.person_id or o.slip_code = r.slip_code));
  update registration set hospital_id = b, version = version + 1, visible_to = case when b = any (visible_to) then visible_to else visible_to || b end
    where partnership_id = v_p and id = any (v_regs);
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('people', n);
  update registration_term set hospital_id = b where partnership_id = v_p and registration_id = any (v_regs);
  update attachment set hospital_id = b, visible_to = case when b = any (visible_to) then visible_to else visible_to || b end
    where partnership_id = v_p and owner_kind = 'registration' and owner_id = any (v_regs);
  update person set visible_to = visible_to || b where partnership_id = v_p and id = any (v_people) and not (b = any (visible_to));
  for t in select x.tbl from participation_tables() x where x.kind = 'person' loop
    execute format('update %s set visible_to = visible_to || $3 where partnership_id = $1 and person_id = any ($2) and not ($3 = any (visible_to))', t.tbl)
      using v_p, v_people, b;
  end loop;
  update attachment set visible_to = visible_to || b where partnership_id = v_p and owner_kind = 'beneficiary' and not (b = any (visible_to))
    and owner_id in (select y.id from beneficiary y where y.partnership_id = v_p and y.person_id = any (v_people));

  -- Lists of work.
  update followup set hospital_id = b, version = version + 1, visible_to = case when b = any (visible_to) then visible_to else visible_to || b end
    where partnership_id = v_p and hospital_id = a and status = 'open' and live;
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('followups', n);
  update review_item set hospital_id = b, version = version + 1 where partnership_id = v_p and hospital_id = a and state = 'open';

  -- Missions that have not begun.
  select coalesce(array_agg(v.id), '{}') into v_visits from visit v where v.partnership_id = v_p and v.hospital_id = a and v.state = 'planned' and v.from_on >= p_today;
  update visit set hospital_id = b, version = version + 1 where partnership_id = v_p and id = any (v_visits);
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('visits', n);
  update visit_member set hospital_id = b where partnership_id = v_p and visit_id = any (v_visits);
  update visit_day set hospital_id = b where partnership_id = v_p and visit_id = any (v_visits);
  update visit_supply set hospital_id = b where partnership_id = v_p and visit_id = any (v_visits);
  update teaching set hospital_id = b where partnership_id = v_p and visit_id = any (v_visits);
  update visit_case set hospital_id = b, visible_to = array_append(array_remove(visible_to, b), b) where partnership_id = v_p and visit_id = any (v_visits);
  update visit_handover set hospital_id = b, visible_to = array_append(array_remove(visible_to, b), b) where partnership_id = v_p and visit_id = any (v_visits);

  -- Doctors: a posting that runs is cut at the day, what has not begun moves.
  insert into posting (partnership_id, id, practitioner_id, organisation_id, from_on, to_on, created_at, created_by)
    select g.partnership_id, md5(p_merge::text || g.id::text)::uuid, g.practitioner_id, b, p_today, g.to_on, p_at, v_actor from posting g
    where g.partnership_id = v_p and g.organisation_id = a and g.from_on < p_today and g.to_on >= p_today;
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('postings', n);
  update posting set to_on = p_today - 1, version = version + 1 where partnership_id = v_p and organisation_id = a and from_on < p_today and to_on >= p_today;
  update posting set organisation_id = b, version = version + 1 where partnership_id = v_p and organisation_id = a and from_on >= p_today;
  get diagnostics n = row_count;
  v_moved := jsonb_set(v_moved, '{postings}', to_jsonb((v_moved ->> 'postings')::bigint + n));
  insert into privilege (partnership_id, id, practitioner_id, hospital_id, kind, from_on, to_on, basis, created_at, created_by)
    select g.partnership_id, md5(p_merge::text || g.id::text)::uuid, g.practitioner_id, b, g.kind, greatest(g.from_on, p_today), g.to_on, g.basis, p_at, v_actor from privilege g
    where g.partnership_id = v_p and g.hospital_id = a and g.to_on >= p_today and not exists (select 1 from privilege o where o.partnership_id = v_p
      and o.hospital_id = b and o.practitioner_id = g.practitioner_id and o.kind = g.kind and o.to_on >= g.to_on and o.from_on <= p_today);
  get diagnostics n = row_count;
  v_moved := v_moved || jsonb_build_object('privileges', n);
  insert into skill_signoff (partnership_id, id, practitioner_id, hospital_id, kind, needed, counted, note, signed_by, signed_on, created_at, created_by)
    select g.partnership_id, md5(p_merge::text || g.id::text)::uuid, g.practitioner_id, b, g.kind, g.needed, g.counted, g.note, g.signed_by, g.signed_on, p_at, v_actor from skill_signoff g
    where g.partnership_id = v_p and g.hospital_id = a and g.live on conflict do nothing;

  -- Implants on the shelf: what is left of each lot is received anew.
  n := 0;
  for t in select s.device_id, s.lot_key, min(s.lot) as lot, min(s.expires_on) as expires_on, sum(s.received) - coalesce((select sum(c.quantity) from component c
        where c.partnership_id = v_p and c.hospital_id = a and c.device_id = s.device_id and c.lot_key = s.lot_key and c.serial = '' and c.live), 0) as rest
      from device_stock s where s.partnership_id = v_p and s.hospital_id = a and s.live group by s.device_id, s.lot_key loop
    continue when t.rest <= 0;
    insert into device_stock (partnership_id, id, hospital_id, device_id, lot, lot_key, expires_on, received_on, received, note, created_at, created_by)
      values (v_p, md5(p_merge::text || t.device_id::text || t.lot_key)::uuid, b, t.device_id, t.lot, t.lot_key, t.expires_on, p_today, t.rest, m.reason, p_at, v_actor);
    update device_stock set live = false, withdrawn_reason = m.reason, version = version + 1
      where partnership_id = v_p and hospital_id = a and device_id = t.device_id and lot_key = t.lot_key and live;
    n := n + t.rest;
  end loop;
  v_moved := v_moved || jsonb_build_object('stock', n);

  -- Funds that were open to the one are open to the other.
  update fund set hospitals = hospitals || b, version = version + 1 where partnership_id = v_p and closed_on is null and a = any (hospitals) and not (b = any (hospitals));

  -- Who worked here works there. Rights begin anew, so that it stays on record
  -- until when they were held here.
  insert into role_assignment (id, account_id, role, scope_kind, scope_id, partnership_id, from_on, to_on, created_at, created_by)
    select md5(p_merge::text || r.id::text)::uuid, r.account_id, r.role, r.scope_kind, b, r.partnership_id, greatest(r.from_on, p_today), r.to_on, p_at, v_actor from role_assignment r
    where r.partnership_id = v_p and r.scope_kind = 'hospital' and r.scope_id = a and r.revoked_at is null and coalesce(r.to_on, p_today) >= p_today
    on conflict do nothing;
  update role_assignment set revoked_at = p_at where partnership_id = v_p and scope_kind = 'hospital' and scope_id = a and revoked_at is null;
  n := 0;
  if v_only then
    update account set organisation_id = b, version = version + 1 where organisation_id = a;
    get diagnostics n = row_count;
    update practitioner set home_organisation_id = b, version = version + 1 where home_organisation_id = a;
    update theatre_time set organisation_id = b where organisation_id = a and live and from_at >= p_at;
  end if;
  v_moved := v_moved || jsonb_build_object('accounts', n);

  -- It is no member any more, and nobody's partner.
  insert into pairing (partnership_id, id, donor_id, receiving_id, agreement_no, from_on, to_on, created_at, created_by)
    select g.partnership_id, md5(p_merge::text || g.id::text)::uuid, case g.donor_id when a then b else g.donor_id end, case g.receiving_id when a then b else g.receiving_id end,
      g.agreement_no, greatest(g.from_on, p_today), g.to_on, p_at, v_actor from pairing g
    where g.partnership_id = v_p and a in (g.donor_id, g.receiving_id) and coalesce(g.to_on, p_today) >= p_today
      and not exists (select 1 from pairing o where o.partnership_id = v_p and coalesce(o.to_on, p_today) >= p_today
        and o.donor_id = case g.donor_id when a then b else g.donor_id end and o.receiving_id = case g.receiving_id when a then b else g.receiving_id end);
  update pairing set to_on = greatest(from_on, p_today - 1), version = version + 1
    where partnership_id = v_p and a in (donor_id, receiving_id) and coalesce(to_on, p_today) >= p_today;
  update partnership_member set to_on = greatest(from_on, p_today - 1) where partnership_id = v_p and organisation_id = a and coalesce(to_on, p_today) >= p_today;

  update hospital_merge set state = 'done', done_on = p_today, done_by = v_actor, done_at = p_at, moved = v_moved, version = version + 1
    where partnership_id = v_p and id = p_merge;
  return v_moved;
end $$;
-- +goose StatementEnd
revoke all on function merge_hospital(uuid, date, timestamptz) from public;
grant execute on function merge_hospital(uuid, date, timestamptz) to shanhai_app;
