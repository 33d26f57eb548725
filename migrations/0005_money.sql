-- Money: integer fen everywhere. The ledger is append-only double entry; the
-- database refuses what the code forgot.

-- +goose Up
create table fund (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  code text not null,
  name text not null,
  programme text not null default '',
  kind text not null check (kind in ('pool', 'history')),
  opened_on date not null,
  closed_on date,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index fund_code on fund (partnership_id, code);

create table ledger_account (
  partnership_id uuid not null,
  id uuid not null,
  fund_id uuid not null,
  kind text not null check (kind in ('source', 'available', 'reserved', 'committed')),
  lane int not null default 0,
  balance_fen bigint not null,
  version int not null default 1,
  primary key (partnership_id, id),
  -- Only the outside world may go below zero: it is where deposits come from.
  constraint ledger_account_not_negative check (balance_fen >= 0 or kind = 'source')
);
create unique index ledger_account_fund on ledger_account (partnership_id, fund_id, kind, lane);

create table ledger_transfer (
  partnership_id uuid not null,
  id uuid not null,
  fund_id uuid not null,
  kind text not null,
  treatment_id uuid,
  approval_id uuid,
  reverses_id uuid,
  batch_id uuid,
  effective_on date not null,
  posted_at timestamptz not null,
  posted_by uuid not null,
  note text not null default '',
  primary key (partnership_id, id)
);
create index ledger_transfer_fund on ledger_transfer (partnership_id, fund_id, posted_at desc, id desc);
create index ledger_transfer_treatment on ledger_transfer (partnership_id, treatment_id) where treatment_id is not null;
create index ledger_transfer_deposits on ledger_transfer (partnership_id, fund_id) where kind = 'deposit';
create unique index ledger_transfer_reversed_once on ledger_transfer (partnership_id, reverses_id) where reverses_id is not null;
create index ledger_transfer_batch on ledger_transfer (partnership_id, batch_id) where batch_id is not null;

create table ledger_entry (
  partnership_id uuid not null,
  transfer_id uuid not null,
  account_id uuid not null,
  amount_fen bigint not null check (amount_fen <> 0),
  -- The account's balance after this entry; unknown where a batch was posted at once.
  balance_fen bigint,
  primary key (partnership_id, transfer_id, account_id)
);
create index ledger_entry_account on ledger_entry (partnership_id, account_id);

create table approval (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  state text not null check (state in ('requested', 'approved', 'refused', 'returned', 'withdrawn', 'revoked')),
  bill_fen bigint not null check (bill_fen >= 0),
  -- What the three public layers will pay together, and how much of it is the second and the third.
  insurance_fen bigint not null check (insurance_fen >= 0),
  critical_fen bigint not null default 0 check (critical_fen >= 0),
  assistance_fen bigint not null default 0 check (assistance_fen >= 0),
  waiver_fen bigint not null default 0 check (waiver_fen >= 0), -- the hospital's own part, beside the funds
  requested_fen bigint not null check (requested_fen > 0),
  approved_fen bigint not null default 0 check (approved_fen >= 0),
  reason text not null default '',
  requested_by uuid not null,
  requested_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  opinion text not null default '',
  version int not null default 1,
  primary key (partnership_id, id),
  -- Two persons: who asks does not decide.
  constraint approval_two_persons check (decided_by is null or decided_by <> requested_by)
);
create unique index approval_one_live on approval (partnership_id, treatment_id) where state in ('requested', 'approved');
create index approval_work on approval (partnership_id, state, requested_at, id);
create index approval_hospital on approval (partnership_id, hospital_id, state, requested_at, id);
create index approval_treatment on approval (partnership_id, treatment_id, requested_at);

-- A reduction may be shared by several funds.
create table approval_line (
  partnership_id uuid not null,
  approval_id uuid not null,
  fund_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  amount_fen bigint not null check (amount_fen > 0),
  reserve_transfer_id uuid,
  -- What became of the held money: nothing held yet, open, committed or released.
  hold text not null default '' check (hold in ('', 'open', 'committed', 'released')),
  primary key (partnership_id, approval_id, fund_id)
);

create table settlement (
  partnership_id uuid not null,
  id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  programme text not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  bill_fen bigint not null check (bill_fen >= 0),
  basic_fen bigint not null check (basic_fen >= 0),
  critical_fen bigint not null check (critical_fen >= 0),
  assistance_fen bigint not null check (assistance_fen >= 0),
  other_fen bigint not null check (other_fen >= 0),
  fund_fen bigint not null check (fund_fen >= 0),
  waiver_fen bigint not null check (waiver_fen >= 0),
  net_fen bigint not null check (net_fen >= 0),
  state text not null check (state in ('draft', 'settled', 'reversed')),
  settled_on date,
  batch_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint settlement_adds_up check (bill_fen = basic_fen + critical_fen + assistance_fen + other_fen + fund_fen + waiver_fen + net_fen)
);
create unique index settlement_one_live on settlement (partnership_id, treatment_id) where state <> 'reversed';
create index settlement_treatment on settlement (partnership_id, treatment_id, created_at);
create index settlement_list on settlement (partnership_id, hospital_id, settled_on desc, id desc);
create index settlement_wide on settlement (partnership_id, settled_on desc, id desc);
create index settlement_batch on settlement (partnership_id, batch_id) where batch_id is not null;

create table settlement_line (
  partnership_id uuid not null,
  settlement_id uuid not null,
  line_no int not null,
  funder text not null check (funder in ('fund', 'hospital')),
  fund_id uuid,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  amount_fen bigint not null check (amount_fen > 0),
  transfer_id uuid,
  primary key (partnership_id, settlement_id, line_no),
  check ((funder = 'fund') = (fund_id is not null))
);

select app_shard(t, 'distributed') from unnest(array['fund', 'ledger_account', 'ledger_transfer', 'ledger_entry', 'approval',
  'approval_line', 'settlement', 'settlement_line']::regclass[]) t;

alter table ledger_account add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table ledger_transfer add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table ledger_transfer add foreign key (partnership_id, reverses_id) references ledger_transfer (partnership_id, id);
alter table ledger_entry add foreign key (partnership_id, transfer_id) references ledger_transfer (partnership_id, id);
alter table ledger_entry add foreign key (partnership_id, account_id) references ledger_account (partnership_id, id);
alter table approval add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table approval_line add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
alter table approval_line add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table settlement add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table settlement_line add foreign key (partnership_id, settlement_id) references settlement (partnership_id, id);

select app_grant(t, 'write') from unnest(array['fund', 'ledger_account', 'approval', 'approval_line', 'settlement', 'settlement_line']::regclass[]) t;
select app_grant(t, 'append') from unnest(array['ledger_transfer', 'ledger_entry']::regclass[]) t;

select app_protect(t, 'partnership') from unnest(array['fund', 'ledger_account', 'ledger_transfer', 'ledger_entry']::regclass[]) t;
select app_protect(t, 'visible') from unnest(array['approval', 'approval_line', 'settlement', 'settlement_line']::regclass[]) t;

create trigger ledger_entry_append_only before update or delete on ledger_entry for each row execute function refuse_change();
create trigger ledger_transfer_append_only before update or delete on ledger_transfer for each row execute function refuse_change();

-- +goose StatementBegin
-- The net under the code: a transfer has at least two entries that sum to zero.
create function ledger_transfer_balances() returns trigger language plpgsql as $$
declare
  total numeric;
  lines int;
begin
  select coalesce(sum(amount_fen), 0), count(*) into total, lines from ledger_entry
    where partnership_id = new.partnership_id and transfer_id = new.id;
  if total <> 0 or lines < 2 then
    raise exception 'ledger transfer % does not balance: % entries, sum %', new.id, lines, total
      using errcode = '23514', constraint = 'ledger_transfer_balances';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger ledger_transfer_balances after insert on ledger_transfer
  deferrable initially deferred for each row execute function ledger_transfer_balances();

-- +goose StatementBegin
-- ledger_post writes one transfer: head, then for each account, in the order of
-- the ids (the lock order of the house), the new balance and the entry that
-- remembers it, in one round trip. It does not decide anything: an account below
-- zero fails on its constraint.
create function ledger_post(p_partnership uuid, p_transfer uuid, p_fund uuid, p_kind text, p_treatment uuid, p_approval uuid,
  p_reverses uuid, p_batch uuid, p_effective date, p_posted timestamptz, p_by uuid, p_note text, p_accounts uuid[], p_amounts bigint[])
returns void language plpgsql as $$
declare
  i int;
  b bigint;
begin
  insert into ledger_transfer (partnership_id, id, fund_id, kind, treatment_id, approval_id, reverses_id, batch_id, effective_on, posted_at, posted_by, note)
    values (p_partnership, p_transfer, p_fund, p_kind, p_treatment, p_approval, p_reverses, p_batch, p_effective, p_posted, p_by, p_note);
  for i in 1 .. cardinality(p_accounts) loop
    if i > 1 and p_accounts[i] <= p_accounts[i - 1] then
      raise exception 'ledger_post: accounts must come in id order' using errcode = '22023';
    end if;
    update ledger_account set balance_fen = balance_fen + p_amounts[i], version = version + 1
      where partnership_id = p_partnership and id = p_accounts[i] and fund_id = p_fund
      returning balance_fen into b;
    if not found then
      raise exception 'ledger_post: no such account' using errcode = '23503', constraint = 'ledger_entry_account';
    end if;
    insert into ledger_entry (partnership_id, transfer_id, account_id, amount_fen, balance_fen)
      values (p_partnership, p_transfer, p_accounts[i], p_amounts[i], b);
  end loop;
end $$;
-- +goose StatementEnd
revoke all on function ledger_post(uuid, uuid, uuid, text, uuid, uuid, uuid, uuid, date, timestamptz, uuid, text, uuid[], bigint[]) from public;
grant execute on function ledger_post(uuid, uuid, uuid, text, uuid, uuid, uuid, uuid, date, timestamptz, uuid, text, uuid[], bigint[]) to shanhai_app;
