-- Anchors of the log: what every chain of a partnership looked like once a day,
-- signed, so that whoever keeps a copy elsewhere can tell that the end of a chain
-- was cut off or that it was computed anew. And anchors of other installations,
-- kept here for them.

-- +goose Up
create table audit_anchor (
  partnership_id uuid not null,
  id uuid not null,
  made_at timestamptz not null,
  chains int not null check (chains >= 0),
  links bigint not null check (links >= 0),
  digest bytea not null,
  file text not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create index audit_anchor_time on audit_anchor (partnership_id, made_at desc, id desc);

create table held_anchor (
  partnership_id uuid not null,
  id uuid not null,
  origin text not null,       -- who sent it, in the words of who took it in
  origin_id uuid not null,    -- the partnership it names, of the other installation
  made_at timestamptz not null,
  chains int not null check (chains >= 0),
  links bigint not null check (links >= 0),
  digest bytea not null,
  file text not null,
  keys text not null,         -- the public keys it was checked with
  received_at timestamptz not null,
  created_by uuid not null,
  primary key (partnership_id, id)
);
create unique index held_anchor_once on held_anchor (partnership_id, digest);
create index held_anchor_time on held_anchor (partnership_id, received_at desc, id desc);

select app_shard(t, 'distributed') from unnest(array['audit_anchor', 'held_anchor']::regclass[]) t;
select app_grant(t, 'append') from unnest(array['audit_anchor', 'held_anchor']::regclass[]) t;
select app_protect(t, 'partnership') from unnest(array['audit_anchor', 'held_anchor']::regclass[]) t;
create trigger audit_anchor_append_only before update or delete on audit_anchor for each row execute function refuse_change();
create trigger held_anchor_append_only before update or delete on held_anchor for each row execute function refuse_change();
