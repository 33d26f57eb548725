-- Twenty thousand people of one partnership at four hospitals, with everything
-- that hangs on them; five hundred of another. $1 partnership, $2 its hospitals,
-- $3 number of people, $4 a letter that keeps the two apart.
with n as (select i, md5($4 || i)::uuid as id, ($2::uuid[])[1 + i % cardinality($2::uuid[])] as h, array[($2::uuid[])[1 + i % cardinality($2::uuid[])]] as v,
		date '2021-05-01' + (i % 2000) as d, timestamptz '2021-05-01 08:00+08' + make_interval(mins => i * 140) as at,
		(array['joint', 'cataract', 'coronary'])[1 + i % 3] as prog, case when i % 50 = 0 then i / 50 % 10 else 10 end as step
	from generate_series(1, $3::int) i),
person_ as (insert into person (partnership_id, id, name, name_key, sex, birth_on, visible_to, created_at, created_by)
	select $1::uuid, id, '向' || chr(20000 + i % 4000) || chr(21000 + i % 997), 'xiang ' || i, 'F', date '1940-01-01' + i % 20000, v, at, id from n),
document_ as (insert into person_document (partnership_id, id, person_id, kind, number_sealed, digest, last4, verified, visible_to, created_at, created_by)
	select $1::uuid, id, id, 'citizen', '', decode(md5('d' || $4 || i), 'hex'), '0000', true, v, at, id from n),
registration_ as (insert into registration (partnership_id, id, person_id, hospital_id, visible_to, legal_basis, slip_code, registered_on, created_at, created_by)
	select $1::uuid, id, id, h, v, 'statutory', 'S' || i, d, at, id from n),
term_ as (insert into registration_term (partnership_id, hospital_id, term, registration_id)
	select $1::uuid, h, t, id from n, unnest(array['n:向', 'b:向' || chr(20000 + i % 4000),
		'b:' || chr(20000 + i % 4000) || chr(21000 + i % 997), 'i:x' || chr(97 + i % 26) || chr(97 + i / 26 % 26), 'p:xiang' || i, 'd:' || md5('t' || i % 9000), 's:S' || i,
		'k:n:x' || i % 7000]) t),
beneficiary_ as (insert into beneficiary (partnership_id, id, person_id, category, from_on, visible_to, created_at, created_by)
	select $1::uuid, id, id, 'DB', d, v, at, id from n),
attachment_ as (insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type, size_bytes, digest, created_at, created_by)
	select $1::uuid, id, h, v, 'registration', id, 'poverty', 'x', 'image/png', 1, '', at, id from n),
screening_ as (insert into screening (partnership_id, id, hospital_id, screened_on, township, village, name, sex, birth_on, birth_estimated, doc_kind, programme, finding,
		triage, answer, legal_basis, content, registration_id, created_at, created_by)
	select $1::uuid, id, h, d, 'T' || i % 10, 'V' || i % 100, '向' || chr(20000 + i % 4000) || chr(21000 + i % 997), 'F', date '1940-01-01' + i % 20000, false, 'none', prog, '{}',
		(array['SURGERY_ADVISED', 'FURTHER_EXAMINATION', 'OBSERVE', 'NOT_NEEDED'])[1 + i % 7 % 4], case when i % 7 % 4 > 0 then '' when i % 5 = 0 then 'DECLINED' else 'WILLING' end,
		'statutory', '', case when i % 7 % 4 = 0 and i % 5 > 0 and i % 40 <> 1 then id end, at, id from n),
outreach_ as (insert into outreach_recovery (partnership_id, id, hospital_id, account_id, digest, forms, photos, reason, created_at, created_by)
	select $1::uuid, id, h, id, '', 20, 5, 'x', at, id from n where i % 100 = 0),
casefile_ as (insert into casefile (partnership_id, id, case_no, person_id, programme, home_hospital_id, visible_to, state, opened_on, closed_on, closure, created_at, created_by)
	select $1::uuid, id, $4 || '-2026-' || i, id, prog, h, v, case when step = 10 then 'closed' else (array['registered', 'waiting', 'in_treatment', 'second_side', 'follow_up'])[1 + step % 5] end,
		d, case when step = 10 then d end, case when step = 10 then 'completed' else '' end, at, id from n),
