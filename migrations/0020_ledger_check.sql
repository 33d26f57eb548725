-- What the nightly check of the books found.

-- +goose Up
create table ledger_check (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  checked_at timestamptz not null,
  checked_on date not null, -- the day in Shanghai
  faults int not null check (faults >= 0),
  detail jsonb not null,    -- kinds of faults with the ids of funds, accounts and transfers
  primary key (partnership_id, id)
);
create index ledger_check_latest on ledger_check (partnership_id, checked_at desc, id desc);
select app_shard('ledger_check', 'distributed');
select app_grant('ledger_check', 'append');
select app_protect('ledger_check', 'partnership');
create trigger ledger_check_append_only before update or delete on ledger_check for each row execute function refuse_change();
