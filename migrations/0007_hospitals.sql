-- One case over two hospitals: who sees what while a referral is open, and for
-- how long. Participation is found from the catalogue, so that a later table is
-- covered the day it appears:
--   a table with visible_to and case_id        rows of the case
--   a table with visible_to and a foreign key
--   to such a table                            rows of those rows (events, lines)
--   a table with visible_to and person_id      rows of the person of the case
-- A table whose comment begins with "partners never:" is left alone, and says why.

-- +goose Up
comment on table registration is 'partners never: a hospital''s own record of a person; who comes in gets one of its own';
comment on table referral is 'partners never: a request is between its two hospitals and the home of the case';

-- What hangs on a case, a treatment or a settlement follows the case.
alter table attachment add column case_id uuid;
update attachment a set case_id = a.owner_id where a.owner_kind = 'casefile';
update attachment a set case_id = t.case_id from treatment t
  where a.owner_kind = 'treatment' and t.partnership_id = a.partnership_id and t.id = a.owner_id;
update attachment a set case_id = s.case_id from settlement s
  where a.owner_kind = 'settlement' and s.partnership_id = a.partnership_id and s.id = a.owner_id;
create index attachment_case on attachment (partnership_id, case_id) where case_id is not null;
select app_grant('attachment', 'write');
-- The kinds are an enumeration of the program, which grows with the records.
alter table attachment drop constraint attachment_owner_kind_check;
alter table attachment add constraint attachment_owner_kind_check check (owner_kind <> '');

-- What a referral says before the case is open, and its clock. The patient's
-- name goes along: who is asked to take a patient has to know whom.
alter table referral
  add column purpose text not null default 'operation',
  add column urgency text not null default 'routine' check (urgency in ('routine', 'urgent', 'emergency')),
  add column site text not null default '',
  add column side text not null default '' check (side in ('L', 'R', '')),
  add column summary text not null default '',
  add column documents text not null default '',
  add column patient_name text not null default '',
  add column patient_sex text not null default '',
  add column patient_birth_on date,
  add column patient_programme text not null default '',
  add column open_from date,
  add column open_to date check (open_to >= open_from),
  add column left_on date, -- the day the case was closed to the receiver
  add column due_on date,
  add column closing text not null default '', -- the reply to the sender
  add column closed_by uuid,
  add column closed_at timestamptz,
  add column asker_id uuid generated always as (case kind when 'join' then to_hospital_id else from_hospital_id end) stored,
  add column answerer_id uuid generated always as (case kind when 'join' then from_hospital_id else to_hospital_id end) stored;
grant update (open_from, open_to, due_on, closing, closed_by, closed_at) on referral to shanhai_app;
create index referral_in on referral (partnership_id, answerer_id, state, created_at desc, id desc);
create index referral_out on referral (partnership_id, asker_id, state, created_at desc, id desc);
create index referral_wide on referral (partnership_id, state, created_at desc, id desc);
create index referral_due on referral (partnership_id, due_on, id) where due_on is not null;
create index referral_period on referral (partnership_id, open_to, id) where state = 'accepted' and left_on is null;
drop index referral_inbox;
drop index referral_outbox;

-- How many days each step may take, agreed between the two sides.
create table referral_clock (
  partnership_id uuid not null references partnership (id),
  urgency text not null,
  answer_days int not null check (answer_days >= 0),
  open_days int not null check (open_days > 0),
  reply_days int not null check (reply_days >= 0),
  changed_by uuid not null,
  changed_at timestamptz not null,
  version int not null default 1,
  primary key (partnership_id, urgency)
);
select app_shard('referral_clock', 'distributed');
select app_grant('referral_clock', 'write');
select app_protect('referral_clock', 'partnership');

-- The other joint or eye that waits: which, why it is thought to wait, and since
-- when (the day the first side was done). Derived with every operation and plan.
alter table casefile
  add column wait_need text not null default '' check (wait_need in ('', 'planned', 'likely')),
  add column wait_site text not null default '',
  add column wait_side text not null default '',
  add column wait_since date;
update casefile c set wait_need = 'planned', wait_site = c.second_site, wait_side = c.second_side, wait_since = o.first
  from (select o.partnership_id, o.case_id, min(o.operated_on) as first from procedure o where o.live group by o.partnership_id, o.case_id) o
  where c.second_side <> '' and c.closed_on is null and o.partnership_id = c.partnership_id and o.case_id = c.id;