participant_ as (insert into case_participant (partnership_id, hospital_id, opened_on, case_id) select $1::uuid, h, d, id from n),
treatment_ as (insert into treatment (partnership_id, id, case_id, person_id, programme, hospital_id, visible_to, state, path, operated_on, created_at, created_by)
	select $1::uuid, id, id, id, prog, h, v, (array['planned', 'eligible', 'estimated', 'approval_requested', 'approved', 'admitted', 'operated', 'discharged', 'settled', 'cancelled', 'closed'])[1 + step],
		'normal', case when step >= 6 then d end, at, id from n),
event_ as (insert into treatment_event (partnership_id, id, treatment_id, hospital_id, visible_to, action, from_state, to_state, happened_on, created_at, created_by)
	select $1::uuid, md5('e' || e || $4 || i)::uuid, id, h, v, 'admit', 'x', 'y', d, at, id from n, generate_series(1, 3) e),
procedure_ as (insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on,
		operation_codes, diagnosis_codes, code_catalogue, lead_id, detail, marks, created_at, created_by, sheet_missing, reason_status, validated_by, validated_at)
	select $1::uuid, id, id, id, id, prog, 'TKA', 'knee', 'L', h, v, '{}', d, '{}', '{}', '', md5('doctor' || i % 40)::uuid, '{}', '{}', at, id,
		case when i % 60 = 5 then 3 else 0 end, case when i % 100 = 5 then 'PROVISIONAL' else '' end, case when i % 40 = 5 then null else md5(id::text)::uuid end, case when i % 40 = 5 then null else at end from n where step >= 6),
followup_ as (insert into followup (partnership_id, id, procedure_id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, step, due_on, from_on, to_on, township,
		village, lead, status, reason, ended_on, created_at, created_by, taken_by)
	select $1::uuid, md5('f' || s || $4 || i)::uuid, id, id, id, id, prog, h, v, s, d + s * 90, d + s * 90 - 40, d + s * 90 + 40, 'T' || i % 12, 'V' || i % 60, s = 1 and i % 120 in (7, 9),
		case when i % 120 = 7 then 'lost' when i % 120 = 9 then 'closed' when i % 6 = 0 and d + s * 90 > date '2026-08-01' then 'open' else 'done' end,
		case when i % 120 = 7 then 'refused' when i % 120 = 9 then 'moved' else '' end,
		case when i % 120 in (7, 9) or i % 6 > 0 or d + s * 90 <= date '2026-08-01' then d + s * 90 end, at, id, case when i % 3 = 0 then md5('actor' || i % 50)::uuid end from n, generate_series(1, 2) s where step >= 6),
contact_ as (insert into followup_contact (partnership_id, id, followup_id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on, evidence, reached, created_at, created_by)
	select $1::uuid, id, md5('f1' || $4 || i)::uuid, id, id, id, id, h, v, d + 90, 'visit', true, at, id from n where step >= 6),
score_ as (insert into followup_score (partnership_id, id, contact_id, hospital_id, visible_to, instrument, edition, total, parts)
	select $1::uuid, md5('sc' || s || $4 || i)::uuid, id, h, v, s, '1', 5, '{}' from n, unnest(array['PAIN', 'HSS']) s where step >= 6),
told_ as (insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, contact_id, type, onset_on, related, outcome, created_at, created_by)
	select $1::uuid, id, id, id, id, id, h, v, id, 'DVT', d + 90, 'UNKNOWN', 'ONGOING', at, id from n where step >= 6 and i % 10 = 0),
slip_ as (insert into followup_slip (partnership_id, id, case_id, visible_to, token, created_at, created_by)
	select $1::uuid, id, id, v, 'TOKEN' || $4 || i, at, id from n where step >= 6),
settlement_ as (insert into settlement (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, bill_fen, basic_fen, critical_fen, assistance_fen,
		other_fen, fund_fen, waiver_fen, net_fen, state, settled_on, created_at, created_by)
	select $1::uuid, id, id, id, id, prog, h, v, 7, 1, 1, 1, 1, 1, 1, 1, 'settled', d, at, id from n where step >= 8),
