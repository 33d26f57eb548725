-- The hospital a patient is registered at learns that another one looked the
-- patient up by the full number. The asking hospital cannot write it: it must not
-- learn where the patient is known.

-- +goose Up
create table lookup_notice (
  partnership_id uuid not null,
  hospital_id uuid not null, -- that knows the patient
  lookup_id uuid not null,
  person_id uuid not null,
  from_hospital_id uuid not null references organisation (id),
  account_id uuid not null,
  looked_at timestamptz not null,
  primary key (partnership_id, hospital_id, lookup_id)
);
create index lookup_notice_list on lookup_notice (partnership_id, hospital_id, looked_at desc, lookup_id desc);
select app_shard('lookup_notice', 'distributed');
alter table lookup_notice add foreign key (partnership_id, lookup_id) references person_lookup (partnership_id, id);
alter table lookup_notice add foreign key (partnership_id, person_id) references person (partnership_id, id);
select app_grant('lookup_notice', 'append');
select app_protect('lookup_notice', 'hospital');

-- +goose StatementBegin
-- lookup_notify tells every hospital that registered the person of a look-up about
-- it. It works once, for a look-up the caller made in a hospital of the scope, and
-- answers nothing.
create function lookup_notify(p_lookup uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  l person_lookup%rowtype;
begin
  select x.* into l from person_lookup x where x.partnership_id = v_partnership and x.id = p_lookup and x.found
    and x.account_id = nullif(current_setting('app.actor', true), '')::uuid;
  if not found or not in_scope(l.hospital_id) then
    raise exception 'lookup_notify: no look-up of the caller' using errcode = '42501';
  end if;
  insert into lookup_notice (partnership_id, hospital_id, lookup_id, person_id, from_hospital_id, account_id, looked_at)
    select v_partnership, r.hospital_id, l.id, r.person_id, l.hospital_id, l.account_id, l.looked_at
    from (select distinct g.hospital_id, g.person_id from person_document d
      join registration g on g.partnership_id = d.partnership_id and g.person_id = d.person_id and g.live
      where d.partnership_id = v_partnership and d.digest = l.digest and d.verified and g.hospital_id <> l.hospital_id) r
    on conflict do nothing;
end $$;
-- +goose StatementEnd
revoke all on function lookup_notify(uuid) from public;
grant execute on function lookup_notify(uuid) to shanhai_app;
