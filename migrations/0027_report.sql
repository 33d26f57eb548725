-- Figures that left the house with hidden cells, files made in the background, and reports of a period.

-- +goose Up

-- Which populations somebody was given figures of, so that two tables of nearly
-- the same people are not handed out.
create table disclosure_release (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  account_id uuid not null,
  signature text not null,
  conditions text[] not null,
  from_on date,
  to_on date,
  people bigint not null check (people >= 0),
  rule text not null, -- procedure and thresholds
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index disclosure_release_of on disclosure_release (partnership_id, account_id, created_at desc, id desc);

-- A file made in the background; only who asked for it gets it, until it expires.
-- The content is sealed outside of the database, under the row's id.
create table download (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  kind text not null,
  query text not null,       -- what was asked for; ids and codes only
  format text not null check (format in ('xlsx', 'csv')),
  language text not null,
  state text not null check (state in ('waiting', 'ready', 'cancelled', 'failed', 'expired')),
  row_count bigint not null default 0,
  size_bytes bigint not null default 0,
  rule text not null default '',
  account_id uuid not null,
  hospitals uuid[] not null, -- the scope of who asked
  funds uuid[] not null,
  wide boolean not null,
  names boolean not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index download_of on download (partnership_id, account_id, created_at desc, id desc);
create index download_expiring on download (partnership_id, expires_at, id) where state in ('waiting', 'ready');

-- The report of a period. Its figures are kept sealed as they were, so that the
-- same report gives the same bytes at any time.
create table report_pack (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  period text not null check (period in ('month', 'quarter', 'year')),
  from_on date not null,
  to_on date not null check (to_on >= from_on),
  programme text not null default '',
  profile text not null check (profile in ('exact', 'restricted', 'public')),
  state text not null check (state in ('waiting', 'ready')),
  rule text not null default '',
  snapshot bytea,
  digest bytea,
  account_id uuid not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint report_pack_done check ((state = 'ready') = (snapshot is not null and digest is not null))
);
create index report_pack_list on report_pack (partnership_id, created_at desc, id desc);

select app_shard(t, 'distributed') from unnest(array['disclosure_release', 'download', 'report_pack']::regclass[]) t;
select app_grant('disclosure_release', 'append');
select app_grant(t, 'write') from unnest(array['download', 'report_pack']::regclass[]) t;
select app_protect(t, 'partnership') from unnest(array['disclosure_release', 'download', 'report_pack']::regclass[]) t;
create trigger disclosure_release_append_only before update or delete on disclosure_release for each row execute function refuse_change();
