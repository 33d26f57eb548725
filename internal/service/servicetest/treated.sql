-- One person with a closed case, one treatment, its operations and its settlement.
with who as (
  insert into person (partnership_id, id, root_id, name, name_key, sex, birth_on, visible_to, created_at, created_by)
  values ($1, $2, $3, $4, $4, 'F', '1957-04-07', array[$5::uuid], $6, $2)
  on conflict (partnership_id, id) do update set root_id = coalesce(excluded.root_id, person.root_id), visible_to = case
    when $5 = any (person.visible_to) then person.visible_to else person.visible_to || $5 end
  returning id
), file as (
  insert into casefile (partnership_id, id, case_no, person_id, programme, home_hospital_id, visible_to, state, opened_on, closed_on, closure, live, created_at, created_by)
  values ($1, $7, $8, $2, $9, $5, array[$5::uuid], 'closed', $10, $10, 'cured', $11, $6, $2)
  returning id
), stay as (
  insert into treatment (partnership_id, id, case_id, person_id, programme, hospital_id, visible_to, state, path, admitted_on, operated_on, category, visiting, live, created_at, created_by)
  values ($1, $12, $7, $2, $9, $5, array[$5::uuid], 'settled', 'normal', $10, case when cardinality($13::uuid[]) > 0 then $10::date end, $14, $15, $11, $6, $2)
  returning id
), done as (
  insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on,
    operation_codes, diagnosis_codes, code_catalogue, lead_visiting, detail, marks, live, created_at, created_by)
  select $1, o.id, $12, $7, $2, $9, $16, $17, $18, $5, array[$5::uuid], '{}', $10::date + (o.no - 1)::int, '{}', '{}', '', $15, '{}', '{}', $11, $6, $2
  from unnest($13::uuid[]) with ordinality o(id, no)
  returning id
)
insert into settlement (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, bill_fen, basic_fen, critical_fen,
  assistance_fen, other_fen, fund_fen, waiver_fen, net_fen, state, settled_on, created_at, created_by)
select $1, $19, $12, $7, $2, $9, $5, array[$5::uuid], $20::bigint + $21::bigint + $22::bigint + $23::bigint + $24::bigint + $25::bigint + $26::bigint, $20, $21, $22, $23, $24, $25, $26, $27, $10, $6, $2
where $27::text <> ''
