-- A second factor for every account (an authenticator app, RFC 6238), single-use
-- recovery codes, and sessions a person can tell apart and end one by one.

-- +goose Up
create table second_factor (
  account_id uuid primary key references account (id),
  secret_sealed bytea not null,
  begun_at timestamptz not null,
  confirmed_at timestamptz,          -- null: begun, not asked for yet
  last_step bigint not null default 0 -- the latest accepted step of 30 seconds; no code counts twice
);

-- Only keyed digests are kept: 40 bits would be guessed from a stolen table.
create table recovery_code (
  account_id uuid not null references account (id),
  digest bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (account_id, digest)
);

-- The random default only names rows that were there before.
alter table session add column id uuid not null default gen_random_uuid();
create unique index session_id on session (id);

select app_grant(t, 'full') from unnest(array['second_factor', 'recovery_code', 'session']::regclass[]) t;

