package store

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

type practitionerRow struct {
	ID        ident.ID   `db:"id"`
	Name      string     `db:"name"`
	NameKey   string     `db:"name_key"`
	LicenceNo string     `db:"licence_no"`
	LicenceTo clock.Date `db:"licence_expires_on"`
	Home      ident.ID   `db:"home_organisation_id"`
	Grade     string     `db:"grade"`
	Specialty string     `db:"specialty"`
	Version   int64      `db:"version"`
	HomeName  string     `db:"home_name"`
}

// PractitionerItem is a doctor with the name of the own organisation. The side
// depends on the partnership and is not stored.
type PractitionerItem struct {
	practitioner.Practitioner
	HomeName string
	Version  int64

	key string
}

func (r practitionerRow) item() PractitionerItem {
	return PractitionerItem{practitioner.Practitioner{ID: r.ID, Name: r.Name, Licence: r.LicenceNo, LicenceExpires: r.LicenceTo, HomeOrg: r.Home,
		Grade: practitioner.Grade(r.Grade), Specialty: practitioner.Specialty(r.Specialty)}, r.HomeName, r.Version, r.NameKey}
}

const practitionerColumns = `p.id, p.name, p.name_key, p.licence_no, p.licence_expires_on, p.home_organisation_id, p.grade, p.specialty, p.version`

const practitionerHome = `, (select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = p.home_organisation_id) as home_name`

// PractitionerByID reads one doctor.
func (tx *Tx) PractitionerByID(id ident.ID) (PractitionerItem, error) {
	var r practitionerRow
	err := tx.get(&r, `select `+practitionerColumns+practitionerHome+` from practitioner p where p.id = $1`, id)
	return one(r.item(), err, "error.practitioner.missing")
}

// InsertPractitioner adds a doctor.
func (tx *Tx) InsertPractitioner(p practitioner.Practitioner) error {
	_, err := tx.exec(`insert into practitioner (id, name, name_key, licence_no, home_organisation_id, grade, specialty, created_at, licence_expires_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, p.ID, p.Name, match.SortKey(p.Name), p.Licence, p.HomeOrg, string(p.Grade), string(p.Specialty), tx.now, p.LicenceExpires)
	return err
}

// UpdatePractitioner stores changed facts.
func (tx *Tx) UpdatePractitioner(p practitioner.Practitioner, version int64) error {
	return tx.update(`update practitioner set name = $3, name_key = $4, licence_no = $5, home_organisation_id = $6, grade = $7, specialty = $8,
		licence_expires_on = $9, version = version + 1 where id = $1 and version = $2`, p.ID, version, p.Name, match.SortKey(p.Name), p.Licence, p.HomeOrg, string(p.Grade), string(p.Specialty), p.LicenceExpires)
}

// PractitionerFilter narrows the list of doctors.
type PractitionerFilter struct {
	// Homes bounds the list to doctors of these organisations; nil is everybody
	// on the platform.
	Homes []ident.ID
	Text  string // in the name
	// LicenceBy leaves those whose licence ends on that day or before; zero: all.
	LicenceBy clock.Date
}

// ListPractitioners is a page of doctors by name.
func (tx *Tx) ListPractitioners(f PractitionerFilter, req page.Request) (page.Result[PractitionerItem], error) {
	var key string
	id := ident.Nil
	if _, err := req.Cursor(&key, &id); err != nil {
		return page.Result[PractitionerItem]{}, err
	}
	args := []any{key, id, req.Limit() + 1, strings.ToLower(f.Text), f.LicenceBy}
	const filter = ` and ($4 = '' or strpos(lower(p.name), $4) > 0 or starts_with(p.name_key, $4))
		and ($5::date is null or p.licence_expires_on <= $5) order by p.name_key, p.id limit $3`
	query := `select ` + practitionerColumns + practitionerHome + ` from practitioner p where (p.name_key, p.id) > ($1, $2)` + filter
	if f.Homes != nil {
		query = `select ` + practitionerColumns + practitionerHome + ` from unnest($6::uuid[]) h cross join lateral
			(select p.* from practitioner p where p.home_organisation_id = h and (p.name_key, p.id) > ($1, $2)` + filter + `) p order by p.name_key, p.id limit $3`
		args = append(args, idArray(f.Homes))
	}
	var rows []practitionerRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[PractitionerItem]{}, err
	}
	return page.Cut(req, items(rows, practitionerRow.item), func(p PractitionerItem) []any { return []any{p.key, p.ID} }), nil
}
