-- Where a fund's money comes from, whom it may help, and money that changes its purpose under two signatures.

-- +goose Up

alter table fund add column source text not null default 'donor_fiscal'
  check (source in ('donor_fiscal', 'recipient_fiscal', 'central', 'municipal', 'enterprise', 'donation', 'waiver'));
-- Null or empty: for every hospital, for every category.
alter table fund add column hospitals uuid[];
alter table fund add column categories text[] not null default '{}';
alter table fund add column ends_on date;
grant update (source, hospitals, categories, ends_on) on fund to shanhai_app;

-- Money that leaves its purpose: to another fund, or back to who gave it.
create table fund_move (
  partnership_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('return', 're_earmark', 'carry_over')),
  from_fund_id uuid not null,
  to_fund_id uuid,
  amount_fen bigint not null check (amount_fen > 0),
  rule text not null,   -- the document that allows it
  reason text not null,
  state text not null check (state in ('requested', 'signed', 'done', 'refused')),
  first_by uuid,
  first_at timestamptz,
  second_by uuid,
  second_at timestamptz,
  opinion text not null default '',
  out_transfer_id uuid,
  in_transfer_id uuid,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint fund_move_where check ((kind = 'return') = (to_fund_id is null) and to_fund_id is distinct from from_fund_id),
  -- Three persons: who asks, and two who approve.
  constraint fund_move_three_persons check ((first_by is null or first_by <> created_by) and (second_by is null or second_by <> created_by and second_by <> first_by)),
  constraint fund_move_done check (state <> 'done' or first_by is not null and second_by is not null and out_transfer_id is not null)
);
create index fund_move_list on fund_move (partnership_id, created_at desc, id desc);
create index fund_move_from on fund_move (partnership_id, from_fund_id, created_at desc);
create index fund_move_to on fund_move (partnership_id, to_fund_id, created_at desc) where to_fund_id is not null;

create index approval_line_held on approval_line (partnership_id, fund_id) where hold = 'open';
select app_shard('fund_move', 'distributed');
alter table fund_move add foreign key (partnership_id, from_fund_id) references fund (partnership_id, id);
alter table fund_move add foreign key (partnership_id, to_fund_id) references fund (partnership_id, id);
select app_grant('fund_move', 'write');
select app_protect('fund_move', 'partnership');
