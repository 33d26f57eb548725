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

-- The insurer's settlement sheets as hospitals hand them in. A sheet is read,
-- matched to treatments and shown before anything happens; its rows keep amounts
-- and no identity.
create table insurer_batch (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  file_name text not null,
  digest bytea not null,
  state text not null check (state in ('previewed', 'applying', 'applied', 'undone')),
  rows_total int not null check (rows_total >= 0),
  rows_wrong int not null check (rows_wrong >= 0),
  rows_done int not null default 0,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index insurer_batch_list on insurer_batch (partnership_id, hospital_id, created_at desc, id desc);
create index insurer_batch_wide on insurer_batch (partnership_id, created_at desc, id desc);
create unique index insurer_batch_once on insurer_batch (partnership_id, hospital_id, digest) where state <> 'undone';

create table insurer_row (
  partnership_id uuid not null,
  id uuid not null,
  batch_id uuid not null,
  hospital_id uuid not null references organisation (id),
  row_no int not null,
  settlement_no text not null,
  treatment_id uuid,
  settled_on date,
  amounts jsonb not null,
  problems jsonb not null,
  drifts jsonb not null,
  act text not null check (act in ('settle', 'compare', 'repeat', 'none')),
  state text not null check (state in ('ready', 'wrong', 'applied', 'undone')),
  settlement_id uuid, -- the one it made, or was compared with
  was jsonb, -- what had counted in the year before, so that it can be put back
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index insurer_row_batch on insurer_row (partnership_id, batch_id, row_no);
create index insurer_row_number on insurer_row (partnership_id, hospital_id, settlement_no) where state = 'applied';

-- Where the insurer, the rules and the settlement do not agree: the worklist.
-- A later case of the same year that a correction would shift stands here too.
create table insurer_difference (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  kind text not null check (kind in ('sheet', 'shift')),
  row_id uuid,
  treatment_id uuid not null,
  settlement_id uuid not null,
  lines jsonb not null,
  state text not null check (state in ('open', 'queried', 'accepted', 'corrected', 'void')),
  note text not null default '',
  decided_at timestamptz,
  decided_by uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index insurer_difference_open on insurer_difference (partnership_id, hospital_id, created_at, id) where state in ('open', 'queried');
create index insurer_difference_wide on insurer_difference (partnership_id, created_at, id) where state in ('open', 'queried');
create index insurer_difference_treatment on insurer_difference (partnership_id, treatment_id);
create index insurer_difference_row on insurer_difference (partnership_id, row_id) where row_id is not null;
create index treatment_discharged on treatment (partnership_id, hospital_id, discharged_on) where discharged_on is not null;

select app_shard(t, 'distributed') from unnest(array['insurer_batch', 'insurer_row', 'insurer_difference']::regclass[]) t;

alter table insurer_row add foreign key (partnership_id, batch_id) references insurer_batch (partnership_id, id);
alter table insurer_row add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table insurer_row add foreign key (partnership_id, settlement_id) references settlement (partnership_id, id);
alter table insurer_difference add foreign key (partnership_id, row_id) references insurer_row (partnership_id, id);
alter table insurer_difference add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table insurer_difference add foreign key (partnership_id, settlement_id) references settlement (partnership_id, id);

select app_grant(t, 'write') from unnest(array['insurer_batch', 'insurer_row', 'insurer_difference']::regclass[]) t;
select app_protect(t, 'hospital') from unnest(array['insurer_batch', 'insurer_row', 'insurer_difference']::regclass[]) t;