line_ as (insert into settlement_line (partnership_id, settlement_id, line_no, funder, fund_id, hospital_id, visible_to, amount_fen)
	select $1::uuid, id, 1, 'fund', md5('fund' || $4 || i % 5)::uuid, h, v, 1 from n where step >= 8),
approval_ as (insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, requested_by, requested_at, digest, signed_on, lapse, lapsed_at, decided_by, decided_at)
	select $1::uuid, id, id, id, h, v, case when step = 3 then 'requested' else 'approved' end, 7, 1, 1, id, at, '', d, case when i % 100 = 7 and step <> 3 then 'open' else '' end, at, case when step = 3 then null else $1::uuid end, case when step = 3 then null else at end from n),
share_ as (insert into approval_line (partnership_id, approval_id, fund_id, hospital_id, visible_to, amount_fen) select $1::uuid, id, md5('fund' || $4 || i % 5)::uuid, h, v, 1 from n),
signature_ as (insert into approval_signature (partnership_id, id, approval_id, hospital_id, visible_to, account_id, relation, amount_fen, digest, facts, opinion, signed_on, signed_at)
	select $1::uuid, id, id, h, v, id, 'none', 1, 'x', '[]', '', d, at from n),
appeal_ as (insert into approval_appeal (partnership_id, id, approval_id, hospital_id, visible_to, state, reason, due_on, refused_by, created_at, created_by)
	select $1::uuid, id, id, h, v, case when i % 200 = 0 then 'filed' else 'rejected' end, '', d, $1::uuid, at, id from n where i % 10 = 0),
referral_ as (insert into referral (partnership_id, id, case_id, kind, from_hospital_id, to_hospital_id, visible_to, state, reason, created_at, created_by)
	select $1::uuid, id, id, 'join', h, ($2::uuid[])[1 + (i + 1) % cardinality($2::uuid[])], v, case when i % 500 = 0 then 'sent' else 'done' end, '', at, id from n where i % 5 = 0),
fund_ as (insert into fund (partnership_id, id, code, name, kind, opened_on, created_at, created_by)
	select $1::uuid, md5('fund' || $4 || f)::uuid, 'F' || f, 'F', 'pool', '2020-01-01', '2020-01-01', $1::uuid from generate_series(0, 4) f),
account_ as (insert into ledger_account (partnership_id, id, fund_id, kind, balance_fen)
	select $1::uuid, md5(k || $4 || f)::uuid, md5('fund' || $4 || f)::uuid, k, 0 from generate_series(0, 4) f, unnest(array['source', 'available', 'reserved', 'committed']) k),
transfer_ as (insert into ledger_transfer (partnership_id, id, fund_id, kind, treatment_id, approval_id, effective_on, posted_at, posted_by)
	select $1::uuid, id, md5('fund' || $4 || i % 5)::uuid, 'commit', id, id, d, at, id from n),
entry_ as (insert into ledger_entry (partnership_id, transfer_id, account_id, amount_fen)
	select $1::uuid, id, md5(k || $4 || i % 5)::uuid, case k when 'available' then -1 else 1 end from n, unnest(array['available', 'committed']) k),
audit_ as (insert into audit_event (partnership_id, id, organisation_id, at, actor_id, actor_name, role, action, object_kind, object_id, outcome, reason, detail, request_id, source, mac)
	select $1::uuid, id, h, at, md5('actor' || i % 50)::uuid, 'x', '', 'case.open', 'case', id, 'ok', '', '{}', '', '', '' from n),
link_ as (insert into audit_link (partnership_id, organisation_id, lane, seq, event_id, hash) select $1::uuid, h, 0, i, id, '' from n),
device_ as (insert into device (partnership_id, id, maker, brand, catalogue_no, di, maker_key, brand_key, ref_key, registration_no, nhsa_code, role, size, diameter_mm, side, material,
		cemented, price_fen, bulk, created_at, created_by)
	select $1::uuid, id, 'M', 'B', 'REF' || i, lpad((10000000000000 + i)::text, 14, '0'), 'M' || i % 10, 'B' || i % 50, 'REF' || i, '', '', 'FEMORAL', '', 0, '', '', false, 1, false, at, id from n where i % 4 = 0),
