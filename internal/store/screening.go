package store

import (
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Screening is a screening as it may be shown: the numbers of the record are
// empty, their last four characters stand beside it.
type Screening struct {
	ID       ident.ID
	Hospital ident.ID
	screening.Record
	HospitalName string
	DocLast4     string
	PhoneLast4   string
	Alike        int      // other screenings of the hospital that may be the same person
	Person       ident.ID // nil until registered, as the next two
	Registration ident.ID
	Case         ident.ID
	CaseNo       string
	ConvertedAt  time.Time
	By           string // display name
	CreatedAt    time.Time
	Version      int64
}

// Converted reports whether the screening became a registration.
func (s Screening) Converted() bool { return s.Registration != ident.Nil }

type screeningRow struct {
	ID           ident.ID     `db:"id"`
	Hospital     ident.ID     `db:"hospital_id"`
	HospitalName string       `db:"hospital"`
	On           clock.Date   `db:"screened_on"`
	Township     string       `db:"township"`
	Village      string       `db:"village"`
	Name         string       `db:"name"`
	Sex          string       `db:"sex"`
	Birth        clock.Date   `db:"birth_on"`
	Estimated    bool         `db:"birth_estimated"`
	DocKind      string       `db:"doc_kind"`
	DocLast4     string       `db:"doc_last4"`
	PhoneLast4   string       `db:"phone_last4"`
	Programme    string       `db:"programme"`
	Finding      []byte       `db:"finding"`
	Triage       string       `db:"triage"`
	Answer       string       `db:"answer"`
	Reason       string       `db:"reason"`
	ReasonText   string       `db:"reason_text"`
	Note         string       `db:"note"`
	Basis        string       `db:"legal_basis"`
	Consent      string       `db:"consent_note"`
	Guardian     string       `db:"guardian"`
	Alike        int          `db:"alike"`
	Person       ident.ID     `db:"person_id"` // NULL reads as nil
	Registration ident.ID     `db:"registration_id"`
	Case         ident.ID     `db:"case_id"`
	CaseNo       string       `db:"case_no"`
	ConvertedAt  sql.NullTime `db:"converted_at"`
	By           string       `db:"by_name"`
	CreatedAt    time.Time    `db:"created_at"`
	Version      int64        `db:"version"`
}

func (r screeningRow) screening() (Screening, error) {
	s := Screening{ID: r.ID, Hospital: r.Hospital, HospitalName: r.HospitalName, DocLast4: r.DocLast4, PhoneLast4: r.PhoneLast4, Alike: r.Alike,
		Person: r.Person, Registration: r.Registration, Case: r.Case, CaseNo: r.CaseNo, ConvertedAt: r.ConvertedAt.Time.UTC(), By: r.By, CreatedAt: r.CreatedAt.UTC(), Version: r.Version,
		Record: screening.Record{On: r.On, Place: screening.Place{Township: r.Township, Village: r.Village}, Name: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth,
			BirthEstimated: r.Estimated, DocKind: patient.DocumentKind(r.DocKind), Programme: procedure.Programme(r.Programme), Triage: screening.Triage(r.Triage),
			Answer: screening.Answer(r.Answer), Reason: screening.Reason(r.Reason), ReasonText: r.ReasonText, Note: r.Note, LegalBasis: patient.LegalBasis(r.Basis),
			ConsentNote: r.Consent, Guardian: r.Guardian}}
	return s, json.Unmarshal(r.Finding, &s.Finding)
}

func screenings(rows []screeningRow) ([]Screening, error) {
	out := make([]Screening, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.screening(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// alikeScreening says which screening d of the hospital may be the person of s:
// the same name, and the same birth or the same village.
const alikeScreening = `d.partnership_id = s.partnership_id and d.hospital_id = s.hospital_id and d.name = s.name and d.live and d.id <> s.id
	and (d.birth_on = s.birth_on or d.village = s.village and d.village <> '')`

const screeningColumns = `s.id, s.hospital_id, s.screened_on, s.township, s.village, s.name, s.sex, s.birth_on, s.birth_estimated, s.doc_kind, s.doc_last4, s.phone_last4,
	s.programme, s.finding, s.triage, s.answer, s.reason, s.reason_text, s.note, s.legal_basis, s.consent_note, s.guardian, s.person_id, s.registration_id, s.case_id,
	s.converted_at, s.created_at, s.version, (select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = s.hospital_id) as hospital,
	coalesce((select c.case_no from casefile c where c.partnership_id = s.partnership_id and c.id = s.case_id), '') as case_no,
	coalesce((select a.display_name from account a where a.id = s.created_by), '') as by_name,
	(select count(*) from screening d where ` + alikeScreening + `) as alike`

// ScreeningFilter narrows the list of screenings.
type ScreeningFilter struct {
	Hospitals []ident.ID
	On        clock.Date // zero: any day
	Place     screening.Place
	Triage    screening.Triage
	Answer    screening.Answer
	Open      bool // not yet registered
}

// ListScreenings is a page of the screenings of the named hospitals, the latest
// day first.
func (tx *Tx) ListScreenings(f ScreeningFilter, req page.Request) (page.Result[Screening], error) {
	var none page.Result[Screening]
	on, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return none, err
	}
	if !f.On.IsZero() && f.On.Before(on) {
		on, id = f.On, lastID
	}
	args := []any{tx.Partnership(), idArray(f.Hospitals), on, id, req.Limit() + 1, f.On}
	where := ""
	if f.Place != (screening.Place{}) {
		args = append(args, f.Place.Township, f.Place.Village)
		where += ` and x.township = $7 and x.village = $8`
	}
	if f.Triage != "" {
		args = append(args, string(f.Triage))
		where += ` and x.triage = $` + placeholder(len(args))
	}
	if f.Answer != "" {
		args = append(args, string(f.Answer))
		where += ` and x.answer = $` + placeholder(len(args))
	}
	if f.Open {
		where += ` and x.registration_id is null`
	}
	var rows []screeningRow
	err := tx.list(&rows, `select `+screeningColumns+` from (select y.* from unnest($2::uuid[]) h cross join lateral (
			select x.* from screening x where x.partnership_id = $1 and x.hospital_id = h and x.live`+where+`
			and (x.screened_on, x.id) < ($3, $4) and ($6::date is null or x.screened_on >= $6) order by x.screened_on desc, x.id desc limit $5) y
		order by y.screened_on desc, y.id desc limit $5) s order by s.screened_on desc, s.id desc`, args...)
	if err != nil {
		return none, err
	}
	list, err := screenings(rows)
	return page.Cut(req, list, func(s Screening) []any { return []any{s.On, s.ID} }), err
}

// ScreeningCount is how many were screened on a day, and what became of them.
type ScreeningCount struct {
	All        int `db:"n"`
	Advised    int `db:"advised"`
	Declined   int `db:"declined"`
	Registered int `db:"registered"`
}

// CountScreenings counts one day at the named hospitals.
func (tx *Tx) CountScreenings(hospitals []ident.ID, on clock.Date) (ScreeningCount, error) {
	var n ScreeningCount
	err := tx.get(&n, `select count(*) as n, count(*) filter (where s.triage = 'SURGERY_ADVISED') as advised, count(*) filter (where s.answer = 'DECLINED') as declined,
			count(*) filter (where s.registration_id is not null) as registered
		from screening s where s.partnership_id = $1 and s.hospital_id = any ($2::uuid[]) and s.live and s.screened_on = $3`, tx.Partnership(), idArray(hospitals), on)
	return n, err
}

// ScreeningPlace is a place with the last day there.
type ScreeningPlace struct {
	screening.Place
	Last clock.Date
}

// ScreeningPlaces lists the places of the outreach days since a day, the latest
// first; of a hospital that screens very many, those of its latest thousand.
func (tx *Tx) ScreeningPlaces(hospitals []ident.ID, since clock.Date) ([]ScreeningPlace, error) {
	var rows []struct {
		Township string     `db:"township"`
		Village  string     `db:"village"`
		Last     clock.Date `db:"last_on"`
	}
	err := tx.list(&rows, `select s.township, s.village, max(s.screened_on) as last_on from unnest($2::uuid[]) h cross join lateral (
			select x.township, x.village, x.screened_on from screening x where x.partnership_id = $1 and x.hospital_id = h and x.live and x.screened_on >= $3
			order by x.screened_on desc, x.id desc limit 1000) s
		group by s.township, s.village order by last_on desc, s.township, s.village limit 60`, tx.Partnership(), idArray(hospitals), since)
	out := make([]ScreeningPlace, len(rows))
	for i, r := range rows {
		out[i] = ScreeningPlace{screening.Place{Township: r.Township, Village: r.Village}, r.Last}
	}
	return out, err
}

// ScreeningByID reads a screening.
func (tx *Tx) ScreeningByID(id ident.ID) (Screening, error) {
	var r screeningRow
	err := tx.get(&r, `select `+screeningColumns+` from screening s where s.partnership_id = $1 and s.id = $2 and s.live`, tx.Partnership(), id)
	if r, err = one(r, err, "error.screening.missing"); err != nil {
		return Screening{}, err
	}
	return r.screening()
}

// ScreeningHeld reads a screening that nobody registers until the transaction
// ends: what is added to it now either was there or finds the registration.
func (tx *Tx) ScreeningHeld(id ident.ID) (Screening, error) {
	if _, err := tx.exec(`select 1 from screening s where s.partnership_id = $1 and s.id = $2 for share`, tx.Partnership(), id); err != nil {
		return Screening{}, err
	}
	return tx.ScreeningByID(id)
}

// AlikeScreenings lists the other screenings of the hospital that may be the
// same person, the latest first.
func (tx *Tx) AlikeScreenings(id ident.ID) ([]Screening, error) {
	var rows []screeningRow
	err := tx.list(&rows, `select `+screeningColumns+` from (select d.* from screening s join screening d on `+alikeScreening+`
		where s.partnership_id = $1 and s.id = $2 order by d.screened_on desc, d.id desc limit 10) s order by s.screened_on desc, s.id desc`, tx.Partnership(), id)
	if err != nil {
		return nil, err
	}
	return screenings(rows)
}

// CountAlike counts the other screenings of the hospital that may be the same
// person.
func (tx *Tx) CountAlike(id ident.ID) (int, error) {
	var n int
	err := tx.get(&n, `select count(*) from screening s join screening d on `+alikeScreening+` where s.partnership_id = $1 and s.id = $2`, tx.Partnership(), id)
	return n, err
}

// OpenScreening reads the two numbers of a screening in full, for the
// registration that takes them over.
func (tx *Tx) OpenScreening(id ident.ID) (document, phone string, err error) {
	var r struct {
		Document []byte `db:"doc_sealed"`
		Phone    []byte `db:"phone_sealed"`
	}
	err = tx.get(&r, `select s.doc_sealed, s.phone_sealed from screening s where s.partnership_id = $1 and s.id = $2 and s.live`, tx.Partnership(), id)
	if r, err = one(r, err, "error.screening.missing"); err != nil {
		return "", "", err
	}
	if document, err = tx.keys.OpenString(r.Document, screeningPlace("doc_sealed", id)); err != nil {
		return "", "", err
	}
	phone, err = tx.keys.OpenString(r.Phone, screeningPlace("phone_sealed", id))
	return document, phone, err
}

func screeningPlace(column string, id ident.ID) seal.Place {
	return seal.Place{Table: "screening", Column: column, Row: id}
}

// Stored is what became of a row that was sent.
type Stored string

// What may become of it.
const (
	RowCreated  Stored = "created"
	RowRepeated Stored = "repeated" // the same row was there already
	RowTaken    Stored = "taken"    // its id belongs to another row
)

// InsertScreening adds a screening under the id its client made. A row that is
// there already is left as it is.
func (tx *Tx) InsertScreening(s Screening) (Stored, error) {
	raw, err := json.Marshal(s.Record)
	if err != nil {
		return "", err
	}
	content, err := tx.keys.Digest(seal.PurposeScreening, s.Hospital.String()+string(raw))
	if err != nil {
		return "", err
	}
	finding, err := json.Marshal(s.Finding)
	if err != nil {
		return "", err
	}
	document, err := tx.keys.SealString(s.DocNumber, screeningPlace("doc_sealed", s.ID))
	if err != nil {
		return "", err
	}
	phone, err := tx.keys.SealString(s.Phone, screeningPlace("phone_sealed", s.ID))
	if err != nil {
		return "", err
	}
	n, err := tx.exec(`insert into screening (partnership_id, id, hospital_id, screened_on, township, village, name, sex, birth_on, birth_estimated, doc_kind, doc_sealed,
			doc_last4, phone_sealed, phone_last4, programme, finding, triage, answer, reason, reason_text, note, legal_basis, consent_note, guardian, content, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
		on conflict (partnership_id, id) do nothing`, tx.Partnership(), s.ID, s.Hospital, s.On, s.Place.Township, s.Place.Village, s.Name, string(s.Sex), s.Birth, s.BirthEstimated,
		string(s.DocKind), document, last4(s.DocNumber), phone, last4(s.Phone), string(s.Programme), string(finding), string(s.Triage), string(s.Answer), string(s.Reason),
		s.ReasonText, s.Note, string(s.LegalBasis), s.ConsentNote, s.Guardian, content, tx.now, tx.who.AccountID)
	if err != nil || n == 1 {
		return RowCreated, err
	}
	return tx.sameScreening(s.ID, content)
}

// sameScreening tells a row that was sent again from another one. A row that is
// hidden from the caller is another one.
func (tx *Tx) sameScreening(id ident.ID, content []byte) (Stored, error) {
	var have []byte
	err := tx.get(&have, `select s.content from screening s where s.partnership_id = $1 and s.id = $2`, tx.Partnership(), id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return RowTaken, nil
	case err != nil:
		return "", err
	case subtle.ConstantTimeCompare(have, content) == 1:
		return RowRepeated, nil
	}
	return RowTaken, nil
}

// Conversion is who a screened person became.
type Conversion struct {
	Screening    ident.ID
	Person       ident.ID
	Registration ident.ID
	Case         ident.ID // nil without a case
}

// ConvertScreening notes on a screening who the person became. It happens once:
// a second registration of the same screening is refused.
func (tx *Tx) ConvertScreening(c Conversion) error {
	n, err := tx.exec(`update screening set person_id = $3, registration_id = $4, case_id = $5, converted_at = $6, converted_by = $7, version = version + 1
		where partnership_id = $1 and id = $2 and live and registration_id is null`, tx.Partnership(), c.Screening, c.Person, c.Registration, nullID(c.Case), tx.now, tx.who.AccountID)
	if err == nil && n == 0 {
		return errs.Refuse("screening.once", "error.screening.converted", nil, "remedy.screening.converted")
	}
	return err
}

// WithdrawScreening takes a screening off the list; it stays in the table with
// the reason.
func (tx *Tx) WithdrawScreening(s Screening, reason string) error {
	return tx.update(`update screening set live = false, withdrawn_reason = $4, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live and registration_id is null`, tx.Partnership(), s.ID, s.Version, reason)
}
