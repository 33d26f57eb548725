package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// PersonItem is a person with the number of hospitals that know them: once two
// do, the identity is corrected by the office only.
type PersonItem struct {
	patient.Person
	Hospitals    int
	RestrictedOn clock.Date // zero: not under restriction
	ErasedOn     clock.Date // zero: not deleted at the person's request
}

type personRow struct {
	ID         ident.ID   `db:"id"`
	RootID     ident.ID   `db:"root_id"` // NULL reads as nil
	Name       string     `db:"name"`
	Sex        string     `db:"sex"`
	Birth      clock.Date `db:"birth_on"`
	Estimated  bool       `db:"birth_estimated"`
	Ethnicity  string     `db:"ethnicity"`
	Region     string     `db:"region_code"`
	DeceasedOn clock.Date `db:"deceased_on"`
	Version    int        `db:"version"`
	Hospitals  int        `db:"hospitals"`
	Restricted clock.Date `db:"restricted_on"`
	Erased     clock.Date `db:"erased_on"`
}

func (r personRow) item() PersonItem {
	return PersonItem{patient.Person{ID: r.ID, RootID: r.RootID, Name: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth, BirthEstimated: r.Estimated,
		Ethnicity: r.Ethnicity, RegionCode: r.Region, DeceasedOn: r.DeceasedOn, Version: r.Version}, r.Hospitals, r.Restricted, r.Erased}
}

const personColumns = `p.id, p.root_id, p.name, p.sex, p.birth_on, p.birth_estimated, p.ethnicity, p.region_code, p.deceased_on, p.version,
	p.restricted_on, p.erased_on, cardinality(p.visible_to) as hospitals`

// PersonByID reads a person the transaction may see.
func (tx *Tx) PersonByID(id ident.ID) (PersonItem, error) {
	var r personRow
	err := tx.get(&r, `select `+personColumns+` from person p where p.partnership_id = $1 and p.id = $2`+seen("p"), tx.Partnership(), id)
	return one(r.item(), err, "error.person.missing")
}

// PersonToChange reads a person and keeps others from changing it until the end.
func (tx *Tx) PersonToChange(id ident.ID) (PersonItem, error) {
	var r personRow
	err := tx.get(&r, `select `+personColumns+` from person p where p.partnership_id = $1 and p.id = $2`+seen("p")+` for no key update`, tx.Partnership(), id)
	return one(r.item(), err, "error.person.missing")
}

// InsertPerson adds a person known to one hospital.
func (tx *Tx) InsertPerson(p patient.Person, hospital ident.ID) error {
	_, err := tx.exec(`insert into person (partnership_id, id, name, name_key, sex, birth_on, birth_estimated, ethnicity, region_code, deceased_on,
		visible_to, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::uuid[], $12, $13)`,
		tx.Partnership(), p.ID, p.Name, match.SortKey(p.Name), string(p.Sex), p.Birth, p.BirthEstimated, p.Ethnicity, p.RegionCode, p.DeceasedOn,
		idArray([]ident.ID{hospital}), tx.now, tx.who.AccountID)
	return err
}

// UpdatePerson stores a corrected identity.
func (tx *Tx) UpdatePerson(p patient.Person) error {
	return tx.update(`update person set name = $4, name_key = $5, sex = $6, birth_on = $7, birth_estimated = $8, ethnicity = $9, region_code = $10,
		deceased_on = $11, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), p.ID, p.Version, p.Name, match.SortKey(p.Name), string(p.Sex), p.Birth, p.BirthEstimated, p.Ethnicity, p.RegionCode, p.DeceasedOn)
}

// SetRoot merges a person into another, or takes a merge back when root is nil.
// It changes nothing else, so that it can be taken back, and widens nobody's view.
func (tx *Tx) SetRoot(p patient.Person, root ident.ID) error {
	return tx.update(`update person set root_id = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), p.ID, p.Version, nullID(root))
}

// MergedInto lists the people merged into a person.
func (tx *Tx) MergedInto(root ident.ID) ([]PersonItem, error) {
	var rows []personRow
	err := tx.list(&rows, `select `+personColumns+` from person p where p.partnership_id = $1 and p.root_id = $2 order by p.id limit 50`,
		tx.Partnership(), root)
	return items(rows, personRow.item), err
}

// DocumentItem is a document as it may be shown: Number is empty, the last four
// characters stand beside it.
type DocumentItem struct {
	patient.Document
	Last4     string
	CreatedAt time.Time
}

type documentRow struct {
	ID        ident.ID  `db:"id"`
	PersonID  ident.ID  `db:"person_id"`
	Kind      string    `db:"kind"`
	Sealed    []byte    `db:"number_sealed"`
	Last4     string    `db:"last4"`
	Verified  bool      `db:"verified"`
	Reason    string    `db:"reason"`
	PhotoID   ident.ID  `db:"photo_id"`
	CreatedAt time.Time `db:"created_at"`
	Version   int       `db:"version"`
}

func (r documentRow) item() DocumentItem {
	return DocumentItem{patient.Document{ID: r.ID, PersonID: r.PersonID, Kind: patient.DocumentKind(r.Kind), Verified: r.Verified, Reason: r.Reason,
		PhotoID: r.PhotoID, Version: r.Version}, r.Last4, r.CreatedAt.UTC()}
}

