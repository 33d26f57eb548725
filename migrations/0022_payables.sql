-- What happens after a reduction was settled: whom the fund owes, the runs that
-- pay, what the bank returned, and what an audit had paid back.

-- +goose Up

alter table ledger_account drop constraint ledger_account_kind_check;
alter table ledger_account add constraint ledger_account_kind_check check (kind in ('source', 'available', 'reserved', 'committed', 'paid'));
-- Every fund that is there gets the account of what was paid out.
insert into ledger_account (partnership_id, id, fund_id, kind, balance_fen)
  select f.partnership_id, gen_random_uuid(), f.id, 'paid', 0 from fund f;

-- The worklist of what is owed: one row for each transfer that committed money,
-- open until it is paid or taken back. The database keeps it from the ledger and
-- the payments; amounts stay where they are, and the nightly check compares.
create table payable (
  partnership_id uuid not null,
  transfer_id uuid not null,
  fund_id uuid not null,
  effective_on date not null,
  open boolean not null,
  primary key (partnership_id, transfer_id)
);
create index payable_open on payable (partnership_id, effective_on, transfer_id) where open;
create index payable_open_fund on payable (partnership_id, fund_id, effective_on, transfer_id) where open;
insert into payable (partnership_id, transfer_id, fund_id, effective_on, open)
  select t.partnership_id, t.id, t.fund_id, t.effective_on,
    not exists (select 1 from ledger_transfer r where r.partnership_id = t.partnership_id and r.reverses_id = t.id)
  from ledger_transfer t where t.kind in ('commit', 'reimburse');

-- Where a hospital is paid: entered by one person, released by another.
create table hospital_account (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  holder text not null,
  bank text not null,
  number_sealed bytea not null,
  number_last4 text not null,
  from_on date not null,
  state text not null check (state in ('proposed', 'approved', 'refused')),
  decided_by uuid,
  decided_at timestamptz,
  opinion text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint hospital_account_two_persons check (decided_by is null or decided_by <> created_by),
  constraint hospital_account_released check (state <> 'approved' or decided_by is not null)
);
create index hospital_account_list on hospital_account (partnership_id, created_at desc, id desc);
create index hospital_account_valid on hospital_account (partnership_id, hospital_id, from_on desc, id desc) where state = 'approved';
create index hospital_account_hospital on hospital_account (partnership_id, hospital_id, created_at desc, id desc);

-- The card a patient is reimbursed on, or a relative's with the reason for it.
create table payee_card (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  holder text not null,
  relation text not null check (relation in ('self', 'spouse', 'child', 'parent', 'sibling', 'guardian', 'other')),
  note text not null default '',
  bank text not null,
  number_sealed bytea not null,
  number_last4 text not null,
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint payee_card_relative check (relation = 'self' or note <> '')
);
create unique index payee_card_one on payee_card (partnership_id, treatment_id) where live;

-- A settlement run: payables of one fund that are paid together.
create table pay_run (
  partnership_id uuid not null,
  id uuid not null,
  run_no text not null,
  fund_id uuid not null,
  hospital_id uuid references organisation (id), -- null: of all hospitals
  visible_to uuid[] not null,
  up_to date not null,
  state text not null check (state in ('draft', 'approved', 'filed', 'paid', 'cancelled')),
  lines int not null check (lines > 0),
  amount_fen bigint not null check (amount_fen > 0),
  offset_fen bigint not null default 0 check (offset_fen >= 0),
  decided_by uuid,
  decided_at timestamptz,
  opinion text not null default '',
  filed_by uuid,
  filed_at timestamptz,
  csv_digest bytea,
  xlsx_digest bytea,
  paid_on date,
  bank_ref text not null default '',
  paid_by uuid,
  paid_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint pay_run_offset check (offset_fen <= amount_fen),
  constraint pay_run_two_persons check (state = 'cancelled' or decided_by is null or decided_by <> created_by),
  constraint pay_run_approved check (state in ('draft', 'cancelled') or decided_by is not null),
  constraint pay_run_filed check (state not in ('filed', 'paid') or csv_digest is not null and xlsx_digest is not null),
  constraint pay_run_paid check (state <> 'paid' or paid_on is not null and bank_ref <> '')
);
create unique index pay_run_number on pay_run (partnership_id, run_no);
create index pay_run_list on pay_run (partnership_id, created_at desc, id desc);
create index pay_run_fund on pay_run (partnership_id, fund_id, created_at desc, id desc);

