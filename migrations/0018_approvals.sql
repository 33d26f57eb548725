-- Who signed a reduction and on what facts, what became of it when a fact
-- changed, appeals, and the partnership's own numbers about all of this.

-- +goose Up

-- Every change is a row; the latest counts. No row: the sample numbers of
-- domain/fund are in force and the pages say so. The id follows from the version,
-- so that two changes of one version meet.
create table funding_rule (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  version int not null,
  single_fen bigint not null check (single_fen >= 0), -- above it two persons approve
  appeal_days int not null check (appeal_days between 1 and 365),
  notice_days int not null check (notice_days between 1 and 365),
  notice_cell int not null check (notice_cell between 1 and 1000),
  hold_days int not null check (hold_days between 1 and 365),
  created_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index funding_rule_latest on funding_rule (partnership_id, version desc);

alter table approval add column digest text not null default ''; -- of the facts that were signed; empty: from before signatures
alter table approval add column signed_on date;
alter table approval add column lapse text not null default '' check (lapse in ('', 'requeued', 'open', 'upheld'));
alter table approval add column lapsed_at timestamptz;
alter table approval add column lapsed_facts text[] not null default '{}';
grant update (digest, signed_on, lapse, lapsed_at, lapsed_facts) on approval to shanhai_app;
create index approval_lapsed on approval (partnership_id, lapsed_at, id) where lapse = 'open' and state = 'approved';
create index approval_lapsed_hospital on approval (partnership_id, hospital_id, lapsed_at, id) where lapse = 'open' and state = 'approved';
create index approval_signed on approval (partnership_id, id) where state = 'approved' and digest <> '';

-- What was asked of the fund, when less was approved: a lapsed request waits
-- with its full amounts again.
alter table approval_line add column asked_fen bigint not null default 0 check (asked_fen >= 0);
update approval_line set asked_fen = amount_fen;
grant update (asked_fen) on approval_line to shanhai_app;

-- What one approver signed; relation 'related' is the declaration by which
-- somebody stays away from the case. The facts name the patient's state: funds do
-- not see them.
create table approval_signature (
  partnership_id uuid not null,
  id uuid not null,
  approval_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  account_id uuid not null,
  relation text not null check (relation in ('none', 'related')),
  amount_fen bigint not null check (amount_fen >= 0),
  digest text not null,
  facts jsonb not null,
  opinion text not null,
  signed_on date not null,
  signed_at timestamptz not null,
  void boolean not null default false, -- the facts changed or the request went back
  version int not null default 1,
  primary key (partnership_id, id)
);
-- Two approvers are two persons.
create unique index approval_signature_once on approval_signature (partnership_id, approval_id, account_id) where not void;
create index approval_signature_approval on approval_signature (partnership_id, approval_id, signed_at, id);

create table approval_appeal (
  partnership_id uuid not null,
  id uuid not null,
  approval_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  state text not null check (state in ('filed', 'granted', 'rejected')),
  reason text not null,
  due_on date not null,
  refused_by uuid not null, -- who decided first, and does not decide again
  decided_by uuid,
  decided_at timestamptz,
  opinion text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint appeal_other_person check (decided_by is null or decided_by <> refused_by and decided_by <> created_by)
);
create unique index approval_appeal_one on approval_appeal (partnership_id, approval_id) where state = 'filed';
create index approval_appeal_approval on approval_appeal (partnership_id, approval_id, created_at);
create index approval_appeal_work on approval_appeal (partnership_id, due_on, id) where state = 'filed';
create index approval_appeal_hospital on approval_appeal (partnership_id, hospital_id, due_on, id) where state = 'filed';

select app_shard(t, 'distributed') from unnest(array['funding_rule', 'approval_signature', 'approval_appeal']::regclass[]) t;
alter table approval_signature add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
alter table approval_appeal add foreign key (partnership_id, approval_id) references approval (partnership_id, id);
select app_grant(t, 'write') from unnest(array['approval_signature', 'approval_appeal']::regclass[]) t;
select app_grant('funding_rule', 'append');
select app_protect('funding_rule', 'partnership');
select app_protect(t, 'visible') from unnest(array['approval_signature', 'approval_appeal']::regclass[]) t;
create trigger funding_rule_append_only before update or delete on funding_rule for each row execute function refuse_change();
