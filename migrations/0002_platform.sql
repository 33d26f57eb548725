-- Platform tables (no partnership) and bridges between accounts, organisations
-- and partnerships. They carry no patient data; what an account may see is
-- computed from them before a business transaction begins.

-- +goose Up
create table installation (
  only_row boolean primary key default true check (only_row),
  demo boolean not null,
  demo_complete boolean not null default false,
  created_at timestamptz not null
);

create table organisation (
  id uuid primary key,
  code text not null unique,
  name text not null,
  short_name text not null default '',
  kind text not null check (kind in ('hospital', 'office', 'commission', 'other')),
  region_code text not null default '',
  provisional boolean not null default false,
  merged_into uuid references organisation (id),
  created_at timestamptz not null,
  version int not null default 1
);

create table partnership (
  id uuid primary key,
  code text not null unique,
  name text not null,
  donor_region text not null,
  donor_name text not null,
  receiving_region text not null,
  receiving_name text not null,
  opened_on date not null,
  scratch boolean not null default false,
  created_at timestamptz not null,
  version int not null default 1
);

create table practitioner (
  id uuid primary key,
  name text not null,
  name_key text collate "C" not null,
  licence_no text not null default '',
  home_organisation_id uuid not null references organisation (id),
  grade text not null default '',
  specialty text not null default '',
  created_at timestamptz not null,
  version int not null default 1
);
create index practitioner_home on practitioner (home_organisation_id, name_key, id);
create index practitioner_list on practitioner (name_key, id);

create table account (
  id uuid primary key,
  username text not null unique check (username = lower(username)),
  display_name text not null,
  organisation_id uuid references organisation (id),
  practitioner_id uuid references practitioner (id),
  password_hash text not null,
  password_changed_at timestamptz not null,
  must_change_password boolean not null default false,
  failed_sign_ins int not null default 0,
  last_failed_at timestamptz,
  disabled_at timestamptz,
  language text not null default 'zh-CN',
  theme text not null default '',
  created_at timestamptz not null,
  version int not null default 1
);
create index account_organisation on account (organisation_id, username);
create unique index account_practitioner on account (practitioner_id) where practitioner_id is not null;

-- Earlier passwords, so that the last ones do not come back.
create table password_history (
  account_id uuid not null references account (id),
  replaced_at timestamptz not null,
  password_hash text not null,
  primary key (account_id, replaced_at)
);

create table session (
  token_hash text primary key,
  account_id uuid references account (id),
  data bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index session_account on session (account_id);
create index session_expiry on session (expires_at);

create table api_token (
  id uuid primary key,
  account_id uuid not null references account (id),
  partnership_id uuid not null, -- the zero uuid: the platform
  name text not null,
  digest bytea not null unique,
  scopes text not null, -- permissions, separated by spaces
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index api_token_account on api_token (account_id, created_at desc);

create table partnership_member (
  partnership_id uuid not null references partnership (id),
  organisation_id uuid not null references organisation (id),
  side text not null check (side in ('donor', 'receiving')),
  from_on date not null,
  to_on date check (to_on >= from_on),
  primary key (partnership_id, organisation_id, from_on)
);
create index partnership_member_organisation on partnership_member (organisation_id);

create table posting (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  practitioner_id uuid not null references practitioner (id),
  organisation_id uuid not null references organisation (id),
  from_on date not null,
  to_on date not null check (to_on >= from_on),
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index posting_practitioner on posting (practitioner_id, from_on);
create index posting_host on posting (partnership_id, organisation_id, from_on desc, id);

create table role_assignment (
  id uuid primary key,
  account_id uuid not null references account (id),
  role text not null,
  scope_kind text not null check (scope_kind in ('platform', 'partnership', 'hospital', 'fund')),
  scope_id uuid not null,
  partnership_id uuid not null,
  from_on date not null,
  to_on date check (to_on >= from_on),
  created_at timestamptz not null,
  created_by uuid not null,
  revoked_at timestamptz
);
create index role_assignment_account on role_assignment (account_id);
create unique index role_assignment_live on role_assignment (account_id, role, scope_kind, scope_id, partnership_id) where revoked_at is null;
-- Three separated administrators: one account never holds two of the duties.
create unique index role_assignment_one_admin on role_assignment (account_id)
  where revoked_at is null and role in ('system_admin', 'security_admin', 'audit_admin');

-- The version every process compares to know that its permission snapshot is old.
create table policy_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into policy_version (version) values (1);

select app_grant(t, 'write') from unnest(array['installation', 'organisation', 'partnership', 'practitioner', 'account',
  'api_token', 'partnership_member', 'posting', 'role_assignment', 'policy_version']::regclass[]) t;
select app_grant('session', 'full');
select app_grant('password_history', 'full');
