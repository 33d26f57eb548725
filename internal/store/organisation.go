package store

import (
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

type organisationRow struct {
	ID          ident.ID  `db:"id"`
	Code        string    `db:"code"`
	Name        string    `db:"name"`
	ShortName   string    `db:"short_name"`
	Kind        string    `db:"kind"`
	RegionCode  string    `db:"region_code"`
	Provisional bool      `db:"provisional"`
	MergedInto  ident.ID  `db:"merged_into"` // NULL reads as nil
	CreatedAt   time.Time `db:"created_at"`
	Version     int64     `db:"version"`
}

func (r organisationRow) organisation() partnership.Organisation {
	return partnership.Organisation{ID: r.ID, Code: r.Code, Name: r.Name, ShortName: r.ShortName, Kind: partnership.Kind(r.Kind),
		RegionCode: r.RegionCode, Provisional: r.Provisional, MergedInto: r.MergedInto, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
}

const organisationColumns = `o.id, o.code, o.name, o.short_name, o.kind, o.region_code, o.provisional, o.merged_into, o.created_at, o.version`

// OrganisationByID reads one organisation.
func (tx *Tx) OrganisationByID(id ident.ID) (partnership.Organisation, error) {
	var r organisationRow
	err := tx.get(&r, `select `+organisationColumns+` from organisation o where o.id = $1`, id)
	return one(r.organisation(), err, "error.organisation.missing")
}

// OrganisationByCode reads one organisation by its code, in any case.
func (tx *Tx) OrganisationByCode(code string) (partnership.Organisation, error) {
	var r organisationRow
	err := tx.get(&r, `select `+organisationColumns+` from organisation o where o.code = $1`, strings.ToUpper(strings.TrimSpace(code)))
	return one(r.organisation(), err, "error.organisation.missing")
}

// OrganisationsByID reads organisations by their ids, in any order.
func (tx *Tx) OrganisationsByID(ids []ident.ID) ([]partnership.Organisation, error) {
	var rows []organisationRow
	err := tx.list(&rows, `select `+organisationColumns+` from organisation o join unnest($1::uuid[]) i on i = o.id`, idArray(ids))
	return items(rows, organisationRow.organisation), err
}

// InsertOrganisation adds an organisation.
func (tx *Tx) InsertOrganisation(o partnership.Organisation) error {
	_, err := tx.exec(`insert into organisation (id, code, name, short_name, kind, region_code, provisional, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, o.ID, o.Code, o.Name, o.ShortName, string(o.Kind), o.RegionCode, o.Provisional, tx.now)
	return err
}

// UpdateOrganisation stores changed facts; it does not merge.
func (tx *Tx) UpdateOrganisation(o partnership.Organisation) error {
	return tx.update(`update organisation set code = $3, name = $4, short_name = $5, kind = $6, region_code = $7, provisional = $8,
		version = version + 1 where id = $1 and version = $2`, o.ID, o.Version, o.Code, o.Name, o.ShortName, string(o.Kind), o.RegionCode, o.Provisional)
}

// MergeOrganisation marks an organisation as another one.
func (tx *Tx) MergeOrganisation(from partnership.Organisation, into ident.ID) error {
	return tx.update(`update organisation set merged_into = $3, version = version + 1 where id = $1 and version = $2 and merged_into is null`,
		from.ID, from.Version, into)
}

// PutAlias makes a spelling mean an organisation in this partnership.
func (tx *Tx) PutAlias(alias string, organisation ident.ID) error {
	_, err := tx.exec(`insert into organisation_alias (partnership_id, alias, organisation_id, created_at, created_by) values ($1, $2, $3, $4, $5)
		on conflict (partnership_id, alias) do update set organisation_id = excluded.organisation_id`,
		tx.Partnership(), alias, organisation, tx.now, tx.who.AccountID)
	return err
}

// MoveAliases lets the spellings of a merged organisation mean the other one.
func (tx *Tx) MoveAliases(from, into ident.ID) error {
	_, err := tx.exec(`update organisation_alias set organisation_id = $3 where partnership_id = $1 and organisation_id = $2`,
		tx.Partnership(), from, into)
	return err
}

// OrganisationFilter narrows the list of organisations.
type OrganisationFilter struct {
	Text        string // in code or name
	Kind        string
	Provisional bool     // only those still to be named or merged; not those nothing stands on any more
	Partnership ident.ID // only its members, past ones included; nil: all
}

// ListOrganisations is a page of organisations by code; merged ones are left out.
func (tx *Tx) ListOrganisations(f OrganisationFilter, req page.Request) (page.Result[partnership.Organisation], error) {
	var after string
	if _, err := req.Cursor(&after); err != nil {
		return page.Result[partnership.Organisation]{}, err
	}
	var rows []organisationRow
	err := tx.list(&rows, `select `+organisationColumns+` from organisation o where o.code > $1 and o.merged_into is null
		and ($3 = '' or strpos(lower(o.code), $3) > 0 or strpos(lower(o.name), $3) > 0 or strpos(lower(o.short_name), $3) > 0)
		and ($4 = '' or o.kind = $4) and (not $5 or o.provisional and not exists (select from partnership_member g where g.organisation_id = o.id having count(*) > 0 and count(g.to_on) = count(*)))
		and ($6::uuid is null or exists (select from partnership_member m where m.partnership_id = $6 and m.organisation_id = o.id)) order by o.code limit $2`,
		after, req.Limit()+1, strings.ToLower(f.Text), f.Kind, f.Provisional, nullID(f.Partnership))
	if err != nil {
		return page.Result[partnership.Organisation]{}, err
	}
	return page.Cut(req, items(rows, organisationRow.organisation), func(o partnership.Organisation) []any { return []any{o.Code} }), nil
}

// FormerName is what an organisation was called until an instant.
type FormerName struct {
	Name      string    `db:"name"`
	ShortName string    `db:"short_name"`
	Until     time.Time `db:"until_at"`
}

// KeepName keeps what an organisation was called until now.
func (tx *Tx) KeepName(old partnership.Organisation) error {
	_, err := tx.exec(`insert into organisation_name (id, organisation_id, name, short_name, until_at, created_by) values ($1, $2, $3, $4, $5, $6)`,
		ident.New(), old.ID, old.Name, old.ShortName, tx.now, tx.who.AccountID)
	return err
}

// FormerNames lists what an organisation was called before, the latest first.
func (tx *Tx) FormerNames(id ident.ID) ([]FormerName, error) {
	var out []FormerName
	err := tx.list(&out, `select n.name, n.short_name, n.until_at from organisation_name n where n.organisation_id = $1 order by n.until_at desc limit 50`, id)
	return out, err
}

// NameAt is what an organisation was called at an instant, as lists show it.
func (tx *Tx) NameAt(id ident.ID, at time.Time) (string, error) {
	var name string
	err := tx.get(&name, `select coalesce((select coalesce(nullif(n.short_name, ''), n.name) from organisation_name n where n.organisation_id = o.id and n.until_at > $2
		order by n.until_at limit 1), nullif(o.short_name, ''), o.name) from organisation o where o.id = $1`, id, at)
	return one(name, err, "error.organisation.missing")
}
