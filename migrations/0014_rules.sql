-- Rules of payment as data with dates, what has counted of a person's year, and
-- every computation with the version, the inputs and the rows it came to.

-- +goose Up

create table fee_policy (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  no int not null check (no > 0),
  name text not null,
  sample boolean not null,
  region_code text not null,
  from_on date not null,
  to_on date check (to_on >= from_on),
  state text not null check (state in ('draft', 'released', 'discarded')),
  rules jsonb not null,
  based_on uuid,
  -- Everybody who wrote in the draft: none of them releases it.
  authors uuid[] not null,
  created_at timestamptz not null,
  created_by uuid not null,
  released_at timestamptz,
  released_by uuid,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint fee_policy_two_persons check (released_by is null or not released_by = any (authors)),
  check ((state = 'released') = (released_by is not null))
);
create unique index fee_policy_no on fee_policy (partnership_id, region_code, no);
create index fee_policy_list on fee_policy (partnership_id, from_on desc, id desc);
create index fee_policy_released on fee_policy (partnership_id, from_on desc, id desc) where state = 'released';

-- What counted of a person's insurance year, over all hospitals, without saying
-- where: an opening balance from outside, and what was settled here.
create table person_year (
  partnership_id uuid not null,
  person_id uuid not null,
  year int not null check (year > 0),
  kind text not null,
  threshold_fen bigint not null default 0 check (threshold_fen >= 0),
  base_fen bigint not null default 0 check (base_fen >= 0),
  paid_fen bigint not null default 0 check (paid_fen >= 0),
  opening_threshold_fen bigint not null default 0 check (opening_threshold_fen >= 0),
  opening_base_fen bigint not null default 0 check (opening_base_fen >= 0),
  opening_paid_fen bigint not null default 0 check (opening_paid_fen >= 0),
  opening_on date, -- the day the balance stood like this
  opening_source text not null default '',
  visible_to uuid[] not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, person_id, year, kind)
);

create table fee_computation (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  programme text not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  kind text not null check (kind in ('estimate', 'settlement')),
  state text not null check (state in ('live', 'reversed')),
  policy_id uuid not null,
  settlement_id uuid,
  operated_on date not null, -- estimates: the day planned
  counted_on date not null, -- decides version and year
  input jsonb not null,
  opening jsonb not null,
  result jsonb not null,
  counted jsonb not null, -- what was added to the person's year
  bill_fen bigint not null check (bill_fen >= 0),
  insurance_fen bigint not null check (insurance_fen >= 0),
  reduction_fen bigint not null check (reduction_fen >= 0),
  net_fen bigint not null check (net_fen >= 0),
  note text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index fee_computation_treatment on fee_computation (partnership_id, treatment_id, created_at desc, id desc);
create index fee_computation_past on fee_computation (partnership_id, counted_on, id) where kind = 'settlement' and state = 'live';
create unique index fee_computation_settled on fee_computation (partnership_id, settlement_id) where kind = 'settlement' and state = 'live';
create index fee_computation_case on fee_computation (partnership_id, case_id) where kind = 'settlement' and state = 'live';
create index fee_computation_person on fee_computation (partnership_id, person_id, operated_on, id) where kind = 'settlement' and state = 'live';

select app_shard(t, 'distributed') from unnest(array['fee_policy', 'person_year', 'fee_computation']::regclass[]) t;

alter table fee_policy add foreign key (partnership_id, based_on) references fee_policy (partnership_id, id);
alter table person_year add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table fee_computation add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table fee_computation add foreign key (partnership_id, policy_id) references fee_policy (partnership_id, id);
alter table fee_computation add foreign key (partnership_id, settlement_id) references settlement (partnership_id, id);

select app_grant(t, 'write') from unnest(array['fee_policy', 'person_year', 'fee_computation']::regclass[]) t;
select app_protect('fee_policy', 'partnership');
select app_protect('person_year', 'visible');
select app_protect('fee_computation', 'visible');

-- A released version and what was computed are never changed; what counted grows
-- when a late approval is paid back.
create trigger fee_policy_frozen before update on fee_policy
  for each row when (old.state <> 'draft') execute function refuse_change();
create trigger fee_computation_frozen before update of policy_id, kind, operated_on, counted_on, input, opening, result, bill_fen, insurance_fen, reduction_fen, net_fen
  on fee_computation for each row execute function refuse_change();

-- +goose StatementBegin
-- year_of is what counted of a person's insurance year, with all records that are
-- merged with the person's, and never where. The person must be one the caller sees.
create function year_of(p_person uuid, p_year int) returns table (kind text, threshold_fen bigint, base_fen bigint, paid_fen bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select y.kind, sum(y.threshold_fen + y.opening_threshold_fen)::bigint, sum(y.base_fen + y.opening_base_fen)::bigint, sum(y.paid_fen + y.opening_paid_fen)::bigint
  from person p
  join person same on same.partnership_id = p.partnership_id
    and (same.id = p.id or same.id = p.root_id or same.root_id = coalesce(p.root_id, p.id))
  join person_year y on y.partnership_id = same.partnership_id and y.person_id = same.id and y.year = p_year
  where p.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and p.id = p_person
    and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])
  group by y.kind
$$;
-- +goose StatementEnd
revoke all on function year_of(uuid, int) from public;
grant execute on function year_of(uuid, int) to shanhai_app;
