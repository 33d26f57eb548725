-- Outreach days: who was screened in which village, what was found and advised,
-- and who of them became a patient.

-- +goose Up

create table screening (
  partnership_id uuid not null,
  id uuid not null, -- made by the client, so that a repeated row is the same row
  hospital_id uuid not null references organisation (id),
  screened_on date not null,
  township text not null,
  village text not null,
  name text not null,
  sex text not null check (sex in ('M', 'F')),
  birth_on date not null,
  birth_estimated boolean not null,
  doc_kind text not null,
  doc_sealed bytea,
  doc_last4 text not null default '',
  phone_sealed bytea,
  phone_last4 text not null default '',
  programme text not null,
  finding jsonb not null,
  triage text not null check (triage in ('SURGERY_ADVISED', 'FURTHER_EXAMINATION', 'OBSERVE', 'NOT_NEEDED')),
  answer text not null default '' check (answer in ('', 'WILLING', 'DECLINED')),
  reason text not null default '',
  reason_text text not null default '',
  note text not null default '',
  legal_basis text not null check (legal_basis in ('statutory', 'consent')),
  consent_note text not null default '',
  guardian text not null default '',
  content bytea not null, -- keyed digest of the row as it came, to tell a repetition from another row
  -- Who the person became; set once, with the registration.
  person_id uuid,
  registration_id uuid,
  case_id uuid,
  converted_at timestamptz,
  converted_by uuid,
  live boolean not null default true,
  withdrawn_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index screening_list on screening (partnership_id, hospital_id, screened_on desc, id desc) where live;
create index screening_place on screening (partnership_id, hospital_id, township, village, screened_on desc, id desc) where live;
create index screening_open on screening (partnership_id, hospital_id, answer, screened_on desc, id desc) where live and registration_id is null;
create index screening_alike on screening (partnership_id, hospital_id, name) where live;
create index screening_registration on screening (partnership_id, registration_id) where registration_id is not null;

select app_shard('screening', 'distributed');
alter table screening add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table screening add foreign key (partnership_id, registration_id) references registration (partnership_id, id);
alter table screening add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
select app_grant('screening', 'write');
select app_protect('screening', 'hospital');
