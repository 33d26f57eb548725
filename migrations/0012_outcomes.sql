-- The register's sheet of an operation, the readings of an eye, and what went
-- wrong after an operation.

-- +goose Up

-- How many needed answers the sheet lacks (null: nobody was asked, as in a
-- record from an old ledger), and whether the reasons of a revision were looked
-- at again once the cultures were back.
alter table procedure add column sheet_missing int check (sheet_missing >= 0);
alter table procedure add column reason_status text not null default '' check (reason_status in ('', 'PROVISIONAL', 'CONFIRMED'));
grant update (sheet_missing, reason_status) on procedure to shanhai_app;
create index procedure_incomplete on procedure (partnership_id, hospital_id, operated_on desc, id desc) where live and sheet_missing > 0;
create index procedure_unsigned on procedure (partnership_id, hospital_id, operated_on desc, id desc) where live and validated_by is null;
create index procedure_recheck on procedure (partnership_id, hospital_id, operated_on desc, id desc) where live and reason_status = 'PROVISIONAL';

-- One reading of one eye. The value is logMAR in its stored spelling, or a sign;
-- what stood on the chart is kept beside it.
create table acuity_reading (
  partnership_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  side text not null check (side in ('L', 'R')),
  taken_on date not null,
  value text not null,
  raw text not null,
  notation text not null,
  correction text not null check (correction in ('UDVA', 'PVA', 'CDVA', 'PINHOLE')),
  note text not null default '',
  live boolean not null default true,
  withdrawn_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index acuity_reading_case on acuity_reading (partnership_id, case_id, side, taken_on, id) where live;

create table complication (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  hospital_id uuid not null references organisation (id), -- where it was found
  visible_to uuid[] not null,
  type text not null,
  onset_on date not null,
  grade text not null default '',
  related text not null check (related in ('YES', 'NO', 'UNKNOWN')),
  outcome text not null,
  note text not null default '',
  live boolean not null default true,
  withdrawn_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index complication_procedure on complication (partnership_id, procedure_id, onset_on, id) where live;
create index complication_case on complication (partnership_id, case_id, onset_on);
create index complication_person on complication (partnership_id, person_id, onset_on);

select app_shard(t, 'distributed') from unnest(array['acuity_reading', 'complication']::regclass[]) t;
alter table acuity_reading add foreign key (partnership_id, case_id) references casefile (partnership_id, id);
alter table acuity_reading add foreign key (partnership_id, person_id) references person (partnership_id, id);
alter table complication add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
select app_grant(t, 'write') from unnest(array['acuity_reading', 'complication']::regclass[]) t;
select app_protect(t, 'visible') from unnest(array['acuity_reading', 'complication']::regclass[]) t;
