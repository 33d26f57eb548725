-- What was settled before the programme kept its books here counts in a person's
-- year as well: payments as they were made, against the ceilings and the yearly
-- cap of the programme.

-- +goose Up

create index settlement_person on settlement (partnership_id, person_id) where state = 'settled';

-- +goose StatementBegin
-- year_of is what counted of a person's insurance year, with all records that are
-- merged with the person's, and never where. The person must be one the caller sees.
-- A settlement that came with a workbook of earlier years has no computation: it
-- counts by its own amounts until the insurer's sheet states it, which makes one.
create or replace function year_of(p_person uuid, p_year int) returns table (kind text, threshold_fen bigint, base_fen bigint, paid_fen bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  with same as (
    select s.partnership_id, s.id from person p
    join person s on s.partnership_id = p.partnership_id and (s.id = p.id or s.id = p.root_id or s.root_id = coalesce(p.root_id, p.id))
    where p.partnership_id = nullif(current_setting('app.partnership', true), '')::uuid and p.id = p_person
      and (current_setting('app.wide', true) = '1' or p.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])),
  line as (
    select y.kind, y.threshold_fen + y.opening_threshold_fen as threshold_fen, y.base_fen + y.opening_base_fen as base_fen, y.paid_fen + y.opening_paid_fen as paid_fen
    from same join person_year y on y.partnership_id = same.partnership_id and y.person_id = same.id and y.year = p_year
    union all
    select k.kind, 0, k.base_fen, k.paid_fen
    from same
    join settlement x on x.partnership_id = same.partnership_id and x.person_id = same.id and x.state = 'settled'
    join treatment t on t.partnership_id = x.partnership_id and t.id = x.treatment_id and t.live and t.path = 'history'
    cross join lateral (values ('basic', 0::bigint, x.basic_fen), ('critical', 0, x.critical_fen), ('assistance', 0, x.assistance_fen),
      ('reduction.' || x.programme, x.fund_fen + x.waiver_fen + x.net_fen, x.fund_fen + x.waiver_fen)) k (kind, base_fen, paid_fen)
    where extract(year from x.settled_on) = p_year and (k.base_fen <> 0 or k.paid_fen <> 0)
      and not exists (select 1 from fee_computation c where c.partnership_id = x.partnership_id and c.treatment_id = x.treatment_id and c.settlement_id = x.id and c.state = 'live'))
  select l.kind, sum(l.threshold_fen)::bigint, sum(l.base_fen)::bigint, sum(l.paid_fen)::bigint from line l group by l.kind
$$;
-- +goose StatementEnd
