package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// RegistrationItem is a registration as it may be shown: the telephone numbers
// are empty, their last four digits stand beside them.
type RegistrationItem struct {
	patient.Registration
	Hospital      string
	PhoneLast4    string
	KinPhoneLast4 string
	Note          string
	Imported      bool
	CreatedAt     time.Time
}

type registrationRow struct {
	ID         ident.ID   `db:"id"`
	PersonID   ident.ID   `db:"person_id"`
	HospitalID ident.ID   `db:"hospital_id"`
	Hospital   string     `db:"hospital"`
	Phone      []byte     `db:"phone_sealed"`
	PhoneLast4 string     `db:"phone_last4"`
	Township   string     `db:"township"`
	Village    string     `db:"village"`
	Address    string     `db:"address"`
	KinName    string     `db:"kin_name"`
	KinPhone   []byte     `db:"kin_phone_sealed"`
	KinLast4   string     `db:"kin_phone_last4"`
	Basis      string     `db:"legal_basis"`
	Consent    string     `db:"consent_note"`
	Guardian   string     `db:"guardian"`
	Slip       string     `db:"slip_code"`
	Note       string     `db:"note"`
	On         clock.Date `db:"registered_on"`
	Imported   bool       `db:"imported"`
	CreatedAt  time.Time  `db:"created_at"`
	Version    int        `db:"version"`
}

func (r registrationRow) item() RegistrationItem {
	return RegistrationItem{Registration: patient.Registration{ID: r.ID, PersonID: r.PersonID, HospitalID: r.HospitalID, Address: r.Address,
		Township: r.Township, Village: r.Village, KinName: r.KinName, LegalBasis: patient.LegalBasis(r.Basis), ConsentNote: r.Consent,
		Guardian: r.Guardian, SlipCode: r.Slip, RegisteredOn: r.On, Version: r.Version}, Hospital: r.Hospital, PhoneLast4: r.PhoneLast4,
		KinPhoneLast4: r.KinLast4, Note: r.Note, Imported: r.Imported, CreatedAt: r.CreatedAt.UTC()}
}

const selectRegistration = `select r.id, r.person_id, r.hospital_id, r.phone_sealed, r.phone_last4, r.township, r.village, r.address, r.kin_name,
	r.kin_phone_sealed, r.kin_phone_last4, r.legal_basis, r.consent_note, r.guardian, r.slip_code, r.note, r.registered_on,
	r.batch_id is not null as imported, r.created_at, r.version,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.hospital_id) as hospital from registration r `

// RegistrationByID reads one registration.
func (tx *Tx) RegistrationByID(id ident.ID) (RegistrationItem, error) {
	r, err := tx.registrationRow(id)
	return r.item(), err
}

func (tx *Tx) registrationRow(id ident.ID) (registrationRow, error) {
	var r registrationRow
	err := tx.get(&r, selectRegistration+`where r.partnership_id = $1 and r.id = $2 and r.live`, tx.Partnership(), id)
	return one(r, err, "error.registration.missing")
}

// RegistrationsOf lists the registrations of a person the transaction may see,
// the latest first.
func (tx *Tx) RegistrationsOf(person ident.ID) ([]RegistrationItem, error) {
	var rows []registrationRow
	err := tx.list(&rows, selectRegistration+`where r.partnership_id = $1 and r.person_id = $2 and r.live order by r.registered_on desc, r.id desc limit 100`,
		tx.Partnership(), person)
	return items(rows, registrationRow.item), err
}

// RegisteredAt reports whether a hospital has a registration of a person,
// withdrawn ones included: the pair is unique.
func (tx *Tx) RegisteredAt(person, hospital ident.ID) (bool, error) {
	var yes bool
	err := tx.get(&yes, `select exists (select 1 from registration r where r.partnership_id = $1 and r.hospital_id = $2 and r.person_id = $3)`,
		tx.Partnership(), hospital, person)
	return yes, err
}

