-- A thousand people of a partnership, each operated on once, with nothing wrong
-- about it: two people share a number, a surgeon has some operations a day, each
-- piece has its own serial number. $1 partnership, $2 hospital, $3 surgeon, $4 today.
with n as (select i, md5('clean' || i)::uuid as id, $4::date - (i % 300) as d, array[$2::uuid] as v, $4::date::timestamptz as at from generate_series(1, 1000) i),
person_ as (insert into person (partnership_id, id, name, name_key, sex, birth_on, visible_to, created_at, created_by)
	select $1::uuid, id, '向某', 'x' || i, 'F', '1950-01-01', v, at, id from n),
registration_ as (insert into registration (partnership_id, id, person_id, hospital_id, visible_to, township, legal_basis, slip_code, registered_on, created_at, created_by)
	select $1::uuid, id, id, $2::uuid, v, 'T' || i % 10, 'statutory', 'S' || i, d, at, id from n),
term_ as (insert into registration_term (partnership_id, hospital_id, term, registration_id) select $1::uuid, $2::uuid, 'y:' || md5('p' || i / 2), id from n),
casefile_ as (insert into casefile (partnership_id, id, case_no, person_id, programme, home_hospital_id, visible_to, state, opened_on, closed_on, closure, created_at, created_by)
	select $1::uuid, id, 'C-' || i, id, 'joint', $2::uuid, v, 'closed', d, d, 'completed', at, id from n),
treatment_ as (insert into treatment (partnership_id, id, case_id, person_id, programme, hospital_id, visible_to, state, path, operated_on, created_at, created_by)
	select $1::uuid, id, id, id, 'joint', $2::uuid, v, 'closed', 'normal', d, at, id from n),
procedure_ as (insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on,
		operation_codes, diagnosis_codes, code_catalogue, lead_id, detail, marks, created_at, created_by)
	select $1::uuid, id, id, id, id, 'joint', 'TKA', 'knee', 'L', $2::uuid, v, '{}', d, '{}', '{}', '', $3::uuid, '{}', '{}', at, id from n),
component_ as (insert into component (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, implanted_on, role, maker, brand, catalogue_no, di,
		registration_no, nhsa_code, size, diameter_mm, side, material, cemented, price_fen, bulk, lot, serial, quantity, lot_key, ref_key, brand_key, unit_di, unit_ref, claim, marks,
		entered_by, created_at, created_by)
	select $1::uuid, id, id, id, id, $2::uuid, v, '{}', d, 'FEMORAL', 'M', 'B', 'R', '', '', '', '', 0, '', '', false, 1, false, 'L', 'S' || i, 1, 'L', 'R', 'B', '', 'M|R|S' || i, 'sole', '{}', $3::uuid, at, id from n),
approval_ as (insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, requested_by, requested_at, decided_by, decided_at)
	select $1::uuid, id, id, id, $2::uuid, v, 'approved', 7, 1, 1, id, at - interval '9 days', $3::uuid, at - interval '2 days' from n),
reading_ as (insert into acuity_reading (partnership_id, id, case_id, person_id, hospital_id, visible_to, side, taken_on, value, raw, notation, correction, created_at, created_by)
	select $1::uuid, id, id, id, $2::uuid, v, 'L', $4::date - 10, 'L0.30', '4.7', 'FIVE_POINT', 'PVA', at - interval '9 days', id from n where i % 3 = 0)
select count(*) from n