stock_ as (insert into device_stock (partnership_id, id, hospital_id, device_id, lot, lot_key, received_on, received, created_at, created_by)
	select $1::uuid, id, h, md5($4 || i / 4 * 4)::uuid, 'L' || i / 40, 'L' || i / 40, d, 5, at, id from n where i >= 4),
component_ as (insert into component (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, implanted_on, device_id, role, maker, brand, catalogue_no, di,
		registration_no, nhsa_code, size, diameter_mm, side, material, cemented, price_fen, bulk, lot, serial, quantity, lot_key, ref_key, brand_key, unit_di, unit_ref, claim, marks, review,
		entered_by, created_at, created_by)
	select $1::uuid, id, id, id, id, h, v, '{}', d, md5($4 || i / 4 * 4)::uuid, 'FEMORAL', 'M', 'B', 'REF' || i / 4 * 4, '', '', '', '', 0, '', '', false, 1, false, 'L' || i / 40, 'S' || i, 1,
		'L' || i / 40, 'REF' || i / 4 * 4, 'B' || i % 50, 'DI' || i, 'M|REF|S' || i, case when i % 100 = 5 then 'disputed' else 'sole' end, '{}',
		case when i % 50 = 5 then 'open' else '' end, $1::uuid, at, id from n where step >= 6),
partchange_ as (insert into component_change (partnership_id, id, component_id, hospital_id, visible_to, team, action, before, after, changed_at, changed_by)
	select $1::uuid, id, id, h, v, '{}', 'reviewed', '{}', '{}', at, id from n where step >= 6),
explant_ as (insert into explant (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, component_id, role, created_at, created_by)
	select $1::uuid, id, id, id, id, h, v, '{}', id, 'FEMORAL', at, id from n where step >= 6 and i % 7 = 0),
dispute_ as (insert into device_dispute (partnership_id, id, visible_to, first_id, again_id, piece, used_on, again_on, state, created_at, created_by)
	select $1::uuid, id, v, id, id, 'x', d, d, case when i % 100 = 5 then 'open' else 'resolved' end, at, id from n where step >= 6 and i % 5 = 0),
reading_ as (insert into acuity_reading (partnership_id, id, case_id, person_id, hospital_id, visible_to, side, taken_on, value, raw, notation, correction, created_at, created_by)
	select $1::uuid, id, id, id, h, v, 'L', d, 'L0.30', '4.7', 'FIVE_POINT', 'PVA', at, id from n where i % 2 = 0),
complication_ as (insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, related, outcome, created_at, created_by)
	select $1::uuid, id, id, id, id, id, h, v, 'OTHER', d, 'NO', 'RESOLVED', at, id from n where step >= 6 and i % 2 = 1),
policy_ as (insert into fee_policy (partnership_id, id, no, name, sample, region_code, from_on, state, rules, authors, created_at, created_by, released_at, released_by)
	select $1::uuid, id, i, 'x', true, '990101', d, case when i <= 60 then 'released' else 'draft' end, '{}', array[id], at, id,
		case when i <= 60 then at end, case when i <= 60 then $1::uuid end from n where i <= 200),
year_ as (insert into person_year (partnership_id, person_id, year, kind, visible_to, created_at, created_by)
	select $1::uuid, id, y, k, v, at, id from n, unnest(array[2024, 2025]) y, unnest(array['basic', 'critical']) k),
computation_ as (insert into fee_computation (partnership_id, id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, kind, state, policy_id, settlement_id,
		operated_on, counted_on, input, opening, result, counted, bill_fen, insurance_fen, reduction_fen, net_fen, created_at, created_by)
	select $1::uuid, id, id, id, id, prog, h, v, 'settlement', 'live', md5($4 || 1 + i % 60)::uuid, id, d, d, '{}', '{}', '{}', '{}', 7, 3, 2, 1, at, id from n where step >= 8),
print_ as (insert into form_print (partnership_id, id, code, kind, object_id, token, created_at, created_by)
	select $1::uuid, id, md5($4 || i), 'approval', id, 'x', at, id from n where step >= 6),
package_ as (insert into audit_package (partnership_id, id, fund_id, from_on, to_on, state, created_at, created_by)
	select $1::uuid, id, md5('fund' || $4 || i % 3)::uuid, d, d + 90, 'ready', at, id from n where i % 10 = 0),
