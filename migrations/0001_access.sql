-- Scope of a transaction and the helpers every later migration uses.
--
-- Every transaction of the application begins with begin_scope(...). The row
-- policies compare a row with the settings made there; without them no
-- business row is visible. The functions read only the row and the settings,
-- so the same policies hold when the tables are distributed by partnership.

-- +goose Up
-- +goose StatementBegin
create function begin_scope(partnership uuid, actor uuid, practitioner uuid, hospitals uuid[], wide boolean)
returns void language plpgsql as $$
begin
  if coalesce(current_setting('app.actor', true), '') <> '' then
    raise exception 'begin_scope: the scope of this transaction is already set' using errcode = '25001';
  end if;
  if partnership is null or actor is null then
    raise exception 'begin_scope: partnership and actor are required' using errcode = '22004';
  end if;
  -- SET LOCAL, because a call of set_config does not reach distributed workers.
  execute format('set local app.partnership = %L; set local app.actor = %L; set local app.practitioner = %L; set local app.scope = %L; set local app.wide = %L',
    partnership::text, actor::text, coalesce(practitioner::text, ''), coalesce(hospitals::text, ''), case when wide then '1' else '' end);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- app_shard distributes a table where Citus is installed and does nothing elsewhere.
create function app_shard(tbl regclass, how text) returns void language plpgsql as $$
begin
  if exists (select 1 from pg_extension where extname = 'citus') then
    if how = 'reference' then
      execute format('select create_reference_table(%L)', tbl::text);
    else
      execute format('select create_distributed_table(%L, %L)', tbl::text, 'partnership_id');
    end if;
  end if;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- app_grant gives the application role what a kind of table needs and no more:
--   'write'  select, insert, update of every column except the keys and visible_to
--   'full'   as 'write', and delete (derived rows such as search terms)
--   'append' select and insert (ledger, audit, histories)
--   'read'   select only
create function app_grant(tbl regclass, kind text) returns void language plpgsql as $$
declare
  cols text;
begin
  execute format('revoke all on %s from shanhai_app', tbl);
  execute format('grant select on %s to shanhai_app', tbl);
  if kind in ('write', 'full', 'append') then
    execute format('grant insert on %s to shanhai_app', tbl);
  end if;
  if kind in ('write', 'full') then
    select string_agg(quote_ident(attname), ', ') into cols from pg_attribute
      where attrelid = tbl and attnum > 0 and not attisdropped
        and attname not in ('partnership_id', 'id', 'visible_to', 'created_at', 'created_by');
    execute format('grant update (%s) on %s to shanhai_app', cols, tbl);
  end if;
  if kind = 'full' then
    execute format('grant delete on %s to shanhai_app', tbl);
  end if;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- app_protect enables row security. kind:
--   'visible'     the partnership, and visible_to meets the scope (or the scope is wide)
--   'team'        as 'visible', or the reader is in the operating team
--   'hospital'    the partnership, and hospital_id is in the scope (or wide)
--   'partnership' every row of the partnership
-- The text comparison of the first two elements keeps the array from being
-- parsed for every row; two elements are by far the common case.
create function app_protect(tbl regclass, kind text) returns void language plpgsql as $$
declare
  same constant text := $p$partnership_id = nullif(current_setting('app.partnership', true), '')::uuid$p$;
  wide constant text := $p$when current_setting('app.wide', true) = '1' then true$p$;
  team constant text := $p$when nullif(current_setting('app.practitioner', true), '')::uuid = any (team) then true$p$;
  seen constant text := $p$
      when strpos(current_setting('app.scope', true), visible_to[1]::text) > 0 then true
      when cardinality(visible_to) = 1 then false
      when strpos(current_setting('app.scope', true), visible_to[2]::text) > 0 then true
      when cardinality(visible_to) = 2 then false
      else visible_to && nullif(current_setting('app.scope', true), '')::uuid[]$p$;
  rule text;
begin
  rule := case kind
    when 'partnership' then same
    when 'hospital' then same || ' and case ' || wide || $p$ else strpos(current_setting('app.scope', true), hospital_id::text) > 0 end$p$
    when 'team' then same || ' and case ' || wide || ' ' || team || seen || ' end'
    when 'visible' then same || ' and case ' || wide || seen || ' end'
  end;
  if rule is null then
    raise exception 'app_protect: unknown kind %', kind;
  end if;
  execute format('alter table %s enable row level security', tbl);
  execute format('create policy scope on %s for all to shanhai_app using (%s) with check (%s)', tbl, rule, rule);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
-- +goose StatementEnd

revoke all on function begin_scope(uuid, uuid, uuid, uuid[], boolean) from public;
revoke all on function app_shard(regclass, text) from public;
revoke all on function app_grant(regclass, text) from public;
revoke all on function app_protect(regclass, text) from public;
revoke create on schema public from public;
grant usage on schema public to shanhai_app;
grant execute on function begin_scope(uuid, uuid, uuid, uuid[], boolean) to shanhai_app;
grant select on goose_db_version to shanhai_app;
