-- Summary rows: the counts and sums of the overview, kept beside the records.
--
-- A change of a record leaves a mark on its person, in the same transaction and
-- nothing more. In the background the marks are folded: what the marked people
-- stand for is counted anew and the difference goes into the cells. Who reads
-- takes the cells and counts the still marked people from their records, at one
-- instant, so a figure moves with the change itself and is never a sum of
-- distinct persons.

-- +goose Up

-- A person one of whose records changed since the cells were written. The root is
-- the one the person had then: the cells may know the records under that name.
-- Every transaction has its own row, so no writer waits for another or for the
-- folding.
create table summary_mark (
  partnership_id uuid not null,
  person_id uuid not null,
  tx bigint not null,
  root_id uuid not null,
  primary key (partnership_id, person_id, tx)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What a person (root) stands for in the cells: one row for each place, month,
-- programme, category, kind of surgeon and set of hospitals that see it.
create table summary_person (
  partnership_id uuid not null,
  root_id uuid not null,
  no int not null,
  place_id uuid not null, -- where it was done; a merged hospital counts as the one it was merged into
  month date not null,
  programme text not null,
  category text not null,
  visiting boolean not null,
  visible_to uuid[] not null,
  first_on date not null,
  last_on date not null,
  operations int not null,
  treatments int not null,
  bill_fen bigint not null,
  basic_fen bigint not null,
  critical_fen bigint not null,
  assistance_fen bigint not null,
  other_fen bigint not null,
  fund_fen bigint not null,
  waiver_fen bigint not null,
  net_fen bigint not null,
  primary key (partnership_id, root_id, no)
);

-- A cell: what one reader sees of one combination of conditions. The mask says
-- which conditions bind: 1 place, 2 programme, 4 category or 8 surgeon; the columns
-- of the others are empty. The reader (hospital_id) is a hospital, or the zero id:
-- who sees the whole partnership. The cells of one place as the whole partnership
-- sees it are those of the place itself.
create table summary_cell (
  partnership_id uuid not null,
  hospital_id uuid not null,
  mask int not null,
  span text not null check (span in ('all', 'year', 'month')),
  since date not null, -- first day of the span
  place_id uuid not null,
  programme text not null,
  category text not null,
  surgeon text not null,
  first_on date not null, -- nothing in the cell is older, nothing younger than last_on
  last_on date not null,
  operations bigint not null,
  persons bigint not null,
  treatments bigint not null,
  bill_fen bigint not null,
  basic_fen bigint not null,
  critical_fen bigint not null,
  assistance_fen bigint not null,
  other_fen bigint not null,
  fund_fen bigint not null,
  waiver_fen bigint not null,
  net_fen bigint not null,
  primary key (partnership_id, mask, span, place_id, hospital_id, since, programme, category, surgeon)
);

-- 'fold': with which mergers of hospitals the cells were written; whoever folds
-- holds this row. 'check': what the latest check against the records found.
create table summary_state (
  partnership_id uuid not null,
  kind text not null,
  at timestamptz not null,
  places text not null default '',
  faults int not null default 0,
  detail jsonb not null default '[]',
  primary key (partnership_id, kind)
);

select app_shard(t, 'distributed') from unnest(array['summary_mark', 'summary_person', 'summary_cell', 'summary_state']::regclass[]) t;
select app_grant(t, 'full') from unnest(array['summary_mark', 'summary_person', 'summary_cell']::regclass[]) t;
select app_grant('summary_state', 'write');
select app_protect(t, 'partnership') from unnest(array['summary_mark', 'summary_state']::regclass[]) t;
select app_protect('summary_person', 'visible');
select app_protect('summary_cell', 'hospital');

-- The records of marked people are looked up by person.
create index treatment_person on treatment (partnership_id, person_id) where operated_on is not null;

-- +goose StatementBegin
create function summary_of_record() returns trigger language plpgsql as $$
declare
  v_root uuid;
begin
  if tg_op <> 'DELETE' then
    select q.root_id into v_root from person q where q.partnership_id = new.partnership_id and q.id = new.person_id;
    insert into summary_mark (partnership_id, person_id, tx, root_id) values (new.partnership_id, new.person_id, txid_current(), coalesce(v_root, new.person_id))
      on conflict do nothing;
  end if;
  if tg_op <> 'INSERT' and (tg_op = 'DELETE' or old.person_id <> new.person_id) then
    select q.root_id into v_root from person q where q.partnership_id = old.partnership_id and q.id = old.person_id;
    insert into summary_mark (partnership_id, person_id, tx, root_id) values (old.partnership_id, old.person_id, txid_current(), coalesce(v_root, old.person_id))
      on conflict do nothing;
  end if;
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The category and the readers of a treatment are also those of its operations.
create function summary_of_operations() returns trigger language plpgsql as $$
begin
  insert into summary_mark (partnership_id, person_id, tx, root_id)
    select distinct o.partnership_id, o.person_id, txid_current(), coalesce(q.root_id, o.person_id) from procedure o
      left join person q on q.partnership_id = o.partnership_id and q.id = o.person_id
      where o.partnership_id = new.partnership_id and o.treatment_id = new.id and o.live
    on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function summary_of_settlement() returns trigger language plpgsql as $$
declare
  r record;
begin
  if tg_op = 'DELETE' then
    r := old;
  else
    r := new;
  end if;
  insert into summary_mark (partnership_id, person_id, tx, root_id)
    select t.partnership_id, t.person_id, txid_current(), coalesce(q.root_id, t.person_id) from treatment t
      left join person q on q.partnership_id = t.partnership_id and q.id = t.person_id
      where t.partnership_id = r.partnership_id and t.id = r.treatment_id
    on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A person that becomes or ceases to be another one moves all records from one
-- root to the other.
create function summary_of_root() returns trigger language plpgsql as $$
begin
  insert into summary_mark (partnership_id, person_id, tx, root_id) values
      (new.partnership_id, new.id, txid_current(), coalesce(old.root_id, old.id)),
      (new.partnership_id, coalesce(old.root_id, old.id), txid_current(), coalesce(old.root_id, old.id)),
      (new.partnership_id, coalesce(new.root_id, new.id), txid_current(), coalesce(new.root_id, new.id))
    on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd

create trigger summary_of_new after insert on procedure for each row when (new.live) execute function summary_of_record();
create trigger summary_of_gone after delete on procedure for each row execute function summary_of_record();
create trigger summary_of_change after update on procedure for each row
  when ((old.live, old.operated_on, old.programme, old.hospital_id, old.lead_visiting, old.person_id, old.treatment_id, old.visible_to)
    is distinct from (new.live, new.operated_on, new.programme, new.hospital_id, new.lead_visiting, new.person_id, new.treatment_id, new.visible_to))
  execute function summary_of_record();
create trigger summary_of_new after insert on treatment for each row when (new.live and new.operated_on is not null) execute function summary_of_record();
create trigger summary_of_gone after delete on treatment for each row execute function summary_of_record();
create trigger summary_of_change after update on treatment for each row
  when ((old.live, old.operated_on, old.programme, old.hospital_id, old.category, old.visiting, old.person_id, old.visible_to)
    is distinct from (new.live, new.operated_on, new.programme, new.hospital_id, new.category, new.visiting, new.person_id, new.visible_to))
  execute function summary_of_record();
create trigger summary_of_operations after update on treatment for each row
  when ((old.category, old.visible_to) is distinct from (new.category, new.visible_to)) execute function summary_of_operations();
create trigger summary_of_new after insert on settlement for each row when (new.state = 'settled') execute function summary_of_settlement();
create trigger summary_of_gone after delete on settlement for each row when (old.state = 'settled') execute function summary_of_settlement();
create trigger summary_of_change after update on settlement for each row
  when ((old.state = 'settled' or new.state = 'settled')
    and (old.state, old.treatment_id, old.visible_to, old.bill_fen, old.basic_fen, old.critical_fen, old.assistance_fen, old.other_fen, old.fund_fen, old.waiver_fen, old.net_fen)
    is distinct from (new.state, new.treatment_id, new.visible_to, new.bill_fen, new.basic_fen, new.critical_fen, new.assistance_fen, new.other_fen, new.fund_fen, new.waiver_fen, new.net_fen))
  execute function summary_of_settlement();
create trigger summary_of_root after update on person for each row when (old.root_id is distinct from new.root_id) execute function summary_of_root();

-- What was recorded before: everybody is marked and folded by the running service.
insert into summary_mark (partnership_id, person_id, tx, root_id)
  select x.partnership_id, x.person_id, 0, coalesce(q.root_id, x.person_id)
  from (select o.partnership_id, o.person_id from procedure o where o.live
    union select t.partnership_id, t.person_id from treatment t where t.live and t.operated_on is not null) x
  left join (select p.partnership_id, p.id, p.root_id from person p) q on q.partnership_id = x.partnership_id and q.id = x.person_id;