anchor_ as (insert into audit_anchor (partnership_id, id, made_at, chains, links, digest, file, created_by)
	select $1::uuid, id, at, 8, i, decode(md5($4 || i), 'hex'), 'x', id from n where i % 4 = 0),
held_ as (insert into held_anchor (partnership_id, id, origin, origin_id, made_at, chains, links, digest, file, keys, received_at, created_by)
	select $1::uuid, id, 'x', id, at, 8, i, decode(md5($4 || i), 'hex'), 'x', 'x', at, id from n where i % 4 = 1),
lookup_ as (insert into person_lookup (partnership_id, id, account_id, hospital_id, looked_on, looked_at, digest, found)
	select $1::uuid, id, md5('actor' || i % 50)::uuid, h, d, at, '', true from n where i % 3 = 0),
notice_ as (insert into lookup_notice (partnership_id, hospital_id, lookup_id, person_id, from_hospital_id, account_id, looked_at)
	select $1::uuid, h, id, id, h, id, at from n where i % 3 = 0),
review_ as (insert into review_item (partnership_id, id, kind, person_id, other_person_id, hospital_id, state, created_at, created_by)
	select $1::uuid, id, 'duplicate', id, id, h, case when i % 100 = 0 then 'open' else 'distinct' end, at, id from n where i % 4 = 0),
batch_ as (insert into import_batch (partnership_id, id, file_name, file_digest, state, totals, created_at, created_by)
	select $1::uuid, id, 'x', '', 'imported', '{}', at, id from n where i % 10 = 0),
row_ as (insert into import_row (partnership_id, batch_id, sheet, row_no, digest, treatment_id, live) select $1::uuid, md5($4 || i / 10 * 10)::uuid, 's', i, decode(md5($4 || i), 'hex'), id, true from n where i >= 10),
job_ as (insert into job (partnership_id, id, kind, payload, state, run_after, created_at, created_by)
	select $1::uuid, id, 'x', '', case when i % 100 = 0 then 'queued' else 'done' end, at, at, id from n where i % 5 = 0),
pairing_ as (insert into pairing (partnership_id, id, donor_id, receiving_id, from_on, created_at, created_by)
	select $1::uuid, id, h, h, d, at, id from n where i % 10 = 0),
posting_ as (insert into posting (partnership_id, id, practitioner_id, organisation_id, from_on, to_on, created_at, created_by)
	select $1::uuid, id, md5('doctor' || i % 40)::uuid, h, d, d + 90, at, id from n where i % 5 = 0),
practitioner_ as (insert into practitioner (id, name, name_key, home_organisation_id, created_at)
	select md5('doctor' || k)::uuid, 'x', 'x' || k, ($2::uuid[])[1 + k % cardinality($2::uuid[])], '2020-01-01' from generate_series(0, 39) k on conflict do nothing),
privilege_ as (insert into privilege (partnership_id, id, practitioner_id, hospital_id, kind, from_on, to_on, created_at, created_by)
	select $1::uuid, id, md5('doctor' || i % 40)::uuid, h, 'TKA', d, d + 90, at, id from n where i % 4 = 0),
exception_ as (insert into privilege_exception (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, practitioner_id, kind, operated_on, finding, reason, state,
		entered_by, created_at, created_by)
	select $1::uuid, id, id, id, id, h, v, '{}', md5('doctor' || i % 40)::uuid, 'TKA', d, 'none', 'x', case when i % 50 = 5 then 'open' else 'accepted' end, $1::uuid, at, id from n where step >= 6 and i % 5 = 0),
visit_ as (insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, created_at, created_by)
	select $1::uuid, id, h, 'x', d, d + 7, case when i % 100 = 0 then 'planned' else 'closed' end, at, id from n where i % 5 = 0),
member_ as (insert into visit_member (partnership_id, id, visit_id, hospital_id, practitioner_id, duty, created_at, created_by)
	select $1::uuid, id, id, h, md5('doctor' || i % 40)::uuid, 'surgeon', at, id from n where i % 5 = 0),