create index casefile_wait_home on casefile (partnership_id, home_hospital_id, wait_since, id) where wait_since is not null;
create index casefile_wait_there on casefile (partnership_id, second_hospital_id, wait_since, id) where wait_since is not null;
create index casefile_wait_wide on casefile (partnership_id, wait_since, id) where wait_since is not null;
select app_grant('casefile', 'write');

-- Why the office decided that two records are, or are not, one person.
alter table review_item add column verdict_reason text not null default '';
select app_grant('review_item', 'write');

-- A reported death takes the person off every worklist at once; where two
-- hospitals know the person the second confirms. Undone, the person is back.
create table death_report (
  partnership_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  died_on date not null,
  source text not null,
  note text not null default '',
  state text not null check (state in ('reported', 'confirmed', 'undone')),
  confirmed_at_id uuid references organisation (id),
  confirmed_by uuid,
  confirmed_at timestamptz,
  undone_by uuid,
  undone_at timestamptz,
  undone_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index death_report_once on death_report (partnership_id, person_id) where state <> 'undone';
create index death_report_list on death_report (partnership_id, state, created_at desc, id desc);
select app_shard('death_report', 'distributed');
alter table death_report add foreign key (partnership_id, person_id) references person (partnership_id, id);
select app_grant('death_report', 'write');
select app_protect('death_report', 'visible');

-- +goose StatementBegin
-- participation_tables lists what opens with a case: the table, how its rows are
-- found ('case', 'child', 'person'), and for a child its parent and the key to it.
create function participation_tables() returns table (tbl regclass, kind text, parent regclass, parent_key name)
language sql stable set search_path = pg_catalog, public as $$
  with seen as (
    select c.oid, exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'case_id' and not a.attisdropped) as by_case,
      exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'person_id' and not a.attisdropped) as by_person
    from pg_class c join pg_attribute v on v.attrelid = c.oid and v.attname = 'visible_to' and not v.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not in ('casefile', 'person')
      and coalesce(obj_description(c.oid, 'pg_class'), '') not like 'partners never:%'),
  child as (
    select distinct on (s.oid) s.oid, k.confrelid, a.attname
    from seen s join pg_constraint k on k.conrelid = s.oid and k.contype = 'f' and cardinality(k.conkey) = 2
    join seen p on p.oid = k.confrelid and p.by_case
    join pg_attribute a on a.attrelid = s.oid and a.attnum = any (k.conkey) and a.attname <> 'partnership_id'
    where not s.by_case order by s.oid, k.conname)
  select s.oid::regclass, case when s.by_case then 'case' when c.oid is not null then 'child' else 'person' end, c.confrelid::regclass, c.attname
  from seen s left join child c on c.oid = s.oid
  where s.by_case or c.oid is not null or s.by_person
  order by s.by_case desc, c.oid is null, s.oid::regclass::text
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- open_person lets a hospital see a person and what is known of the person
-- alone. The version is not touched: nobody edited anything.
create function open_person(p_partnership uuid, p_person uuid, p_hospital uuid) returns void
language plpgsql set search_path = pg_catalog, public as $$
declare
  t record;
begin
  update person set visible_to = visible_to || p_hospital
    where partnership_id = p_partnership and id = p_person and not (p_hospital = any (visible_to));
  for t in select x.tbl from participation_tables() x where x.kind = 'person' loop
    execute format('update %s set visible_to = visible_to || $3 where partnership_id = $1 and person_id = $2 and not ($3 = any (visible_to))', t.tbl)
      using p_partnership, p_person, p_hospital;
  end loop;
  -- A family shows its certificate once: the proof goes with the category.
  update attachment set visible_to = visible_to || p_hospital
    where partnership_id = p_partnership and owner_kind = 'beneficiary' and not (p_hospital = any (visible_to))
      and owner_id in (select b.id from beneficiary b where b.partnership_id = p_partnership and b.person_id = p_person);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- open_case lets a hospital see a case with everything in it.
create function open_case(p_partnership uuid, p_case uuid, p_hospital uuid) returns void
language plpgsql set search_path = pg_catalog, public as $$
declare
  t record;
  c casefile%rowtype;
