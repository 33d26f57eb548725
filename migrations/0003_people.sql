-- People: identity once per partnership, a hospital's own registration, search
-- terms as rows, and what a patient is entitled to.

-- +goose Up
create table pairing (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  donor_id uuid not null references organisation (id),
  receiving_id uuid not null references organisation (id),
  agreement_no text not null default '',
  from_on date not null,
  to_on date check (to_on >= from_on),
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index pairing_list on pairing (partnership_id, from_on desc, id);

create table person (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  root_id uuid,
  name text not null,
  name_key text collate "C" not null,
  sex text not null check (sex in ('M', 'F', '')),
  birth_on date,
  birth_estimated boolean not null default false,
  ethnicity text not null default '',
  region_code text not null default '',
  deceased_on date,
  visible_to uuid[] not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index person_root on person (partnership_id, root_id) where root_id is not null;

-- A number is unique among verified ones only: "this number is in use" goes to
-- the office's queue and never stops a registration.
create table person_document (
  partnership_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  kind text not null check (kind in ('citizen', 'passport', 'birth', 'hmt', 'foreign')),
  number_sealed bytea not null,
  digest bytea not null,
  last4 text not null,
  verified boolean not null,
  reason text not null default '',
  visible_to uuid[] not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index person_document_verified on person_document (partnership_id, kind, digest) where verified;
create index person_document_person on person_document (partnership_id, person_id);
create index person_document_digest on person_document (partnership_id, digest);

create table registration (
  partnership_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  phone_sealed bytea,
  phone_last4 text not null default '',
  township text not null default '',
  village text not null default '',
  address text not null default '',
  kin_name text not null default '',
  kin_phone_sealed bytea,
  kin_phone_last4 text not null default '',
  legal_basis text not null check (legal_basis in ('statutory', 'consent', 'history')),
  consent_note text not null default '',
  guardian text not null default '',
  slip_code text not null,
  note text not null default '',
  registered_on date not null,
  live boolean not null default true,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index registration_once on registration (partnership_id, hospital_id, person_id);
create unique index registration_slip on registration (partnership_id, hospital_id, slip_code);
create index registration_list on registration (partnership_id, hospital_id, registered_on desc, id desc);
create index registration_wide on registration (partnership_id, registered_on desc, id desc);
create index registration_batch on registration (partnership_id, batch_id) where batch_id is not null;

-- Search under row security uses equality and ranges on text only, so every
-- searchable fragment is a row. Terms carry their kind as a prefix (domain/match):
-- n: whole name, b: two neighbouring characters, i: initials, p: full pinyin,
-- d: digest of the document's tail, x: of its number, t: of the phone's tail,
-- y: of the phone, s: slip code, k: duplicate blocking key.
create table registration_term (
  partnership_id uuid not null,
  hospital_id uuid not null,
  term text collate "C" not null,
  registration_id uuid not null,
  primary key (partnership_id, hospital_id, term, registration_id)
);
create index registration_term_wide on registration_term (partnership_id, term, registration_id);
create index registration_term_owner on registration_term (partnership_id, registration_id);

create table beneficiary (
  partnership_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  category text not null,
  from_on date,
  to_on date check (to_on >= from_on),
  source text not null default '',
  evidence text not null default '', -- number or name of the certificate
  visible_to uuid[] not null,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index beneficiary_person on beneficiary (partnership_id, person_id, category);

-- Every use of the narrow lookup of people registered elsewhere. The keyed
-- digest of the number makes asking twice about one person count once.
create table person_lookup (
  partnership_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  hospital_id uuid not null,
  looked_on date not null,
  looked_at timestamptz not null,
  digest bytea not null,
  found boolean not null,
  primary key (partnership_id, id)
);
create index person_lookup_day on person_lookup (partnership_id, account_id, looked_on);
create index person_lookup_hospital on person_lookup (partnership_id, hospital_id, looked_at desc, id desc);

-- What the programme office has to decide: a number in use, possible duplicates
-- across hospitals, organisations found in old ledgers.
create table review_item (
  partnership_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('number_in_use', 'duplicate', 'override')),
  person_id uuid not null,
  other_person_id uuid,
  hospital_id uuid not null,
  reason text not null default '',
  state text not null default 'open' check (state in ('open', 'merged', 'distinct')),
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index review_item_work on review_item (partnership_id, state, created_at, id);

create table attachment (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  owner_kind text not null check (owner_kind in ('registration', 'person_document', 'beneficiary', 'casefile', 'treatment', 'settlement')),
  owner_id uuid not null,
  kind text not null,
  file_name text not null,
  media_type text not null,
  size_bytes bigint not null,
  digest bytea not null,
  rotation int not null default 0 check (rotation in (0, 90, 180, 270)),
  replaced_by uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index attachment_owner on attachment (partnership_id, owner_kind, owner_id, created_at);

select app_shard(t, 'distributed') from unnest(array['pairing', 'person', 'person_document', 'registration', 'registration_term',
  'beneficiary', 'person_lookup', 'review_item', 'attachment']::regclass[]) t;

alter table person add foreign key (partnership_id, root_id) references person (partnership_id, id);
alter table person_document add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table registration add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table registration_term add foreign key (partnership_id, registration_id) references registration (partnership_id, id);
alter table beneficiary add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table review_item add foreign key (partnership_id, person_id) references person (partnership_id, id);

select app_grant(t, 'write') from unnest(array['pairing', 'person', 'person_document', 'registration', 'beneficiary', 'review_item', 'attachment']::regclass[]) t;
select app_grant('registration_term', 'full');
select app_grant('person_lookup', 'append');

select app_protect('pairing', 'partnership');
select app_protect(t, 'visible') from unnest(array['person', 'person_document', 'registration', 'beneficiary', 'attachment']::regclass[]) t;
select app_protect(t, 'hospital') from unnest(array['registration_term', 'person_lookup', 'review_item']::regclass[]) t;