day_ as (insert into visit_day (partnership_id, visit_id, practitioner_id, on_date, hospital_id, part, created_at, created_by)
	select $1::uuid, id, md5('doctor' || i % 40)::uuid, d, h, 'full', at, id from n where i % 5 = 0),
vcase_ as (insert into visit_case (partnership_id, id, visit_id, case_id, hospital_id, visible_to, kind, side, planned_on, state, created_at, created_by)
	select $1::uuid, id, id, id, h, v, 'TKA', 'L', d, 'planned', at, id from n where i % 5 = 0),
hand_ as (insert into visit_handover (partnership_id, id, visit_id, case_id, hospital_id, visible_to, owner_id, handed_on, created_at, created_by)
	select $1::uuid, id, id, id, h, v, md5('doctor' || i % 40)::uuid, d, at, id from n where i % 5 = 0),
supply_ as (insert into visit_supply (partnership_id, id, visit_id, hospital_id, name, quantity, unit, source, created_at, created_by)
	select $1::uuid, id, id, h, 'x', 1, 'x', 'host', at, id from n where i % 5 = 0),
teaching_ as (insert into teaching (partnership_id, id, hospital_id, visit_id, kind, topic, on_date, minutes, teacher_id, created_at, created_by)
	select $1::uuid, id, h, id, 'lecture', 'x', d, 60, md5('doctor' || i % 40)::uuid, at, id from n where i % 5 = 0),
attendee_ as (insert into teaching_attendee (partnership_id, teaching_id, practitioner_id, hospital_id)
	select $1::uuid, id, md5('doctor' || (i + 1) % 40)::uuid, h from n where i % 5 = 0),
meeting_ as (insert into meeting (partnership_id, id, kind, topic, on_date, place, attendees, created_at, created_by)
	select $1::uuid, id, 'meeting', 'x', d, 'x', 3, at, id from n where i % 5 = 0),
task_ as (insert into meeting_task (partnership_id, id, meeting_id, task, responsible, due_on, created_at, created_by)
	select $1::uuid, id, id, 'x', 'x', d, at, id from n where i % 5 = 0),
rule_ as (insert into skill_rule (partnership_id, kind, needed, created_at, created_by) select $1::uuid, k, 5, '2020-01-01', $1::uuid from unnest(array['TKA', 'THA']) k),
watched_ as (insert into skill_observation (partnership_id, id, procedure_id, hospital_id, visible_to, practitioner_id, operated_on, kind, visitor, created_at, created_by)
	select $1::uuid, id, id, h, v, md5('doctor' || i % 40)::uuid, d, 'TKA', true, at, id from n where step >= 6 and i % 3 = 0),
signoff_ as (insert into skill_signoff (partnership_id, id, practitioner_id, hospital_id, kind, needed, counted, signed_by, signed_on, created_at, created_by)
	select $1::uuid, id, md5('doctor' || i % 40)::uuid, h, 'K' || i, 5, 5, id, d, at, id from n where i % 20 = 0),
bank_ as (insert into hospital_account (partnership_id, id, hospital_id, holder, bank, number_sealed, number_last4, from_on, state, decided_by, created_at, created_by)
	select $1::uuid, id, h, 'x', 'x', '', '0000', d, 'approved', $1::uuid, at, id from n where i % 10 = 0),
card_ as (insert into payee_card (partnership_id, id, treatment_id, hospital_id, visible_to, holder, relation, bank, number_sealed, number_last4, created_at, created_by)
	select $1::uuid, id, id, h, v, 'x', 'self', 'x', '', '0000', at, id from n where i % 10 = 0),
payrun_ as (insert into pay_run (partnership_id, id, run_no, fund_id, visible_to, up_to, state, lines, amount_fen, decided_by, csv_digest, xlsx_digest, paid_on, bank_ref, created_at, created_by)
	select $1::uuid, id, 'JS' || i, md5('fund' || $4 || i % 5)::uuid, array[md5('fund' || $4 || i % 5)::uuid], d, 'paid', 1, 1, $1::uuid, '', '', d, 'x', at, id from n where i % 10 = 5),