begin
  select x.* into c from casefile x where x.partnership_id = p_partnership and x.id = p_case for update;
  update casefile set visible_to = visible_to || p_hospital
    where partnership_id = p_partnership and id = p_case and not (p_hospital = any (visible_to));
  insert into case_participant (partnership_id, hospital_id, opened_on, case_id)
    values (p_partnership, p_hospital, c.opened_on, c.id) on conflict do nothing;
  for t in select x.tbl, x.kind, x.parent, x.parent_key from participation_tables() x where x.kind <> 'person' loop
    execute format('update %s y set visible_to = y.visible_to || $3 where y.partnership_id = $1 and not ($3 = any (y.visible_to)) and %s', t.tbl,
      case t.kind when 'case' then 'y.case_id = $2'
        else format('y.%I in (select p.id from %s p where p.partnership_id = $1 and p.case_id = $2)', t.parent_key, t.parent) end)
      using p_partnership, p_case, p_hospital;
  end loop;
  perform open_person(p_partnership, c.person_id, p_hospital);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- close_case takes a hospital out again. The home never leaves. Who had a
-- treatment keeps the case and its own treatments with all that belongs to them;
-- the treatments of the others close. The person stays open to a hospital with a
-- registration or with another case of that person.
create function close_case(p_partnership uuid, p_case uuid, p_hospital uuid) returns void
language plpgsql set search_path = pg_catalog, public as $$
declare
  t record;
  c casefile%rowtype;
  v_treats boolean;
  v_keep text;
