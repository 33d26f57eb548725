-- Implants and devices: the library of what is bought, what each hospital
-- received of it, what was put into whom, what was taken out again, and the
-- disputes about pieces that stand in two records.

-- +goose Up

-- The library belongs to the partnership, not to the platform: prices, the
-- state's bulk procurement and the insurers' codes differ between provinces, and
-- the office that answers for them is the partnership's.
create table device (
  partnership_id uuid not null references partnership (id),
  id uuid not null,
  maker text not null,
  brand text not null,
  catalogue_no text not null,
  di text not null, -- GTIN in 14 digits, or the primary identifier of HIBC
  -- As they are compared: upper case, without spaces and marks.
  maker_key text collate "C" not null,
  brand_key text collate "C" not null,
  ref_key text collate "C" not null,
  registration_no text not null,
  nhsa_code text not null,
  role text not null,
  size text not null,
  diameter_mm int not null check (diameter_mm between 0 and 80),
  side text not null check (side in ('L', 'R', '')),
  material text not null,
  cemented boolean not null,
  price_fen bigint not null check (price_fen >= 0),
  bulk boolean not null,
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index device_ref on device (partnership_id, maker_key, ref_key) where live and ref_key <> '';
create unique index device_di on device (partnership_id, di) where live and di <> '';
create index device_list on device (partnership_id, maker_key, ref_key, id) where live;
create index device_by_ref on device (partnership_id, ref_key, id) where live;
create index device_by_brand on device (partnership_id, brand_key, id) where live;

create table device_stock (
  partnership_id uuid not null,
  id uuid not null,
  hospital_id uuid not null references organisation (id),
  device_id uuid not null,
  lot text not null,
  lot_key text collate "C" not null,
  expires_on date,
  received_on date not null,
  received int not null check (received > 0),
  note text not null default '',
  live boolean not null default true,
  withdrawn_reason text not null default '',
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index device_stock_list on device_stock (partnership_id, hospital_id, received_on desc, id desc) where live;
create index device_stock_lot on device_stock (partnership_id, hospital_id, device_id, lot_key) where live;

-- A part as it was used. What it is, is kept as it was on the day: a line of the
-- library that is corrected later changes no record.
create table component (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  team uuid[] not null,
  implanted_on date not null,
  device_id uuid,
  role text not null,
  maker text not null,
  brand text not null,
  catalogue_no text not null,
  di text not null,
  registration_no text not null,
  nhsa_code text not null,
  size text not null,
  diameter_mm int not null,
  side text not null check (side in ('L', 'R', '')),
  material text not null,
  cemented boolean not null,
  price_fen bigint not null check (price_fen >= 0),
  bulk boolean not null,
  lot text not null,
  serial text not null,
  expires_on date,
  produced_on date,
  quantity int not null check (quantity > 0),
  raw_scan text not null default '',
  sticker_id uuid, -- the photo of the sticker
  lot_key text collate "C" not null,
  ref_key text collate "C" not null,
  brand_key text collate "C" not null,
  -- The one physical piece, by its identifier and by maker and catalogue number.
  -- sole: nobody else has it; disputed: somebody has; exempt: looked at, two
  -- pieces with one number; none: no serial number.
  unit_di text collate "C" not null,
  unit_ref text collate "C" not null,
  claim text not null check (claim in ('none', 'sole', 'disputed', 'exempt')),
  marks text[] not null,
  reason text not null default '', -- why it was used against a rule
  review text not null default '' check (review in ('', 'open', 'done')),
  review_note text not null default '',
  reviewed_by uuid,
  reviewed_at timestamptz,
  entered_by uuid not null, -- who wrote what stands there now
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id),
  constraint component_two_persons check (reviewed_by is null or reviewed_by <> entered_by)
);
-- One piece stands undisputed in one record of the partnership. Whoever comes
-- second is recorded as disputed; the index decides who is second.
create unique index component_unit_di on component (partnership_id, unit_di) where live and claim = 'sole' and unit_di <> '';
create unique index component_unit_ref on component (partnership_id, unit_ref) where live and claim = 'sole' and unit_ref <> '';
create index component_procedure on component (partnership_id, procedure_id, created_at, id);
create index component_disputed on component (partnership_id, treatment_id) where live and claim = 'disputed';
create index component_review on component (partnership_id, hospital_id, created_at desc, id desc) where live and review = 'open';
create index component_lot on component (partnership_id, hospital_id, lot_key, implanted_on desc, id desc) where live;
create index component_ref on component (partnership_id, hospital_id, ref_key, implanted_on desc, id desc) where live;
create index component_brand on component (partnership_id, hospital_id, brand_key, implanted_on desc, id desc) where live;

create table component_change (
  partnership_id uuid not null,
  id uuid not null,
  component_id uuid not null,
  hospital_id uuid not null,
  visible_to uuid[] not null,
  team uuid[] not null,
  action text not null check (action in ('corrected', 'removed', 'reviewed', 'resolved')),
  before jsonb not null,
  after jsonb not null,
  reason text not null default '',
  changed_at timestamptz not null,
  changed_by uuid not null,
  primary key (partnership_id, id)
);
create index component_change_of on component_change (partnership_id, component_id, changed_at, id);

-- What a later operation took out; the part it was put in as, where that is on
-- record.
create table explant (
  partnership_id uuid not null,
  id uuid not null,
  procedure_id uuid not null,
  treatment_id uuid not null,
  case_id uuid not null,
  hospital_id uuid not null references organisation (id),
  visible_to uuid[] not null,
  team uuid[] not null,
  component_id uuid,
  role text not null,
  note text not null default '',
  live boolean not null default true,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create unique index explant_once on explant (partnership_id, component_id) where live and component_id is not null;
create index explant_procedure on explant (partnership_id, procedure_id, created_at, id);

-- One piece in two records. The row says that and when, never whose and where: a
-- hospital finds its own side through its own part.
create table device_dispute (
  partnership_id uuid not null,
  id uuid not null,
  visible_to uuid[] not null,
  first_id uuid not null,
  again_id uuid not null,
  piece text not null,
  used_on date not null,
  again_on date not null,
  state text not null check (state in ('open', 'resolved')),
  outcome text not null default '',
  reason text not null default '',
  resolved_by uuid,
  resolved_at timestamptz,
  created_at timestamptz not null,
  created_by uuid not null,
  version int not null default 1,
  primary key (partnership_id, id)
);
create index device_dispute_list on device_dispute (partnership_id, state, created_at desc, id desc);
create unique index device_dispute_once on device_dispute (partnership_id, again_id) where state = 'open';
comment on table device_dispute is 'partners never: between the hospitals of the two records and the office';

select app_shard(t, 'distributed') from unnest(array['device', 'device_stock', 'component', 'component_change', 'explant', 'device_dispute']::regclass[]) t;

alter table device_stock add foreign key (partnership_id, device_id) references device (partnership_id, id);
alter table component add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
alter table component add foreign key (partnership_id, device_id) references device (partnership_id, id);
alter table component add foreign key (partnership_id, sticker_id) references attachment (partnership_id, id);
alter table component_change add foreign key (partnership_id, component_id) references component (partnership_id, id);
alter table explant add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
alter table explant add foreign key (partnership_id, component_id) references component (partnership_id, id);
alter table device_dispute add foreign key (partnership_id, first_id) references component (partnership_id, id);
alter table device_dispute add foreign key (partnership_id, again_id) references component (partnership_id, id);

select app_grant(t, 'write') from unnest(array['device', 'device_stock', 'component', 'explant']::regclass[]) t;
select app_grant('component_change', 'append');
-- dispute_open writes a dispute, because it concerns a row the caller does not
-- see; the application resolves it.
select app_grant('device_dispute', 'append');
grant update (state, outcome, reason, resolved_by, resolved_at, version) on device_dispute to shanhai_app;

select app_protect('device', 'partnership');
select app_protect('device_stock', 'hospital');
select app_protect(t, 'team') from unnest(array['component', 'component_change', 'explant']::regclass[]) t;
select app_protect('device_dispute', 'visible');
create trigger component_change_append_only before update of before, after, action, changed_by, changed_at or delete on component_change
  for each row execute function refuse_change();

-- +goose StatementBegin
-- device_used_on says on which day a piece was put in somewhere in the
-- partnership, or nothing. It is asked before a part is recorded; it does not
-- say whose and where.
create function device_used_on(p_unit_di text, p_unit_ref text, p_except uuid) returns date
language sql stable security definer set search_path = pg_catalog, public as $$
  select min(u.implanted_on) from (
    select c.implanted_on from component c where c.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid
      and c.unit_di = p_unit_di and c.unit_di <> '' and c.live and c.claim = 'sole' and c.id is distinct from p_except
    union all
    select c.implanted_on from component c where c.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid
      and c.unit_ref = p_unit_ref and c.unit_ref <> '' and c.live and c.claim = 'sole' and c.id is distinct from p_except) u
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- dispute_open puts a disputed part of a hospital of the caller, and the part
-- that has the piece, before both hospitals and the office. It answers the day
-- of the other part, or nothing when nobody has the piece any more.
create function dispute_open(p_component uuid, p_dispute uuid, p_piece text, p_at timestamptz) returns date
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_partnership uuid := nullif(current_setting('app.partnership', true), '')::uuid;
  v_actor uuid := nullif(current_setting('app.actor', true), '')::uuid;
  c component%rowtype;
  h component%rowtype;
begin
  select x.* into c from component x where x.partnership_id = v_partnership and x.id = p_component;
  if not found or c.claim <> 'disputed' or c.entered_by is distinct from v_actor or not in_scope(c.hospital_id) then
    raise exception 'dispute_open: no disputed part of the caller' using errcode = '42501';
  end if;
  select x.* into h from component x where x.partnership_id = v_partnership and x.live and x.claim = 'sole' and x.id <> c.id
    and (x.unit_di = c.unit_di and x.unit_di <> '' or x.unit_ref = c.unit_ref and x.unit_ref <> '')
    order by x.implanted_on, x.id limit 1;
  if not found then
    return null;
  end if;
  insert into device_dispute (partnership_id, id, visible_to, first_id, again_id, piece, used_on, again_on, state, created_at, created_by)
    values (v_partnership, p_dispute, array(select distinct s from unnest(h.visible_to || c.visible_to) s), h.id, c.id, p_piece, h.implanted_on, c.implanted_on,
      'open', p_at, v_actor)
    on conflict do nothing;
  return h.implanted_on;
end $$;
-- +goose StatementEnd
revoke all on function device_used_on(text, text, uuid) from public;
revoke all on function dispute_open(uuid, uuid, text, timestamptz) from public;
grant execute on function device_used_on(text, text, uuid) to shanhai_app;
grant execute on function dispute_open(uuid, uuid, text, timestamptz) to shanhai_app;