payment_ as (insert into pay_line (partnership_id, id, run_id, line_no, payable_id, fund_id, treatment_id, hospital_id, visible_to, payee, holder, bank, number_sealed, number_last4, purpose,
		amount_fen, state, pay_transfer_id, created_at, created_by)
	select $1::uuid, id, md5($4 || i / 10 * 10 + 5)::uuid, i % 10, id, md5('fund' || $4 || i % 5)::uuid, id, h, array[h], 'hospital', 'x', 'x', '', '0000', 'x', 1, 'paid', id, at, id
		from n where i % 100 < 98),
payable_ as (insert into payable (partnership_id, transfer_id, fund_id, effective_on, open) select $1::uuid, id, md5('fund' || $4 || i % 5)::uuid, d, i % 100 >= 98 from n),
recovery_ as (insert into recovery (partnership_id, id, payable_id, fund_id, treatment_id, hospital_id, visible_to, debtor, source, reason, amount_fen, state, created_at, created_by)
	select $1::uuid, id, id, md5('fund' || $4 || i % 5)::uuid, id, h, array[h], 'hospital', 'audit', 'x', 1, case when i % 100 = 0 then 'open' else 'recovered' end, at, id from n where i % 10 = 0),
back_ as (insert into recovery_receipt (partnership_id, transfer_id, recovery_id, hospital_id, visible_to, how, amount_fen, received_on, reference, created_at, created_by)
	select $1::uuid, id, id, h, array[h], 'refund', 1, d, 'x', at, id from n where i % 10 = 0),
isheet_ as (insert into insurer_batch (partnership_id, id, hospital_id, file_name, digest, state, rows_total, rows_wrong, created_at, created_by)
	select $1::uuid, id, h, 'x', decode(md5(id::text), 'hex'), 'applied', 1, 0, at, id from n where i % 20 = 0),
irow_ as (insert into insurer_row (partnership_id, id, batch_id, hospital_id, row_no, settlement_no, amounts, problems, drifts, act, state, created_at, created_by)
	select $1::uuid, id, id, h, 1, 'x' || i, '{}', '[]', '[]', 'settle', 'undone', at, id from n where i % 20 = 0),
idiff_ as (insert into insurer_difference (partnership_id, id, hospital_id, kind, treatment_id, settlement_id, lines, state, created_at, created_by)
	select $1::uuid, id, h, 'sheet', id, id, '[]', case when i % 50 = 5 then 'open' else 'accepted' end, at, id from n where step >= 8 and i % 5 = 0),
busy_ as (insert into theatre_time (id, practitioner_id, organisation_id, source_id, from_at, to_at, exact, created_at)
	select md5('busy' || $4 || i)::uuid, md5('doctor' || i % 40)::uuid, h, id, d, d + 7, false, at from n where i % 5 = 0),
windows_ as (insert into followup_rule (partnership_id, id, grp, version, from_on, note, windows, created_at, created_by)
	select $1::uuid, id, case when i % 2 = 0 then 'joint' else 'cataract' end, i, d, 'x', '[{"step": "w6", "due": 42, "from": 28, "to": 70}]', at, id from n where i % 5 = 0),
public_ as (insert into notice (partnership_id, id, title, from_on, to_on, state, cell, days, bands, district, left_out, until_on, created_at, created_by)
	select $1::uuid, id, 'x', d, d, case when i % 1000 = 0 then 'published' else 'closed' end, 5, 7, '{1}', 'x', '{}', d, at, id from n where i % 10 = 0),
named_ as (insert into notice_entry (partnership_id, id, notice_id, no, approval_id, person_id, masked, township, programme, band, created_at, created_by)
	select $1::uuid, id, md5($4 || i / 10 * 10)::uuid, 1 + i % 10, id, id, 'x', 'T' || i % 10, prog, 0, at, id from n where i >= 10 and i % 3 = 0),
objection_ as (insert into notice_objection (partnership_id, id, notice_id, entry_id, approval_id, receipt, channel, body, state, due_on, created_at, created_by)
	select $1::uuid, id, md5($4 || i / 10 * 10)::uuid, id, id, 'R' || i, 'public', 'x', case when i % 100 = 0 then 'received' else 'dismissed' end, d, at, id from n where i >= 10 and i % 10 = 0),
