-- What became of every operation of a partnership, by a chance that depends on
-- its place in time and a seed only: sheets, contacts, scores, complications,
-- deaths, acuity, appointments, lines of money, visits and teaching.
create temporary table o as select p.*, row_number() over (order by p.operated_on, p.programme, p.hospital_id::text, p.id::text) as n from procedure p where p.partnership_id = :p;
create function pg_temp.roll(n bigint, what text, sides int) returns int language sql as $$
  select (('x' || substr(md5(:seed || n || what), 1, 7))::bit(28)::int % sides) $$;
update procedure p set created_at = p.operated_on + interval '1 day' * pg_temp.roll(o.n, 'entered', 5),
  validated_at = case when pg_temp.roll(o.n, 'signed', 3) > 0 then p.operated_on + interval '3 day' end, validated_by = case when pg_temp.roll(o.n, 'signed', 3) > 0 then :p end, entered_by = p.id,
  sheet_missing = nullif(pg_temp.roll(o.n, 'missing', 4), 3), lead_id = case when pg_temp.roll(o.n, 'lead', 6) > 0 then (select id from practitioner order by id::text limit 1) end,
  team = array(select id from practitioner order by id::text limit 1), supervisor_id = case when pg_temp.roll(o.n, 'sup', 3) = 0 then p.id end,
  detail = case when pg_temp.roll(o.n, 'sheet', 3) = 0 then '{}'::jsonb else jsonb_build_object('syndrome', (array['STEMI', 'UA'])[1 + pg_temp.roll(o.n, 'syn', 2)], 'access',
    (array['RADIAL_R', 'FEMORAL', ''])[1 + pg_temp.roll(o.n, 'access', 3)], 'record', jsonb_build_object('values', jsonb_build_object(
      'urgency', jsonb_build_array((array['ELECTIVE', 'EMERGENCY'])[1 + pg_temp.roll(o.n, 'urg', 2)]), 'contrast_ml', jsonb_build_array((80 + pg_temp.roll(o.n, 'ml', 200))::text),
      'egfr', jsonb_build_array((20 + pg_temp.roll(o.n, 'egfr', 60))::text), 'air_kerma_mgy', jsonb_build_array((400 + pg_temp.roll(o.n, 'gy', 900))::text),
      'fluoroscopy_min', jsonb_build_array((5 + pg_temp.roll(o.n, 'fl', 20)) || '.5'), 'door_at', jsonb_build_array(p.operated_on || 'T08:00:00+08:00'),
      'wire_at', jsonb_build_array(p.operated_on || 'T09:' || lpad(pg_temp.roll(o.n, 'wire', 60)::text, 2, '0') || ':00+08:00'),
      'intraop_event', jsonb_build_array((array['NONE', 'PCR', 'DEATH'])[1 + pg_temp.roll(o.n, 'event', 3)]), 'discharge_medicine', jsonb_build_array('ASPIRIN', (array['P2Y12', 'STATIN'])[1 + pg_temp.roll(o.n, 'med', 2)]),
      'achieved_se_d', jsonb_build_array('-0.' || (10 + pg_temp.roll(o.n, 'se', 80))), 'predicted_se_d', jsonb_build_array((array['0.50', '-0.50'])[1 + pg_temp.roll(o.n, 'pse', 2)]),
      'biometry_device', jsonb_build_array((array['OPTICAL', 'NOT_DONE'])[1 + pg_temp.roll(o.n, 'bio', 2)])),
      'lesions', jsonb_build_array(jsonb_build_object('device', jsonb_build_array('DES'), 'stenosis_after', jsonb_build_array((pg_temp.roll(o.n, 'st', 40))::text), 'timi_after', jsonb_build_array((2 + pg_temp.roll(o.n, 'timi', 2))::text))))) end
  from o where o.partnership_id = p.partnership_id and o.id = p.id;
update procedure set supervisor_id = null where partnership_id = :p and lead_id is null;
update casefile c set opened_on = o.operated_on - 10 - pg_temp.roll(o.n, 'wait', 120) from o where c.partnership_id = :p and c.id = o.case_id;
update treatment t set admitted_on = o.operated_on - pg_temp.roll(o.n, 'pre', 4), discharged_on = case when pg_temp.roll(o.n, 'out', 5) > 0 then o.operated_on + pg_temp.roll(o.n, 'stay', 12) end,
  estimate_bill_fen = pg_temp.roll(o.n, 'est', 3) * 1000000 from o where t.partnership_id = :p and t.id = o.treatment_id;
