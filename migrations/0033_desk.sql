-- What the official's desk remembers: which filter somebody looked with last, and
-- the numbers figures are set against that are not in the records.

-- +goose Up

-- The filter of the desk stays with the person, whatever device is used.
create table desk_filter (
  partnership_id uuid not null references partnership (id),
  id uuid not null, -- the account
  query text not null,
  noted_at timestamptz not null,
  version int not null default 1,
  primary key (partnership_id, id)
);

-- Targets of measures and numbers of elderly people, entered with their source. A
-- later day takes the place of an earlier one; a correction is a new row.
create table reference_value (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  kind text not null check (kind in ('target', 'elderly')),
  key text collate "C" not null, -- id of a measure, or name of a township
  value bigint not null check (value >= 0), -- hundredths of the measure's unit, or people
  from_on date not null,
  source text not null,
  sample boolean not null default false,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index reference_value_of on reference_value (partnership_id, kind, key, from_on desc, created_at desc, id desc);

select app_shard(t, 'distributed') from unnest(array['desk_filter', 'reference_value']::regclass[]) t;
select app_grant('desk_filter', 'write');
select app_grant('reference_value', 'append');
select app_protect(t, 'partnership') from unnest(array['desk_filter', 'reference_value']::regclass[]) t;
create trigger reference_value_append_only before update or delete on reference_value for each row execute function refuse_change();