-- Wrongly paid money that is to come back.
create table recovery (
  partnership_id uuid not null,
  id uuid not null,
  payable_id uuid not null, -- the transfer that committed what was wrongly paid
  fund_id uuid not null,
  treatment_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  debtor text not null check (debtor in ('hospital', 'person')),
  source text not null check (source in ('audit', 'inspection', 'self_check', 'complaint')),
  reason text not null,
  amount_fen bigint not null check (amount_fen > 0),
  state text not null check (state in ('open', 'partly', 'recovered', 'written_off')),
  off_by uuid,
  off_at timestamptz,
  off_reason text not null default '',
  off_confirmed_by uuid,
  off_confirmed_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint recovery_two_persons check (off_confirmed_by is null or off_confirmed_by <> off_by),
  constraint recovery_written_off check (state <> 'written_off' or off_by is not null and off_confirmed_by is not null and off_reason <> '')
);
create index recovery_list on recovery (partnership_id, created_at desc, id desc);
create index recovery_fund on recovery (partnership_id, fund_id, created_at desc, id desc);
create index recovery_hospital on recovery (partnership_id, hospital_id, created_at desc, id desc);
create index recovery_payable on recovery (partnership_id, payable_id);
create index recovery_open on recovery (partnership_id, fund_id, hospital_id, created_at, id) where state in ('open', 'partly') and debtor = 'hospital';

-- One payment: what was committed by one transfer, to one payee, as the bank gets
-- it. Payee and account are kept as they were when the run was made.
create table pay_line (
  partnership_id uuid not null,
  id uuid not null,
  run_id uuid not null,
  line_no int not null,
  payable_id uuid not null, -- the transfer that committed it
  fund_id uuid not null,
  treatment_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  payee text not null check (payee in ('hospital', 'person')),
  holder text not null,
  bank text not null,
  number_sealed bytea not null,
  number_last4 text not null,
  purpose text not null,
  amount_fen bigint not null check (amount_fen > 0),
  recovery_id uuid,
  offset_fen bigint not null default 0 check (offset_fen >= 0),
  state text not null check (state in ('live', 'paid', 'returned', 'dropped')),
  pay_transfer_id uuid,
  offset_transfer_id uuid,
  return_transfer_id uuid,
  returned_on date,
  return_reason text not null default '',
  receipt_no text not null default '',
  receipt_on date,
  receipt_by uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint pay_line_offset check (offset_fen <= amount_fen and (offset_fen = 0 or recovery_id is not null)),
  constraint pay_line_paid check (state not in ('paid', 'returned') or pay_transfer_id is not null),
  constraint pay_line_returned check (state <> 'returned' or return_transfer_id is not null and return_reason <> '')
);
-- Every fen is paid once: what was committed stands in at most one line that is
-- being paid or was paid and not returned.
create unique index pay_line_once on pay_line (partnership_id, payable_id) where state in ('live', 'paid');
create unique index pay_line_no on pay_line (partnership_id, run_id, line_no);
create index pay_line_fund on pay_line (partnership_id, fund_id, id desc);
create index pay_line_hospital on pay_line (partnership_id, hospital_id, id desc);
create index pay_line_payable on pay_line (partnership_id, payable_id, created_at);
create index pay_line_recovery on pay_line (partnership_id, recovery_id) where recovery_id is not null and state = 'live';

-- Money that came back for a finding: kept from a payment, or received.
create table recovery_receipt (
  partnership_id uuid not null,
  transfer_id uuid not null,
  recovery_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  how text not null check (how in ('offset', 'refund')),
  amount_fen bigint not null check (amount_fen > 0),
  received_on date not null,
  reference text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, transfer_id)
);
create index recovery_receipt_of on recovery_receipt (partnership_id, recovery_id, created_at);

select app_shard(t, 'distributed') from unnest(array['payable', 'hospital_account', 'payee_card', 'pay_run', 'pay_line', 'recovery', 'recovery_receipt']::regclass[]) t;

alter table payable add foreign key (partnership_id, transfer_id) references ledger_transfer (partnership_id, id);
alter table payee_card add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table pay_run add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table pay_line add foreign key (partnership_id, run_id) references pay_run (partnership_id, id);
alter table pay_line add foreign key (partnership_id, payable_id) references ledger_transfer (partnership_id, id);
alter table pay_line add foreign key (partnership_id, pay_transfer_id) references ledger_transfer (partnership_id, id);
alter table pay_line add foreign key (partnership_id, return_transfer_id) references ledger_transfer (partnership_id, id);
alter table pay_line add foreign key (partnership_id, recovery_id) references recovery (partnership_id, id);
alter table recovery add foreign key (partnership_id, payable_id) references ledger_transfer (partnership_id, id);
alter table recovery_receipt add foreign key (partnership_id, recovery_id) references recovery (partnership_id, id);
alter table recovery_receipt add foreign key (partnership_id, transfer_id) references ledger_transfer (partnership_id, id);

