-- Screenings of outreach days that were kept in a browser without a network:
-- the key by which a hospital opens the store of a browser nobody can sign in to
-- any more, the files handed over for that, and the photos of a screening.

-- +goose Up

alter table attachment drop constraint attachment_owner_kind_check;
alter table attachment add constraint attachment_owner_kind_check
  check (owner_kind in ('registration', 'person_document', 'beneficiary', 'casefile', 'treatment', 'settlement', 'screening'));

-- One key pair for a hospital. Browsers know the public half only.
create table outreach_key (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  public_key bytea not null,
  private_sealed bytea not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create unique index outreach_key_hospital on outreach_key (partnership_id, hospital_id);

-- A file of somebody else's unsent forms: asked for with a reason, then opened.
create table outreach_recovery (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  account_id uuid not null, -- whose forms they are
  digest bytea not null,    -- keyed content address of the file
  forms int not null check (forms >= 0),
  photos int not null check (photos >= 0),
  reason text not null check (reason <> ''),
  created_at timestamptz not null,
  created_by uuid not null,
  done_at timestamptz,
  done_by uuid,
  added int not null default 0,
  repeated int not null default 0,
  refused int not null default 0,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index outreach_recovery_list on outreach_recovery (partnership_id, hospital_id, id desc);

-- What the list of a mission says about a case, for the record in the theatre.
create index visit_case_case on visit_case (partnership_id, case_id, planned_on) where state = 'planned';

select app_shard(t, 'distributed') from unnest(array['outreach_key', 'outreach_recovery']::regclass[]) t;
select app_grant('outreach_key', 'append');
select app_grant('outreach_recovery', 'write');
select app_protect(t, 'hospital') from unnest(array['outreach_key', 'outreach_recovery']::regclass[]) t;
