-- What waits at somebody's own desk: messages of the programme to an account,
-- forms begun and not sent, and who took on which follow-up.

-- +goose Up

-- A message says what happened to a record the account has to do with. It holds
-- no more about the patient than the case number; the note is what the other
-- person wrote as the reason.
create table message (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  account_id uuid not null references account (id),
  kind text not null,
  object_kind text not null,
  object_id uuid not null,
  case_no text not null default '',
  note text not null default '',
  count int not null default 0 check (count >= 0), -- of what it is about, where that is a number
  read_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index message_inbox on message (partnership_id, account_id, created_at desc, id desc);
create index message_unread on message (partnership_id, account_id, created_at desc, id desc) where read_at is null;

-- What was typed into a form and not sent, sealed: it may hold an identity
-- number. The id follows from account and form, so a form has one draft.
create table form_draft (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  account_id uuid not null references account (id),
  body_sealed bytea not null,
  saved_at timestamptz not null,
  dropped_at timestamptz, -- thrown away; it can be taken back for a while
  version int not null default 1,
  primary key (partnership_id, id)
);
create index form_draft_own on form_draft (partnership_id, account_id, saved_at desc, id desc) where dropped_at is null;
create index form_draft_old on form_draft (partnership_id, saved_at);

select app_shard(t, 'distributed') from unnest(array['message', 'form_draft']::regclass[]) t;
select app_grant('message', 'write');
select app_grant('form_draft', 'full');
select app_protect(t, 'partnership') from unnest(array['message', 'form_draft']::regclass[]) t;

-- Who of the hospital took an appointment on; empty: nobody yet.
alter table followup add column taken_by uuid references account (id);
alter table followup add column taken_at timestamptz;
grant update (taken_by, taken_at) on followup to shanhai_app;
create index followup_taken on followup (partnership_id, taken_by, to_on, id) where taken_by is not null and status = 'open' and live;