update person q set deceased_on = o.operated_on + pg_temp.roll(o.n, 'died', 400) from o where q.partnership_id = :p and q.id = o.person_id and pg_temp.roll(o.n, 'dead', 9) = 0;
insert into followup_contact (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on, evidence, reached, created_at, created_by)
  select o.partnership_id, md5('k' || k || o.id)::uuid, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, o.operated_on + d, 'phone', pg_temp.roll(o.n, 'reached' || k, 6) > 0,
    o.operated_on + d + pg_temp.roll(o.n, 'late' || k, 4), o.id from o cross join (values (1, 40), (2, 200), (3, 400)) x(k, d) where pg_temp.roll(o.n, 'contact' || k, 4) > 0;
insert into followup_score (partnership_id, id, contact_id, hospital_id, visible_to, instrument, edition, total, parts)
  select k.partnership_id, md5('s' || i || k.id)::uuid, k.id, k.hospital_id, k.visible_to, i, '', 60 + (k.happened_on - o.operated_on) / 20 + pg_temp.roll(o.n, i || k.id, 20), '{}'::jsonb
    from followup_contact k join o on o.id = k.procedure_id cross join unnest(array['HSS', 'HHS']) i where k.partnership_id = :p
  union all select k.partnership_id, md5('z' || k.id)::uuid, k.id, k.hospital_id, k.visible_to, 'SATISFACTION', '', 1 + pg_temp.roll(o.n, 'happy', 5), '{}'::jsonb from followup_contact k join o on o.id = k.procedure_id where k.partnership_id = :p;
insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, grade, related, outcome, created_at, created_by)
  select o.partnership_id, md5('c' || o.id)::uuid, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to,
    (array['READMISSION', 'RETURN_TO_THEATRE', 'PJI', 'DISLOCATION', 'ENDOPHTHALMITIS', 'MI', 'BLEEDING'])[1 + pg_temp.roll(o.n, 'type', 7)], o.operated_on + pg_temp.roll(o.n, 'onset', 420), '3A', 'YES', 'RESOLVED',
    o.operated_on, o.id from o where pg_temp.roll(o.n, 'wrong', 3) = 0;
insert into acuity_reading (partnership_id, id, case_id, person_id, hospital_id, visible_to, side, taken_on, value, raw, notation, correction, created_at, created_by)
  select o.partnership_id, md5('v' || x.k || o.id)::uuid, o.case_id, o.person_id, o.hospital_id, o.visible_to, o.side, o.operated_on + x.d, (array['L0.10', 'L0.40', 'L0.70', 'L1.30', 'HM'])[1 + pg_temp.roll(o.n, 'va' || x.k, 5)],
    '', '', x.c, o.operated_on, o.id from o cross join (values (1, -2, 'PVA'), (2, -2, 'CDVA'), (3, 7, 'PVA'), (4, 40, 'PVA'), (5, 40, 'CDVA')) x(k, d, c) where o.site = 'eye' and pg_temp.roll(o.n, 'read' || x.k, 4) > 0;
insert into followup (partnership_id, id, procedure_id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, step, due_on, from_on, to_on, status, ended_on, evidence, reason, created_at, created_by)
  select o.partnership_id, md5('f' || d || o.id)::uuid, o.id, o.treatment_id, o.case_id, o.person_id, o.programme, o.hospital_id, o.visible_to, 'd' || d, o.operated_on + d, o.operated_on + d - 10, o.operated_on + d + 10, s,
    case when s <> 'open' then o.operated_on + d + pg_temp.roll(o.n, 'kept', 20) end, case when s = 'done' then 'visit' else '' end, '', o.operated_on, o.id
  from o cross join unnest(array[30, 300]) d cross join lateral (select (array['open', 'done', 'done', 'lost', 'closed'])[1 + pg_temp.roll(o.n, 'status' || d, 5)] as s) y;
insert into settlement_line (partnership_id, settlement_id, line_no, funder, hospital_id, visible_to, amount_fen)
  select s.partnership_id, s.id, 1, 'hospital', s.hospital_id, s.visible_to, s.waiver_fen from settlement s where s.partnership_id = :p and s.waiver_fen > 0;
