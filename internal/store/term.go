package store

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// insertTerms writes the search terms and duplicate keys of a registration in
// one statement.
func (tx *Tx) insertTerms(s Source) error {
	terms, err := tx.termsOf(s)
	if err != nil || len(terms) == 0 {
		return err
	}
	var q strings.Builder
	q.WriteString(`insert into registration_term (partnership_id, hospital_id, registration_id, term) values `)
	args := []any{tx.Partnership(), s.Registration.HospitalID, s.Registration.ID}
	for i, t := range terms {
		if i > 0 {
			q.WriteString(", ")
		}
		fmt.Fprintf(&q, "($1, $2, $3, $%d)", len(args)+1)
		args = append(args, t)
	}
	return tx.once(q.String(), args...)
}

// RefreshTerms makes the terms of a registration anew from what is stored.
func (tx *Tx) RefreshTerms(registration ident.ID) error {
	r, err := tx.registrationRow(registration)
	if err != nil {
		return err
	}
	s := Source{Registration: r.item().Registration}
	if s.Registration.Phone, s.Registration.KinPhone, err = tx.openPhones(r); err != nil {
		return err
	}
	p, err := tx.PersonByID(r.PersonID)
	if err != nil {
		return err
	}
	s.Person = p.Person
	docs, err := tx.documentRows(r.PersonID)
	if err != nil {
		return err
	}
	for _, row := range docs {
		d := row.item().Document
		if d.Number, err = tx.keys.OpenString(row.Sealed, documentPlace(row.ID)); err != nil {
			return err
		}
		s.Documents = append(s.Documents, d)
	}
	if _, err := tx.exec(`delete from registration_term where partnership_id = $1 and registration_id = $2`, tx.Partnership(), registration); err != nil {
		return err
	}
	return tx.insertTerms(s)
}

// Candidate is a registration that shares a duplicate key with the one typed.
type Candidate struct {
	PersonRow
	Print match.Fingerprint
}

type candidateRow struct {
	personListRow
	DocID     ident.ID `db:"doc_id"`
	Sealed    []byte   `db:"number_sealed"`
	Digest    []byte   `db:"digest"`
	Estimated bool     `db:"birth_estimated"`
	SamePhone bool     `db:"same_phone"`
}

// perKey bounds what one duplicate key may bring: a birth date and an initial
// shared by more people than this says nothing about two of them.
const perKey = 60

const selectCandidates = `with found as (
	select t.registration_id from unnest($3::text[]) k cross join lateral (
		select x.registration_id from registration_term x where x.partnership_id = $1 and x.hospital_id = $2 and x.term = k limit $4) t
	union (select y.id from person_document x join registration y on y.partnership_id = $1 and y.hospital_id = $2 and y.person_id = x.person_id
		where x.partnership_id = $1 and x.digest = $6 limit $4))
	select r.id as registration_id, r.person_id, r.hospital_id, p.name, p.sex, p.birth_on, p.birth_estimated, r.phone_last4, r.township, r.village,
		r.slip_code, r.registered_on, '' as matched, coalesce(d.kind, 'none') as doc_kind, coalesce(d.last4, '') as doc_last4,
		coalesce(d.verified, false) as doc_verified, d.id as doc_id, d.number_sealed, d.digest,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.hospital_id) as hospital,
		exists (select 1 from registration_term y where y.partnership_id = $1 and y.hospital_id = $2 and y.term = $5 and y.registration_id = r.id) as same_phone
	from found f join registration r on r.partnership_id = $1 and r.id = f.registration_id
	join person p on p.partnership_id = $1 and p.id = r.person_id
	left join lateral (select x.id, x.kind, x.last4, x.verified, x.number_sealed, x.digest from person_document x
		where x.partnership_id = $1 and x.person_id = r.person_id order by (x.digest = $6) desc, x.verified desc, x.created_at limit 1) d on true
	where r.live order by r.id limit 400`