comment on table payee_card is 'partners never: a card is for the hospital that entered it and for who pays';

select app_grant(t, 'write') from unnest(array['hospital_account', 'payee_card', 'pay_run', 'pay_line', 'recovery']::regclass[]) t;
select app_grant('recovery_receipt', 'append');
-- What is paid, to whom and out of what is written once; only its fate changes.
revoke update on pay_line from shanhai_app;
grant update (state, pay_transfer_id, offset_transfer_id, return_transfer_id, returned_on, return_reason, receipt_no, receipt_on, receipt_by, version) on pay_line to shanhai_app;
revoke update on pay_run from shanhai_app;
grant update (state, decided_by, decided_at, opinion, filed_by, filed_at, csv_digest, xlsx_digest, paid_on, bank_ref, paid_by, paid_at, version) on pay_run to shanhai_app;
revoke update on recovery from shanhai_app;
grant update (state, off_by, off_at, off_reason, off_confirmed_by, off_confirmed_at, version) on recovery to shanhai_app;
revoke update on hospital_account from shanhai_app;
grant update (state, decided_by, decided_at, opinion, version) on hospital_account to shanhai_app;
revoke update on payee_card from shanhai_app;
grant update (live, version) on payee_card to shanhai_app;

select app_grant('payable', 'write');
revoke update on payable from shanhai_app;
grant update (open) on payable to shanhai_app;
select app_protect('payable', 'partnership');
select app_protect('hospital_account', 'hospital');
select app_protect(t, 'visible') from unnest(array['payee_card', 'pay_run', 'pay_line', 'recovery', 'recovery_receipt']::regclass[]) t;

create trigger recovery_receipt_append_only before update or delete on recovery_receipt for each row execute function refuse_change();

-- +goose StatementBegin
-- Only money that is owed is put into a run: committed here, and not taken back.
create function pay_line_owed() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from ledger_transfer t where t.partnership_id = new.partnership_id and t.id = new.payable_id and t.fund_id = new.fund_id
      and t.kind in ('commit', 'reimburse'))
    or exists (select 1 from ledger_transfer r where r.partnership_id = new.partnership_id and r.reverses_id = new.payable_id) then
    raise exception 'pay_line: the transfer % owes nothing', new.payable_id using errcode = '23514', constraint = 'pay_line_owed';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger pay_line_owed after insert on pay_line for each row execute function pay_line_owed();

-- +goose StatementBegin
-- What is in a run or paid is not taken back at its root: the payment is returned
-- or recovered first.
create function ledger_transfer_unpaid() returns trigger language plpgsql as $$
begin
  if exists (select 1 from pay_line l where l.partnership_id = new.partnership_id and l.payable_id = new.reverses_id and l.state in ('live', 'paid')) then
    raise exception 'ledger_transfer: % is being paid or was paid', new.reverses_id using errcode = '23514', constraint = 'ledger_transfer_unpaid';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger ledger_transfer_unpaid before insert on ledger_transfer for each row when (new.reverses_id is not null) execute function ledger_transfer_unpaid();

-- +goose StatementBegin
-- What is committed is owed; what is taken back is not.
create function payable_of_ledger() returns trigger language plpgsql as $$
begin
  if new.kind in ('commit', 'reimburse') then
    insert into payable (partnership_id, transfer_id, fund_id, effective_on, open) values (new.partnership_id, new.id, new.fund_id, new.effective_on, true);
  elsif new.reverses_id is not null then
    update payable set open = false where partnership_id = new.partnership_id and transfer_id = new.reverses_id;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger payable_of_ledger after insert on ledger_transfer for each row execute function payable_of_ledger();

-- +goose StatementBegin
-- What stands in a run or was paid waits no longer; what was dropped or returned
-- waits again.
create function payable_of_line() returns trigger language plpgsql as $$
begin
  update payable set open = new.state not in ('live', 'paid') where partnership_id = new.partnership_id and transfer_id = new.payable_id;
  return null;
end $$;
-- +goose StatementEnd
create trigger payable_of_line after insert or update of state on pay_line for each row execute function payable_of_line();
