-- Printed forms that can be checked, a place in time for every ledger entry, and
-- the packages auditors take away.

-- +goose Up

-- One row per form as it was printed: the short code, and the token of its QR
-- code. Neither says anything about a person or an amount.
create table form_print (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  code text collate "C" not null,
  kind text not null check (kind in ('approval', 'settlement', 'estimate')),
  object_id uuid not null,
  token text not null,
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create unique index form_print_code on form_print (partnership_id, code);
create index form_print_object on form_print (partnership_id, kind, object_id, created_at desc);

-- The place of an entry in the life of its account: the account's version after
-- it. Postings of one account queue for its row, so "everything up to version n"
-- is the same set for ever; a time is not, because transactions commit later than
-- they begin. Entries from before this column count as 0: they are in every cut.
alter table ledger_entry add column seq int not null default 0;

-- +goose StatementBegin
create function ledger_entry_seq() returns trigger language plpgsql as $$
begin
  select a.version into new.seq from ledger_account a where a.partnership_id = new.partnership_id and a.id = new.account_id;
  new.seq := coalesce(new.seq, 0);
  return new;
end $$;
-- +goose StatementEnd
create trigger ledger_entry_seq before insert on ledger_entry for each row execute function ledger_entry_seq();

-- A package for one fund and period. The cut says which ledger entries and log
-- rows are in it; what may change later (names, states) is kept sealed as it was,
-- so that the package can be made again to the byte.
create table audit_package (
  partnership_id uuid not null,
  id uuid not null,
  fund_id uuid not null,
  from_on date not null,
  to_on date not null,
  state text not null check (state in ('waiting', 'ready')),
  cut text not null default '',
  frozen bytea,
  digest bytea,
  size_bytes bigint not null default 0 check (size_bytes >= 0),
  log_rows int not null default 0,
  signer int not null default 0,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  check (from_on <= to_on)
);
create index audit_package_list on audit_package (partnership_id, created_at desc, id desc);
create index audit_package_fund on audit_package (partnership_id, fund_id, created_at desc, id desc);

select app_shard(t, 'distributed') from unnest(array['form_print', 'audit_package']::regclass[]) t;
alter table audit_package add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
select app_grant('form_print', 'append');
select app_grant('audit_package', 'write');
select app_protect(t, 'partnership') from unnest(array['form_print', 'audit_package']::regclass[]) t;
create trigger form_print_append_only before update or delete on form_print for each row execute function refuse_change();