// WithdrawnRegistration finds the registration of a person at a hospital that
// was withdrawn with its import batch.
func (tx *Tx) WithdrawnRegistration(person, hospital ident.ID) (r patient.Registration, ok bool, err error) {
	var row registrationRow
	err = tx.get(&row, selectRegistration+`where r.partnership_id = $1 and r.hospital_id = $2 and r.person_id = $3 and not r.live`,
		tx.Partnership(), hospital, person)
	if errors.Is(err, sql.ErrNoRows) {
		return patient.Registration{}, false, nil
	}
	return row.item().Registration, err == nil, err
}

// OpenPhones reads the two telephone numbers of a registration in full.
func (tx *Tx) OpenPhones(id ident.ID) (phone, kin string, err error) {
	r, err := tx.registrationRow(id)
	if err != nil {
		return "", "", err
	}
	return tx.openPhones(r)
}

func (tx *Tx) openPhones(r registrationRow) (phone, kin string, err error) {
	if phone, err = tx.keys.OpenString(r.Phone, phonePlace(r.ID)); err != nil {
		return "", "", err
	}
	kin, err = tx.keys.OpenString(r.KinPhone, kinPhonePlace(r.ID))
	return phone, kin, err
}

func (tx *Tx) sealPhones(r patient.Registration) (phone, kin []byte, err error) {
	if phone, err = tx.keys.SealString(r.Phone, phonePlace(r.ID)); err != nil {
		return nil, nil, err
	}
	kin, err = tx.keys.SealString(r.KinPhone, kinPhonePlace(r.ID))
	return phone, kin, err
}

// InsertRegistration adds a hospital's registration with its search terms.
func (tx *Tx) InsertRegistration(s Source, note string) error {
	r := s.Registration
	phone, kin, err := tx.sealPhones(r)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into registration (partnership_id, id, person_id, hospital_id, visible_to, phone_sealed, phone_last4, township, village,
		address, kin_name, kin_phone_sealed, kin_phone_last4, legal_basis, consent_note, guardian, slip_code, note, registered_on, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		tx.Partnership(), r.ID, r.PersonID, r.HospitalID, idArray([]ident.ID{r.HospitalID}), phone, last4(r.Phone), r.Township, r.Village, r.Address,
		r.KinName, kin, last4(r.KinPhone), string(r.LegalBasis), r.ConsentNote, r.Guardian, r.SlipCode, note, r.RegisteredOn, tx.now, tx.who.AccountID)
	if err != nil {
		return err
	}
	if err := tx.placeFollowUps(r.PersonID); err != nil {
		return err
	}
	return tx.insertTerms(s)
}