const selectDocument = `select d.id, d.person_id, d.kind, d.number_sealed, d.last4, d.verified, d.reason, d.created_at, d.version,
	(select a.id from attachment a where a.partnership_id = d.partnership_id and a.owner_kind = 'person_document' and a.owner_id = d.id
	and a.replaced_by is null order by a.created_at desc limit 1) as photo_id from person_document d `

// DocumentsOf lists a person's documents, verified ones first, numbers unopened.
func (tx *Tx) DocumentsOf(person ident.ID) ([]DocumentItem, error) {
	rows, err := tx.documentRows(person)
	return items(rows, documentRow.item), err
}

func (tx *Tx) documentRows(person ident.ID) ([]documentRow, error) {
	var rows []documentRow
	err := tx.list(&rows, selectDocument+`where d.partnership_id = $1 and d.person_id = $2 order by d.verified desc, d.created_at limit 20`,
		tx.Partnership(), person)
	return rows, err
}

// OpenDocument reads a document with its full number, for the one who may see
// it and gave a reason.
func (tx *Tx) OpenDocument(id ident.ID) (patient.Document, error) {
	var r documentRow
	err := tx.get(&r, selectDocument+`where d.partnership_id = $1 and d.id = $2`, tx.Partnership(), id)
	if err != nil {
		return one(patient.Document{}, err, "error.document.missing")
	}
	d := r.item().Document
	d.Number, err = tx.keys.OpenString(r.Sealed, documentPlace(r.ID))
	return d, err
}

// InsertDocument adds a document, its number sealed. The visible_to is the
// person's own. A verified number that is in use is a Conflict.
func (tx *Tx) InsertDocument(d patient.Document) error {
	sealed, err := tx.keys.SealString(d.Number, documentPlace(d.ID))
	if err != nil {
		return err
	}
	sum, err := tx.documentDigest(d.Kind, d.Number)
	if err != nil {
		return err
	}
	n, err := tx.exec(`insert into person_document (partnership_id, id, person_id, kind, number_sealed, digest, last4, verified, reason, visible_to,
		created_at, created_by) select $1, $2, $3, $4, $5, $6, $7, $8, $9, p.visible_to, $10, $11 from person p where p.partnership_id = $1 and p.id = $3`,
		tx.Partnership(), d.ID, d.PersonID, string(d.Kind), sealed, sum, last4(d.Number), d.Verified, d.Reason, tx.now, tx.who.AccountID)
	if err == nil && n == 0 {
		return errs.Missing("error.person.missing")
	}
	return err
}

// UpdateDocument replaces a document's number, kind and state, for corrections.
func (tx *Tx) UpdateDocument(d patient.Document) error {
	sealed, err := tx.keys.SealString(d.Number, documentPlace(d.ID))
	if err != nil {
		return err
	}
	sum, err := tx.documentDigest(d.Kind, d.Number)
	if err != nil {
		return err
	}
	return tx.update(`update person_document set kind = $4, number_sealed = $5, digest = $6, last4 = $7, verified = $8, reason = $9, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), d.ID, d.Version, string(d.Kind), sealed, sum, last4(d.Number),
		d.Verified, d.Reason)
}

// Known is what the narrow lookup tells of a person: never a hospital, a
// diagnosis or an amount.
type Known struct {
	PersonID    ident.ID
	Name        string
	Sex         patient.Sex
	BirthYear   int // 0 when not known
	InProgramme bool
}

// FindPerson asks whether a verified number is known anywhere in the
// partnership. The caller records the look-up.
func (tx *Tx) FindPerson(d patient.Document, programme string) (k Known, found bool, err error) {
	sum, err := tx.documentDigest(d.Kind, d.Number)
	if err != nil {
		return Known{}, false, err
	}
	var r struct {
		PersonID ident.ID      `db:"person_id"`
		Name     string        `db:"name"`
		Sex      string        `db:"sex"`
		Year     sql.NullInt64 `db:"birth_year"`
		In       bool          `db:"known_in_programme"`
	}
	err = tx.get(&r, `select f.person_id, f.name, f.sex, f.birth_year, f.known_in_programme from person_find($1, $2, $3) f`, string(d.Kind), sum, programme)
	if errors.Is(err, sql.ErrNoRows) {
		return Known{}, false, nil
	}
	return Known{PersonID: r.PersonID, Name: r.Name, Sex: patient.Sex(r.Sex), BirthYear: int(r.Year.Int64), InProgramme: r.In}, err == nil, err
}

// LinkPerson makes a person visible to a hospital that knows the full number.
func (tx *Tx) LinkPerson(d patient.Document, hospital ident.ID) (ident.ID, error) {
	sum, err := tx.documentDigest(d.Kind, d.Number)
	if err != nil {
		return ident.Nil, err
	}
	var id *ident.ID
	if err := tx.get(&id, `select person_link($1, $2, $3)`, string(d.Kind), sum, hospital); err != nil {
		return ident.Nil, err
	}
	if id == nil {
		return ident.Nil, errs.Missing("error.person.missing")
	}
	return *id, nil
}

// PersonByCode finds the person of a case number or a slip code the transaction
// may see.
func (tx *Tx) PersonByCode(code string) (ident.ID, error) {
	var id ident.ID
	err := tx.get(&id, `select c.person_id from casefile c where c.partnership_id = $1 and c.case_no = $2 and c.live
		union all select r.person_id from `+everyHospital+` join registration r on r.partnership_id = $1 and r.hospital_id = h and r.slip_code = $2
			where r.live limit 1`, tx.Partnership(), code)
	return one(id, err, "error.person.missing")
}