limits_ as (insert into notice_rule (partnership_id, id, version, bands, office, created_at, created_by) select $1::uuid, id, i, '{1}', 'x', at, id from n where i <= 200),
doubt_ as (insert into plausibility_rule (partnership_id, id, version, limits, populations, source, created_at, created_by) select $1::uuid, id, i, '{}', '{}', 'x', at, id from n where i <= 200),
ran_ as (insert into plausibility_run (partnership_id, id, ran_at, ran_on, found, silent, ran_by) select $1::uuid, id, at, d, 1, '{}', id from n where i % 10 = 0),
alert_ as (insert into plausibility_alert (partnership_id, id, check_name, check_version, subject, args, evidence, digest, state, verdict, first_seen, last_seen)
	select $1::uuid, id, case when i % 40 = 0 then 'repeat' else 'phone' end, 1, 'x' || i, '{}', '[]', 'x', case when i % 200 = 0 then 'open' else 'closed' end, 'explained', at, at from n where i % 20 = 0),
judged_ as (insert into plausibility_verdict (partnership_id, id, alert_id, verdict, reason, recovery, digest, created_at, created_by)
	select $1::uuid, id, id, 'explained', 'x', false, 'x', at, id from n where i % 20 = 0),
release_ as (insert into disclosure_release (partnership_id, id, account_id, signature, conditions, people, rule, created_at, created_by)
	select $1::uuid, id, md5('actor' || i % 50)::uuid, 'x', '{}', i, 'x', at, id from n where i % 5 = 0),
download_ as (insert into download (partnership_id, id, kind, query, format, language, state, account_id, hospitals, funds, wide, names, expires_at, created_at, created_by)
	select $1::uuid, id, 'all.patients', '', 'csv', 'en', case when i % 100 = 0 then 'ready' else 'expired' end, md5('actor' || i % 50)::uuid, '{}', '{}', true, false, at + interval '7 days', at, id from n where i % 5 = 0),
looked_ as (insert into desk_filter (partnership_id, id, query, noted_at) select $1::uuid, id, '', at from n where i % 20 = 0),
reference_ as (insert into reference_value (partnership_id, id, kind, key, value, from_on, source, created_at, created_by)
	select $1::uuid, id, 'elderly', 'x' || i % 10, 100, d, 'x', at, id from n where i % 500 = 0),
report_ as (insert into report_pack (partnership_id, id, period, from_on, to_on, profile, state, account_id, created_at, created_by)
	select $1::uuid, id, 'month', d, d + 30, 'exact', 'waiting', id, at, id from n where i % 10 = 0),
told_you_ as (insert into message (partnership_id, id, account_id, kind, object_kind, object_id, read_at, created_at, created_by)
	select $1::uuid, id, md5('actor' || i % 50)::uuid, 'approval.approved', 'approval', id, case when i % 40 < 38 then at end, at, id from n where i % 5 = 0),
begun_ as (insert into form_draft (partnership_id, id, account_id, body_sealed, saved_at, dropped_at)
	select $1::uuid, id, md5('actor' || i % 50)::uuid, '', at, case when i % 10 = 0 then at end from n where i % 5 = 0),
project_ as (insert into fund_project (partnership_id, id, code, name, year, source, planned_fen, unit, listed_on, state, planned_by, approved_by, created_at, created_by)
	select $1::uuid, id, 'P' || i, 'x', 2000 + i % 25, 'donation', 1, 'x', d, case when i % 4000 = 0 then 'approved' else 'closed' end, $1::uuid, id, at, id from n where i % 40 = 0),
deposit_ as (insert into fund_deposit (partnership_id, id, fund_id, project_id, note, received_on, amount_fen, left_fen, created_at, created_by)
	select $1::uuid, id, md5('fund' || $4 || i % 5)::uuid, md5($4 || i / 40 * 40)::uuid, 'x', d, 9, case when i % 200 = 0 then 1 else 0 end, at, id from n where i % 8 = 0),
drawn_ as (insert into deposit_draw (partnership_id, id, deposit_id, fund_id, transfer_id, approval_id, treatment_id, amount_fen, created_at, created_by)
	select $1::uuid, id, md5($4 || i / 8 * 8)::uuid, md5('fund' || $4 || i % 5)::uuid, id, id, id, 1, at, id from n)
select count(*) from n