// UpdateRegistration stores changed contacts and makes the search terms anew.
// The telephone numbers are those of r, in full.
func (tx *Tx) UpdateRegistration(r patient.Registration, note string) error {
	phone, kin, err := tx.sealPhones(r)
	if err != nil {
		return err
	}
	err = tx.update(`update registration set phone_sealed = $4, phone_last4 = $5, township = $6, village = $7, address = $8, kin_name = $9,
		kin_phone_sealed = $10, kin_phone_last4 = $11, legal_basis = $12, consent_note = $13, guardian = $14, note = $15, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, phone, last4(r.Phone), r.Township, r.Village,
		r.Address, r.KinName, kin, last4(r.KinPhone), string(r.LegalBasis), r.ConsentNote, r.Guardian, note)
	if err != nil {
		return err
	}
	if err := tx.placeFollowUps(r.PersonID); err != nil {
		return err
	}
	return tx.RefreshTerms(r.ID)
}

// PersonRow is a line of a list of people: a registration with who it is of.
type PersonRow struct {
	RegistrationID ident.ID
	PersonID       ident.ID
	HospitalID     ident.ID
	Hospital       string
	Name           string
	Sex            patient.Sex
	Birth          clock.Date
	DocKind        patient.DocumentKind // DocNone without a document
	DocLast4       string
	DocVerified    bool
	PhoneLast4     string
	Township       string
	Village        string
	SlipCode       string
	RegisteredOn   clock.Date
	Matched        string // letters of match.Kind that matched, in a search
}

type personListRow struct {
	RegistrationID ident.ID   `db:"registration_id"`
	PersonID       ident.ID   `db:"person_id"`
	HospitalID     ident.ID   `db:"hospital_id"`
	Hospital       string     `db:"hospital"`
	Name           string     `db:"name"`
	Sex            string     `db:"sex"`
	Birth          clock.Date `db:"birth_on"`
	DocKind        string     `db:"doc_kind"`
	DocLast4       string     `db:"doc_last4"`
	DocVerified    bool       `db:"doc_verified"`
	PhoneLast4     string     `db:"phone_last4"`
	Township       string     `db:"township"`
	Village        string     `db:"village"`
	Slip           string     `db:"slip_code"`
	On             clock.Date `db:"registered_on"`
	Matched        string     `db:"matched"`
}

func (r personListRow) row() PersonRow {
	return PersonRow{RegistrationID: r.RegistrationID, PersonID: r.PersonID, HospitalID: r.HospitalID, Hospital: r.Hospital, Name: r.Name,
		Sex: patient.Sex(r.Sex), Birth: r.Birth, DocKind: patient.DocumentKind(r.DocKind), DocLast4: r.DocLast4, DocVerified: r.DocVerified,
		PhoneLast4: r.PhoneLast4, Township: r.Township, Village: r.Village, SlipCode: r.Slip, RegisteredOn: r.On, Matched: r.Matched}
}

// personListColumns and personListJoins make a list line of the registrations r.
const personListColumns = `r.id as registration_id, r.person_id, r.hospital_id, p.name, p.sex, p.birth_on, r.phone_last4, r.township, r.village,
	r.slip_code, r.registered_on, coalesce(d.kind, 'none') as doc_kind, coalesce(d.last4, '') as doc_last4, coalesce(d.verified, false) as doc_verified,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.hospital_id) as hospital`

const personListJoins = ` join person p on p.partnership_id = r.partnership_id and p.id = r.person_id
	left join lateral (select x.kind, x.last4, x.verified from person_document x where x.partnership_id = r.partnership_id and x.person_id = r.person_id
		order by x.verified desc, x.created_at limit 1) d on true`

// manyHospitals is from where on a list is read from the wide index: up to here
// one index range per hospital is cheaper.
const manyHospitals = 8

// unrestricted leaves out of a list of registrations x who asked for restriction:
// they are found by somebody who looks for them, and stand on no list.
const unrestricted = ` and not exists (select 1 from person q where q.partnership_id = $1 and q.id = x.person_id and q.restricted_on is not null)`

const listRegistrations = `select ` + personListColumns + `, '' as matched from (
	select r.* from unnest($2::uuid[]) h cross join lateral (
		select x.id, x.partnership_id, x.person_id, x.hospital_id, x.phone_last4, x.township, x.village, x.slip_code, x.registered_on
		from registration x where x.partnership_id = $1 and x.hospital_id = h and x.live and (x.registered_on, x.id) < ($3, $4)` + unrestricted + `
		order by x.registered_on desc, x.id desc limit $5) r
	order by r.registered_on desc, r.id desc limit $5) r` + personListJoins + ` order by r.registered_on desc, r.id desc`

const listRegistrationsWide = `select ` + personListColumns + `, '' as matched from (
	select x.id, x.partnership_id, x.person_id, x.hospital_id, x.phone_last4, x.township, x.village, x.slip_code, x.registered_on
	from registration x where x.partnership_id = $1 and x.live and (x.registered_on, x.id) < ($2, $3)` + unrestricted + `
	order by x.registered_on desc, x.id desc limit $4) r` + personListJoins + ` order by r.registered_on desc, r.id desc`

// ListRegistrations is a page of registrations, the latest first: of the given
// hospitals, or of all the transaction sees when none are given.
func (tx *Tx) ListRegistrations(hospitals []ident.ID, req page.Request) (page.Result[PersonRow], error) {
	on, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[PersonRow]{}, err
	}
	var rows []personListRow
	var err error
	if len(hospitals) == 0 || len(hospitals) > manyHospitals {
		err = tx.list(&rows, listRegistrationsWide, tx.Partnership(), on, id, req.Limit()+1)
	} else {
		err = tx.list(&rows, listRegistrations, tx.Partnership(), idArray(hospitals), on, id, req.Limit()+1)
	}
	return page.Cut(req, items(rows, personListRow.row), func(p PersonRow) []any { return []any{p.RegisteredOn, p.RegistrationID} }), err
}