insert into referral (partnership_id, id, case_id, kind, from_hospital_id, to_hospital_id, visible_to, state, reason, created_at, decided_at, created_by)
  select o.partnership_id, md5('r' || o.id)::uuid, o.case_id, 'referral', o.hospital_id, o.hospital_id, o.visible_to, s, '', o.operated_on, case when s not in ('sent', 'revoked') then o.operated_on + pg_temp.roll(o.n, 'answer', 9) end, o.id
  from o cross join lateral (select (array['sent', 'accepted', 'rejected', 'revoked', 'done'])[1 + pg_temp.roll(o.n, 'letter', 5)] as s) y where pg_temp.roll(o.n, 'refer', 3) = 0;
insert into screening (partnership_id, id, hospital_id, screened_on, township, village, name, sex, birth_on, birth_estimated, doc_kind, programme, finding, triage, answer, reason, legal_basis, content, person_id, created_at, created_by)
  select o.partnership_id, md5('n' || o.id)::uuid, o.hospital_id, o.operated_on - 5, '', '', '', 'F', '1950-01-01', false, '', o.programme, '{}', t, a, case when a = 'DECLINED' then 'COST' else '' end, 'statutory', decode(md5(o.id::text), 'hex'),
    case when pg_temp.roll(o.n, 'known', 2) = 0 then o.person_id end, o.operated_on, o.id
  from o cross join lateral (select (array['SURGERY_ADVISED', 'SURGERY_ADVISED', 'OBSERVE'])[1 + pg_temp.roll(o.n, 'triage', 3)] as t, (array['', 'WILLING', 'DECLINED'])[1 + pg_temp.roll(o.n, 'will', 3)] as a) y;
insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, created_at, created_by)
  select o.partnership_id, md5('visit' || o.id)::uuid, o.hospital_id, 'x', o.operated_on - 1, o.operated_on + 1, (array['planned', 'closed', 'cancelled'])[1 + pg_temp.roll(o.n, 'visit', 3)], o.operated_on, o.id from o where o.n % 9 = 0;
insert into visit_member (partnership_id, id, visit_id, hospital_id, practitioner_id, duty, created_at, created_by)
  select v.partnership_id, v.id, v.id, v.hospital_id, (select id from practitioner order by id::text limit 1), 'surgeon', v.created_at, v.id from visit v where v.partnership_id = :p;
insert into visit_day (partnership_id, visit_id, practitioner_id, on_date, hospital_id, part, created_at, created_by)
  select v.partnership_id, v.id, (select id from practitioner order by id::text limit 1), v.from_on + 1, v.hospital_id, (array['full', 'half', 'travel'])[1 + length(v.state) % 3], v.created_at, v.id from visit v where v.partnership_id = :p;
insert into teaching (partnership_id, id, hospital_id, kind, topic, on_date, minutes, teacher_id, others, created_at, created_by)
  select o.partnership_id, md5('t' || o.id)::uuid, o.hospital_id, (array['lecture', 'demonstration'])[1 + pg_temp.roll(o.n, 'lesson', 2)], 'x', o.operated_on, 30, (select id from practitioner order by id::text limit 1), pg_temp.roll(o.n, 'came', 30), o.operated_on, o.id
  from o where o.n % 5 = 0;
insert into skill_signoff (partnership_id, id, practitioner_id, hospital_id, kind, needed, counted, signed_by, signed_on, created_at, created_by)
  select o.partnership_id, md5('so' || o.id)::uuid, o.id, o.hospital_id, o.kind, 5, 5 + pg_temp.roll(o.n, 'counted', 30), o.id, o.operated_on, o.operated_on, o.id from o where o.n % 11 = 0;
insert into registration (partnership_id, id, person_id, hospital_id, visible_to, township, legal_basis, slip_code, registered_on, created_at, created_by)
  select distinct on (c.home_hospital_id, c.person_id) c.partnership_id, md5('reg' || c.id)::uuid, c.person_id, c.home_hospital_id, c.visible_to,
    (array['石坪镇', '北渡镇', '松岭乡', ''])[1 + ascii(left(md5(c.person_id::text), 1)) % 4], 'history', md5(c.id::text), c.opened_on, c.opened_on, c.id
  from casefile c where c.partnership_id = :p order by c.home_hospital_id, c.person_id, c.id on conflict do nothing;
insert into reference_value (partnership_id, id, kind, key, value, from_on, source, created_at, created_by)
  select :p, md5('ref' || k || :seed)::uuid, 'elderly', k, v, '2020-01-01', 'x', '2020-01-01', :p from (values ('石坪镇', 1200), ('北渡镇', 800), ('白石镇', 500)) x(k, v);
drop table o;