begin
  select x.* into c from casefile x where x.partnership_id = p_partnership and x.id = p_case for update;
  if c.home_hospital_id = p_hospital then
    return;
  end if;
  v_treats := exists (select 1 from treatment x where x.partnership_id = p_partnership and x.case_id = p_case and x.hospital_id = p_hospital);
  for t in select x.tbl, x.kind, x.parent, x.parent_key, exists (select 1 from pg_attribute a where a.attrelid = x.tbl and a.attname = 'hospital_id' and not a.attisdropped) as of_hospital,
      exists (select 1 from pg_attribute a where a.attrelid = x.tbl and a.attname = 'treatment_id' and not a.attisdropped) as of_treatment
    from participation_tables() x where x.kind <> 'person' loop
    if t.kind = 'child' then
      -- A child follows its parent, which was dealt with before it.
      execute format('update %s y set visible_to = array_remove(y.visible_to, $3) where y.partnership_id = $1 and $3 = any (y.visible_to)
        and y.%I in (select p.id from %s p where p.partnership_id = $1 and p.case_id = $2 and not ($3 = any (p.visible_to)))', t.tbl, t.parent_key, t.parent)
        using p_partnership, p_case, p_hospital;
      continue;
    end if;
    v_keep := '';
    if t.of_hospital then
      v_keep := ' and y.hospital_id is distinct from $3';
    end if;
    if t.of_treatment then
      v_keep := v_keep || ' and not exists (select 1 from treatment o where o.partnership_id = $1 and o.id = y.treatment_id and o.hospital_id = $3)';
    end if;
    if v_treats and v_keep = '' then
      continue; -- belongs to the case itself
    end if;
    execute format('update %s y set visible_to = array_remove(y.visible_to, $3) where y.partnership_id = $1 and y.case_id = $2
      and $3 = any (y.visible_to)', t.tbl) || v_keep using p_partnership, p_case, p_hospital;
  end loop;
  if v_treats then
    return;
  end if;
  update casefile set visible_to = array_remove(visible_to, p_hospital) where partnership_id = p_partnership and id = p_case;
  delete from case_participant where partnership_id = p_partnership and hospital_id = p_hospital and opened_on = c.opened_on and case_id = p_case;
  if exists (select 1 from registration r where r.partnership_id = p_partnership and r.person_id = c.person_id and r.hospital_id = p_hospital)
      or exists (select 1 from casefile o where o.partnership_id = p_partnership and o.person_id = c.person_id and p_hospital = any (o.visible_to)) then
    return;
  end if;
  update person set visible_to = array_remove(visible_to, p_hospital) where partnership_id = p_partnership and id = c.person_id;
  for t in select x.tbl from participation_tables() x where x.kind = 'person' loop
    execute format('update %s set visible_to = array_remove(visible_to, $3) where partnership_id = $1 and person_id = $2 and $3 = any (visible_to)', t.tbl)
      using p_partnership, c.person_id, p_hospital;
  end loop;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- person_link lets a hospital of the caller's scope see a person whose full
-- number it knows. It is the only way a person becomes visible to a second
-- hospital by registration; it does not bump the version.
create or replace function person_link(p_kind text, p_digest bytea, p_hospital uuid) returns uuid
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
  perform open_person(v_partnership, v_person, p_hospital);
  return v_person;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- participate opens a case to the receiving hospital of an accepted referral or
-- join request. A join is accepted by the case's home hospital, whatever the row
-- of the request says; the receiver of an emergency already holds the person. A
-- referral was written by a hospital of the case (see referral_guard), so its
-- receiver accepts it.
create or replace function participate(p_referral uuid) returns void
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
  if not coalesce(in_scope(c.home_hospital_id)
      or r.kind = 'referral' and in_scope(r.to_hospital_id) and r.from_hospital_id = any (c.visible_to)
      or r.emergency and in_scope(r.to_hospital_id) and exists (select 1 from person p
        where p.partnership_id = v_partnership and p.id = c.person_id and r.to_hospital_id = any (p.visible_to)), false) then
    raise exception 'participate: no accepted referral of the caller' using errcode = '42501';
  end if;
  perform open_case(v_partnership, r.case_id, r.to_hospital_id);
  update referral set left_on = null where partnership_id = v_partnership and id = p_referral;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- depart closes a case to the receiving hospital of a referral that has ended or
-- whose period is over on the given day. Another open referral of the same
-- hospital in the same case keeps it open.
create function depart(p_referral uuid, p_today date) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  r referral%rowtype;
  c casefile%rowtype;
begin
  select x.* into r from referral x where x.partnership_id = v_partnership and x.id = p_referral;
  select x.* into c from casefile x where x.partnership_id = v_partnership and x.id = r.case_id;
  if not coalesce(in_scope(c.home_hospital_id) or in_scope(r.from_hospital_id) or in_scope(r.to_hospital_id), false) then
    raise exception 'depart: no referral of the caller' using errcode = '42501';
  end if;
  if r.state = 'accepted' and coalesce(r.open_to >= p_today, true) then
    raise exception 'depart: the referral is still open' using errcode = '42501';
  end if;
  update referral set left_on = p_today where partnership_id = v_partnership and id = p_referral;
  if exists (select 1 from referral o where o.partnership_id = v_partnership and o.case_id = r.case_id and o.to_hospital_id = r.to_hospital_id
      and o.id <> r.id and o.state = 'accepted' and coalesce(o.open_to >= p_today, true)) then
    return;
  end if;
  perform close_case(v_partnership, r.case_id, r.to_hospital_id);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- case_partners lists the hospitals a case the caller sees is open to on a day,
-- beside those that treat in it: a new treatment is open to them as well.
create function case_partners(p_case uuid, p_today date) returns table (hospital_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select distinct r.to_hospital_id from referral r join casefile c on c.partnership_id = r.partnership_id and c.id = r.case_id
  where r.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and r.case_id = p_case and r.state = 'accepted'
    and coalesce(r.open_to >= p_today, true)
    and (current_setting('app.wide', true) = '1' or c.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- referral_guard is the net under the code. The application writes only
-- referrals, still to be answered, in the name of a hospital of the caller (a
-- join comes through join_request); it answers only in the name of the answering
-- one, and nothing that has ended comes back.
create function referral_guard() returns trigger language plpgsql as $$
begin
  if current_user <> 'shanhai_app' then
    return new;
  end if;
  if tg_op = 'INSERT' then
    if new.kind = 'referral' and new.state = 'sent' and in_scope(new.from_hospital_id) then
      return new;
    end if;
  elsif old.state in ('sent', 'accepted') and (new.state <> 'accepted' or old.state = 'accepted'
      or in_scope(case new.kind when 'join' then new.from_hospital_id else new.to_hospital_id end)) then
    return new;
  end if;
  raise exception 'referral: not in the name of this caller' using errcode = '42501';
end $$;
-- +goose StatementEnd
create trigger referral_guard before insert or update on referral for each row execute function referral_guard();

-- +goose StatementBegin
-- move_record puts a treatment under another case, or (without a case named) a
-- whole case under another person, with everything that belongs to it. Only the
-- office does it. Nobody sees more than those who treat: a moved treatment is
-- open to its hospital and the home of its new case, and a fund that holds money
-- for it keeps its sight.
create function move_record(p_case uuid, p_treatment uuid, p_person uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  t record;
  h uuid;
  c casefile%rowtype;
  v_hospital uuid;
  v_seen uuid[];
begin
  if v_partnership is null or coalesce(current_setting('app.wide', true), '') <> '1' then
    raise exception 'move_record: the office moves records' using errcode = '42501';
  end if;
  select x.* into c from casefile x where x.partnership_id = v_partnership and x.id = p_case for update;
  if not found then
    raise exception 'move_record: no such case' using errcode = '42501';
  end if;
  if p_treatment is null then
    update casefile set person_id = p_person, version = version + 1 where partnership_id = v_partnership and id = p_case;
    for t in select x.tbl from participation_tables() x where x.kind = 'case'
        and exists (select 1 from pg_attribute a where a.attrelid = x.tbl and a.attname = 'person_id' and not a.attisdropped) loop
      execute format('update %s set person_id = $3 where partnership_id = $1 and case_id = $2', t.tbl) using v_partnership, p_case, p_person;
    end loop;
    foreach h in array c.visible_to loop
      perform open_person(v_partnership, p_person, h);
    end loop;
    return;
  end if;
  select x.hospital_id into v_hospital from treatment x where x.partnership_id = v_partnership and x.id = p_treatment for update;
  v_seen := case when v_hospital = c.home_hospital_id then array[v_hospital] else array[v_hospital, c.home_hospital_id] end;
  for t in select x.tbl, x.tbl::text as name, exists (select 1 from pg_attribute a where a.attrelid = x.tbl and a.attname = 'person_id' and not a.attisdropped) as of_person
      from participation_tables() x where x.kind = 'case'
      and (x.tbl::text = 'treatment' or exists (select 1 from pg_attribute a where a.attrelid = x.tbl and a.attname = 'treatment_id' and not a.attisdropped)) loop
    execute format('update %s y set case_id = $2, %s visible_to = $5 || array(select f.id from unnest(y.visible_to) v join fund f on f.partnership_id = $1 and f.id = v)
      where y.partnership_id = $1 and y.%s = $4 and $3 is not null', t.tbl, case when t.of_person then 'person_id = $3,' else '' end,
      case when t.name = 'treatment' then 'id' else 'treatment_id' end) using v_partnership, p_case, c.person_id, p_treatment, v_seen;
  end loop;
  for t in select x.tbl, x.parent, x.parent_key from participation_tables() x where x.kind = 'child' loop
    execute format('update %s y set visible_to = p.visible_to from %s p where y.partnership_id = $1 and p.partnership_id = $1 and p.id = y.%I and p.case_id = $2
      and %s = $3', t.tbl, t.parent, t.parent_key, case when t.parent::text = 'treatment' then 'p.id' else 'p.treatment_id' end)
      using v_partnership, p_case, p_treatment;
  end loop;
  update attachment set case_id = p_case, visible_to = v_seen where partnership_id = v_partnership and owner_kind = 'treatment' and owner_id = p_treatment;
  update casefile set visible_to = visible_to || v_hospital where partnership_id = v_partnership and id = p_case and not (v_hospital = any (visible_to));
  insert into case_participant (partnership_id, hospital_id, opened_on, case_id) values (v_partnership, v_hospital, c.opened_on, c.id) on conflict do nothing;
  perform open_person(v_partnership, c.person_id, v_hospital);
end $$;
-- +goose StatementEnd

revoke all on function participation_tables() from public;
revoke all on function open_person(uuid, uuid, uuid) from public;
revoke all on function open_case(uuid, uuid, uuid) from public;
revoke all on function close_case(uuid, uuid, uuid) from public;
revoke all on function depart(uuid, date) from public;
revoke all on function move_record(uuid, uuid, uuid) from public;
grant execute on function move_record(uuid, uuid, uuid) to shanhai_app;
revoke all on function case_partners(uuid, date) from public;
grant execute on function depart(uuid, date) to shanhai_app;
grant execute on function case_partners(uuid, date) to shanhai_app;

-- Referrals accepted before now opened the case only.
select open_case(r.partnership_id, r.case_id, r.to_hospital_id) from referral r where r.state = 'accepted';
