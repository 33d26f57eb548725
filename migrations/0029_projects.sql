-- The project library, deposits with an earmark of their own, and which deposit
-- paid which case.

-- +goose Up

-- A project of the cooperation plan. Its planned amount counts once a second
-- person approved it.
create table fund_project (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  code text not null,
  name text not null,
  year int not null check (year > 0),
  source text not null check (source in ('donor_fiscal', 'recipient_fiscal', 'central', 'municipal', 'enterprise', 'donation', 'waiver')),
  planned_fen bigint not null check (planned_fen >= 0),
  unit text not null, -- who is responsible
  listed_on date not null,
  state text not null check (state in ('draft', 'approved', 'closed')),
  planned_by uuid not null,
  approved_by uuid,
  approved_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint fund_project_two_persons check (approved_by is null or approved_by <> planned_by),
  constraint fund_project_approved check (state <> 'approved' or approved_by is not null)
);
create unique index fund_project_code on fund_project (partnership_id, code);
create index fund_project_list on fund_project (partnership_id, year desc, id desc);

-- A deposit with an earmark or a project of its own. What came in without either
-- is the fund's common money and has no row here. The id is that of the transfer.
create table fund_deposit (
  partnership_id uuid not null,
  id uuid not null,
  fund_id uuid not null,
  project_id uuid,
  note text not null,
  received_on date not null,
  amount_fen bigint not null check (amount_fen > 0),
  left_fen bigint not null,
  -- What binds: empty or null binds nothing beyond what the fund binds.
  programme text not null default '',
  hospitals uuid[],
  categories text[] not null default '{}',
  from_on date,
  to_on date,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint fund_deposit_left check (left_fen between 0 and amount_fen)
);
create index fund_deposit_list on fund_deposit (partnership_id, fund_id, received_on desc, id desc);
create index fund_deposit_project on fund_deposit (partnership_id, project_id, received_on desc, id desc) where project_id is not null;
create index fund_deposit_live on fund_deposit (partnership_id, fund_id) where left_fen > 0;

-- What was taken from a deposit (positive) or given back to it, with the transfer
-- that did it; written once.
create table deposit_draw (
  partnership_id uuid not null,
  id uuid not null,
  deposit_id uuid not null,
  fund_id uuid not null,
  transfer_id uuid not null,
  approval_id uuid,
  treatment_id uuid,
  amount_fen bigint not null check (amount_fen <> 0),
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index deposit_draw_deposit on deposit_draw (partnership_id, deposit_id, created_at desc, id desc);
create index deposit_draw_approval on deposit_draw (partnership_id, approval_id) where approval_id is not null;

-- For the flow of a period: what was paid for treatments, by fund and day.
create index ledger_transfer_flow on ledger_transfer (partnership_id, fund_id, effective_on) where treatment_id is not null;

-- Year end: a move may concern one deposit.
alter table fund_move add column deposit_id uuid;

select app_shard(t, 'distributed') from unnest(array['fund_project', 'fund_deposit', 'deposit_draw']::regclass[]) t;
alter table fund_deposit add foreign key (partnership_id, id) references ledger_transfer (partnership_id, id);
alter table fund_deposit add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table fund_deposit add foreign key (partnership_id, project_id) references fund_project (partnership_id, id);
alter table deposit_draw add foreign key (partnership_id, deposit_id) references fund_deposit (partnership_id, id);
alter table deposit_draw add foreign key (partnership_id, fund_id) references fund (partnership_id, id);
alter table deposit_draw add foreign key (partnership_id, transfer_id) references ledger_transfer (partnership_id, id);
alter table deposit_draw add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
alter table deposit_draw add foreign key (partnership_id, treatment_id) references treatment (partnership_id, id);
alter table fund_move add foreign key (partnership_id, deposit_id) references fund_deposit (partnership_id, id);

select app_grant('fund_project', 'write');
select app_grant('fund_deposit', 'append');
grant update (left_fen, version) on fund_deposit to shanhai_app; -- what a deposit is for never changes
select app_grant('deposit_draw', 'append');
select app_protect(t, 'partnership') from unnest(array['fund_project', 'fund_deposit', 'deposit_draw']::regclass[]) t;
create trigger deposit_draw_append_only before update or delete on deposit_draw for each row execute function refuse_change();

-- +goose StatementBegin
-- The net under the code, at the end of every transaction that moved money: what
-- is left of the deposits is there, and no case draws more from deposits than the
-- fund holds or paid for it. A fund without such deposits costs one look.
create function fund_deposit_covered() returns trigger language plpgsql as $$
declare
  rest bigint;
  there bigint;
  drawn bigint;
  held bigint;
begin
  if not exists (select 1 from fund_deposit d where d.partnership_id = new.partnership_id and d.fund_id = new.fund_id) then
    return null;
  end if;
  select coalesce(sum(d.left_fen), 0) into rest from fund_deposit d
    where d.partnership_id = new.partnership_id and d.fund_id = new.fund_id and d.left_fen > 0;
  select coalesce(sum(l.balance_fen), 0) into there from ledger_account l
    where l.partnership_id = new.partnership_id and l.fund_id = new.fund_id and l.kind = 'available';
  if rest > there then
    raise exception 'fund %: deposits have % left, available is %', new.fund_id, rest, there
      using errcode = '23514', constraint = 'fund_deposit_covered';
  end if;
  if new.approval_id is not null then
    select coalesce(sum(x.amount_fen), 0) into drawn from deposit_draw x
      where x.partnership_id = new.partnership_id and x.approval_id = new.approval_id and x.fund_id = new.fund_id;
    select coalesce(-sum(e.amount_fen), 0) into held from ledger_transfer t
      join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id
      join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'available'
      where t.partnership_id = new.partnership_id and t.treatment_id = new.treatment_id and t.approval_id = new.approval_id and t.fund_id = new.fund_id;
    if drawn > held or drawn < 0 then
      raise exception 'approval %: % drawn from deposits, % left the fund', new.approval_id, drawn, held
        using errcode = '23514', constraint = 'fund_deposit_covered';
    end if;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger fund_deposit_covered after insert on ledger_transfer
  deferrable initially deferred for each row execute function fund_deposit_covered();
