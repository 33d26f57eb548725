-- A person's insurance year is held as a whole, whatever record the person goes
-- by, and counts what the insurer says where no rules were applied.

-- +goose Up

-- +goose StatementBegin
-- lock_year holds the insurance year of a person and of all records merged with
-- the person's, in the order of their ids: what year_of adds up is held, and not
-- the caller's own record only. The person must be one the caller sees.
create function lock_year(p_person uuid, p_year int, p_at timestamptz, p_by uuid) returns int
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  ids uuid[];
begin
  select array_agg(same.id order by same.id) into ids
  from person p
  join person same on same.partnership_id = p.partnership_id
    and (same.id = p.id or same.id = p.root_id or same.root_id = coalesce(p.root_id, p.id))
  where p.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and p.id = p_person
    and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[]);
  if ids is null then
    return 0;
  end if;
  insert into person_year (partnership_id, person_id, year, kind, visible_to, created_at, created_by)
    select p.partnership_id, p.id, p_year, 'basic', p.visible_to, p_at, p_by from person p
    where p.partnership_id = current_setting('app.partnership', true)::uuid and p.id = any (ids) order by p.id
    on conflict do nothing;
  perform 1 from person_year y where y.partnership_id = current_setting('app.partnership', true)::uuid and y.person_id = any (ids) and y.year = p_year
    and y.kind = 'basic' order by y.person_id for update;
  return cardinality(ids);
end $$;
-- +goose StatementEnd
revoke all on function lock_year(uuid, int, timestamptz, uuid) from public;
grant execute on function lock_year(uuid, int, timestamptz, uuid) to shanhai_app;

-- What counted of a settled case by the insurer's own figures: no version of the
-- rules stands behind it, or not alone.
alter table fee_computation alter column policy_id drop not null;
alter table fee_computation add column source text not null default 'rules' check (source in ('rules', 'typed', 'sheet'));
alter table fee_computation add check (policy_id is not null or (kind = 'settlement' and source <> 'rules'));
grant update (source) on fee_computation to shanhai_app;
