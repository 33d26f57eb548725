-- Breaking the glass: a doctor with a patient in front of him reads, for an hour,
-- what other hospitals of the partnership did to that patient. It is told to the
-- head of the hospital and to the auditors, and somebody else has to judge it.
--
-- Nothing is opened by a change of who sees a row: a definer function answers the
-- account the glass was broken for, about the one person, until the hour is over.

-- +goose Up
create table glass (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id), -- where the patient is now
  account_id uuid not null references account (id),
  person_id uuid not null,
  reason text not null check (reason <> ''),
  opened_at timestamptz not null,
  until_at timestamptz not null check (until_at > opened_at and until_at <= opened_at + interval '60 minutes'),
  closed_at timestamptz,
  reads int not null default 0 check (reads >= 0),
  due_at timestamptz not null,
  verdict text not null default '' check (verdict in ('', 'justified', 'unjustified')),
  opinion text not null default '',
  judged_by uuid,
  judged_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  foreign key (partnership_id, person_id) references person (partnership_id, id),
  -- Whoever broke it does not say whether that was right.
  constraint glass_second_person check (judged_by <> account_id),
  constraint glass_judged check ((verdict = '') = (judged_by is null))
);
create index glass_list on glass (partnership_id, opened_at desc, id desc);
create index glass_own on glass (partnership_id, account_id, opened_at desc, id desc);
create index glass_waiting on glass (partnership_id, due_at, id) where verdict = '';
create index glass_person on glass (partnership_id, person_id);

select app_shard('glass', 'distributed');
select app_grant('glass', 'write');
-- Only what happens to it later may change: who, whom, why and how long are fixed.
revoke update on glass from shanhai_app;
grant update (closed_at, reads, verdict, opinion, judged_by, judged_at, version) on glass to shanhai_app;
select app_protect('glass', 'hospital');

-- +goose StatementBegin
-- glass_record is what a doctor must know of the patient in front of him: who it
-- is, what was done where, which implants are in, what went wrong. No money, no
-- address, no number, no contact.
create function glass_record(p_glass uuid, p_now timestamptz) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  g glass%rowtype;
  v_people uuid[];
begin
  select x.* into g from glass x where x.partnership_id = v_partnership and x.id = p_glass;
  if not found or g.account_id::text is distinct from nullif(current_setting('app.actor', true), '') or not in_scope(g.hospital_id)
      or g.closed_at is not null or p_now < g.opened_at or p_now >= g.until_at then
    raise exception 'glass_record: the glass is not open to the caller' using errcode = '42501';
  end if;
  -- Records that were merged are one person.
  select array_agg(x.id) into v_people from person p join person x on x.partnership_id = p.partnership_id
    and coalesce(x.root_id, x.id) = coalesce(p.root_id, p.id) where p.partnership_id = v_partnership and p.id = g.person_id;
  return jsonb_build_object(
    'person', (select jsonb_build_object('name', p.name, 'sex', p.sex, 'birth', p.birth_on, 'estimated', p.birth_estimated, 'deceased', p.deceased_on)
      from person p where p.partnership_id = v_partnership and p.id = g.person_id),
    'cases', coalesce((select jsonb_agg(jsonb_build_object('no', c.case_no, 'programme', c.programme, 'diagnosis', c.diagnosis, 'opened', c.opened_on, 'closed', c.closed_on,
        'hospital', coalesce(nullif(o.short_name, ''), o.name)) order by c.opened_on desc, c.id)
      from casefile c join organisation o on o.id = c.home_hospital_id where c.partnership_id = v_partnership and c.person_id = any (v_people) and c.live), '[]'),
    'stays', coalesce((select jsonb_agg(jsonb_build_object('plan', t.plan, 'state', t.state, 'admitted', t.admitted_on, 'discharged', t.discharged_on,
        'hospital', coalesce(nullif(o.short_name, ''), o.name)) order by t.admitted_on desc nulls first, t.id)
      from treatment t join organisation o on o.id = t.hospital_id where t.partnership_id = v_partnership and t.person_id = any (v_people) and t.live), '[]'),
    'operations', coalesce((select jsonb_agg(jsonb_build_object('kind', p.kind, 'side', p.side, 'on', p.operated_on, 'surgeon', p.lead_name,
        'diagnoses', to_jsonb(p.diagnosis_codes), 'hospital', coalesce(nullif(o.short_name, ''), o.name),
        'parts', coalesce((select jsonb_agg(jsonb_build_object('role', m.role, 'side', m.side, 'maker', m.maker, 'brand', m.brand, 'catalogue', m.catalogue_no, 'size', m.size,
            'lot', m.lot, 'serial', m.serial) order by m.id) from component m where m.partnership_id = v_partnership and m.procedure_id = p.id and m.live), '[]'),
        'trouble', coalesce((select jsonb_agg(jsonb_build_object('type', k.type, 'on', k.onset_on, 'grade', k.grade, 'outcome', k.outcome) order by k.onset_on)
          from complication k where k.partnership_id = v_partnership and k.procedure_id = p.id and k.live), '[]')) order by p.operated_on desc, p.id)
      from procedure p join organisation o on o.id = p.hospital_id where p.partnership_id = v_partnership and p.person_id = any (v_people) and p.live), '[]'));
end $$;
-- +goose StatementEnd
revoke all on function glass_record(uuid, timestamptz) from public;
grant execute on function glass_record(uuid, timestamptz) to shanhai_app;
