-- Security keys as a second factor beside the codes of an app. A record is sealed:
-- whoever can write the table cannot put a key of his own into somebody's account.

-- +goose Up
create table passkey (
  account_id uuid not null references account (id),
  id uuid not null,
  credential bytea not null, -- the key's own id
  name text not null,
  host text not null,        -- the host name it was set up under
  record_sealed bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (account_id, id)
);
create unique index passkey_credential on passkey (credential);

select app_grant('passkey', 'full');