// Candidates fetches the registrations of one hospital that share a duplicate
// key with f. They still have to be scored: match.Score.
func (tx *Tx) Candidates(hospital ident.ID, f match.Fingerprint) ([]Candidate, error) {
	digest, err := hex.DecodeString(f.DocDigest)
	if err != nil {
		return nil, err
	}
	phone := match.Term{Kind: match.KindPhone, Text: f.PhoneDigest}.String()
	var rows []candidateRow
	if err := tx.list(&rows, selectCandidates, tx.Partnership(), hospital, textArray(BlockTerms(f)), perKey, phone, digest); err != nil {
		return nil, err
	}
	out := make([]Candidate, len(rows))
	for i, r := range rows {
		if out[i], err = tx.candidate(r, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// candidate opens the number only where the matcher compares digits: one of the
// two was never verified.
func (tx *Tx) candidate(r candidateRow, f match.Fingerprint) (Candidate, error) {
	c := Candidate{PersonRow: r.row()}
	c.Print = match.Fingerprint{Name: r.Name, Birth: r.Birth, BirthEstimated: r.Estimated, Sex: patient.Sex(r.Sex), Village: r.Village,
		DocKind: patient.DocumentKind(r.DocKind), DocDigest: hex.EncodeToString(r.Digest), DocVerified: r.DocVerified}
	switch {
	case r.SamePhone:
		c.Print.PhoneDigest = f.PhoneDigest
	case r.PhoneLast4 != "":
		c.Print.PhoneDigest = "another"
	}
	if r.DocID == ident.Nil || f.Number == "" || f.DocVerified && r.DocVerified {
		return c, nil
	}
	var err error
	c.Print.Number, err = tx.keys.OpenString(r.Sealed, documentPlace(r.DocID))
	return c, err
}

// Limits of a search: rows read for one term at one hospital before the other terms
// filter them (at all hospitals together manyHospitals times as many), and rows
// answered: more than twenty take longer to read than one more character to type,
// and each shows somebody who was not looked for.
const (
	searchScan  = 3000
	SearchLimit = 20 // people one search answers at most
)

// everyHospital are the places whose terms somebody with wide scope looks through,
// one after the other: a key of the terms without the hospital would be as large
// as the one with it, for the few who look wide.
const everyHospital = `(select g.id as h from organisation g) place`

// selectHits is the search at the hospitals h of a list of places. Of the rows s
// the first clause brings, those stay whose registration meets every other one. A
// whole term is looked up where its neighbours of the hospital stand too, the
// beginning of one among the terms of the registration.
const selectHits = `with hit as (select t.registration_id, string_agg(distinct left(q.lo, 1), '') as matched
	from unnest($2::text[], $3::text[]) as q(lo, hi) cross join lateral (
		select s.registration_id from (select h, e.registration_id from @places cross join lateral (select x.registration_id from registration_term x
			where x.partnership_id = $1 and x.hospital_id = h and x.term >= q.lo and x.term <= q.hi limit $9) e limit $9::int * @many) s
		where (select count(distinct f.clause) from unnest($4::int[], $5::text[], $6::text[]) as f(clause, lo, hi) where case f.hi
			when f.lo then exists (select 1 from registration_term x where x.partnership_id = $1 and x.hospital_id = s.h and x.term = f.lo
				and x.registration_id = s.registration_id)
			else exists (select 1 from registration_term x where x.partnership_id = $1 and x.registration_id = s.registration_id
				and x.term >= f.lo and x.term <= f.hi) end) = $7 limit $8) t
	group by t.registration_id limit $8)
	select ` + personListColumns + `, hit.matched from hit join registration r on r.partnership_id = $1 and r.id = hit.registration_id` +
	personListJoins + ` where r.live order by p.name_key, r.id limit $8`

var (
	searchAtHospitals = searchAmong(`unnest($10::uuid[]) h`)
	searchWide        = searchAmong(everyHospital)
)

func searchAmong(places string) string {
	return strings.NewReplacer("@places", places, "@many", strconv.Itoa(manyHospitals)).Replace(selectHits)
}

// SearchRegistrations finds the registrations that meet every clause of a query,
// by name, at most SearchLimit and one more to say that there are others. The
// first clause, the rarest, drives the index; the others filter.
func (tx *Tx) SearchRegistrations(hospitals []ident.ID, q match.Query) ([]PersonRow, error) {
	if q.Empty() {
		return nil, nil
	}
	var driveLo, driveHi, lo, hi []string
	var clauses []int64
	for n, c := range q.Clauses {
		for _, t := range c.Any {
			from, err := tx.storedTerm(t)
			if err != nil {
				return nil, err
			}
			to := from
			if t.Prefix {
				to = t.After()
			}
			if n == 0 {
				driveLo, driveHi = append(driveLo, from), append(driveHi, to)
				continue
			}
			clauses, lo, hi = append(clauses, int64(n)), append(lo, from), append(hi, to)
		}
	}
	args := []any{tx.Partnership(), textArray(driveLo), textArray(driveHi), pq.Int64Array(clauses), textArray(lo), textArray(hi),
		len(q.Clauses) - 1, SearchLimit + 1, searchScan}
	query := searchWide
	if len(hospitals) > 0 {
		query, args = searchAtHospitals, append(args, idArray(hospitals))
	}
	// Arrays as arguments make the planner plan anew for each call, which costs as
	// much as the search; the plan without the values is the right one here.
	if err := tx.once(`set local plan_cache_mode = force_generic_plan`); err != nil {
		return nil, err
	}
	var rows []personListRow
	err := tx.list(&rows, query, args...)
	return items(rows, personListRow.row), err
}

// Pair is two registrations of different hospitals that share a duplicate key.
type Pair struct{ A, B PersonRow }

type pairRow struct {
	A personListRow `db:"a"`
	B personListRow `db:"b"`
}

// pairColumns are the columns of one side of a pair, under the side's prefix.
func pairColumns(side string) string {
	return strings.NewReplacer("@", side).Replace(`@r.id as "@.registration_id", @r.person_id as "@.person_id", @r.hospital_id as "@.hospital_id",
		@p.name as "@.name", @p.sex as "@.sex", @p.birth_on as "@.birth_on", @r.phone_last4 as "@.phone_last4", @r.township as "@.township",
		@r.village as "@.village", @r.slip_code as "@.slip_code", @r.registered_on as "@.registered_on", '' as "@.matched", 'none' as "@.doc_kind",
		'' as "@.doc_last4", false as "@.doc_verified",
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = @r.hospital_id) as "@.hospital"`)
}

// CrossPairs looks, among the registrations made since a day, for people of
// another hospital with the same name in sound and the same birth date, who are
// neither merged nor judged before. Only the wide scope of the office sees both.
// They are looked for by birth date and initial, which few share; a name many have.
func (tx *Tx) CrossPairs(since clock.Date, limit int) ([]Pair, error) {
	var rows []pairRow
	err := tx.list(&rows, `with fresh as (select x.id, x.person_id, x.hospital_id from registration x where x.partnership_id = $1 and x.live
			and x.registered_on >= $2 order by x.registered_on desc, x.id desc limit 2000),
		pair as (select distinct least(f.id, o.registration_id) as one, greatest(f.id, o.registration_id) as two
			from fresh f join registration_term t on t.partnership_id = $1 and t.registration_id = f.id and t.term >= 'k:b:' and t.term < 'k:b;'
			cross join lateral (select there.registration_id from `+everyHospital+` cross join lateral (select x.registration_id from registration_term x
				where x.partnership_id = $1 and x.hospital_id = h and x.term = t.term and exists (select 1 from registration_term a
					join registration_term b on b.partnership_id = $1 and b.registration_id = x.registration_id and b.term = a.term
					where a.partnership_id = $1 and a.registration_id = f.id and a.term >= 'k:n:' and a.term < 'k:n;') limit $4) there
				where h <> f.hospital_id) o)
		select `+pairColumns("a")+`, `+pairColumns("b")+` from pair
		join registration ar on ar.partnership_id = $1 and ar.id = pair.one join person ap on ap.partnership_id = $1 and ap.id = ar.person_id
		join registration br on br.partnership_id = $1 and br.id = pair.two join person bp on bp.partnership_id = $1 and bp.id = br.person_id
		where ar.live and br.live and ap.id <> bp.id and ap.birth_on = bp.birth_on and (ap.sex = bp.sex or ap.sex = '' or bp.sex = '')
			and coalesce(ap.root_id, ap.id) <> coalesce(bp.root_id, bp.id)
			and not exists (select 1 from review_item i where i.partnership_id = $1 and (i.person_id = ap.id and i.other_person_id = bp.id
				or i.person_id = bp.id and i.other_person_id = ap.id))
		order by pair.one, pair.two limit $3`, tx.Partnership(), since, limit, perKey)
	return items(rows, func(r pairRow) Pair { return Pair{r.A.row(), r.B.row()} }), err
}
