package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// PrivilegeItem is a privilege with the names of doctor and hospital.
type PrivilegeItem struct {
	practitioner.Privilege
	Name         string
	HomeName     string
	HospitalName string
}

type privilegeRow struct {
	ID           ident.ID   `db:"id"`
	Practitioner ident.ID   `db:"practitioner_id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Kind         string     `db:"kind"`
	From         clock.Date `db:"from_on"`
	To           clock.Date `db:"to_on"`
	Basis        string     `db:"basis"`
	Version      int64      `db:"version"`
	Name         string     `db:"practitioner_name"`
	HomeName     string     `db:"home_name"`
	HospitalName string     `db:"hospital_name"`
}

func (r privilegeRow) item() PrivilegeItem {
	return PrivilegeItem{practitioner.Privilege{ID: r.ID, Practitioner: r.Practitioner, Hospital: r.Hospital, Kind: procedure.Kind(r.Kind), From: r.From, To: r.To,
		Basis: r.Basis, Version: r.Version}, r.Name, r.HomeName, r.HospitalName}
}

const privilegeColumns = `g.id, g.practitioner_id, g.hospital_id, g.kind, g.from_on, g.to_on, g.basis, g.version, d.name as practitioner_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = d.home_organisation_id) as home_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = g.hospital_id) as hospital_name`

const joinPrivilege = ` join practitioner d on d.id = g.practitioner_id `

// PrivilegeByID reads one privilege.
func (tx *Tx) PrivilegeByID(id ident.ID) (PrivilegeItem, error) {
	var r privilegeRow
	err := tx.get(&r, `select `+privilegeColumns+` from privilege g`+joinPrivilege+`where g.partnership_id = $1 and g.id = $2`, tx.Partnership(), id)
	return one(r.item(), err, "error.privilege.missing")
}

// PrivilegesOf lists what a doctor was granted at a hospital, of every kind and
// time: what ended decides as well.
func (tx *Tx) PrivilegesOf(doctor, hospital ident.ID) ([]practitioner.Privilege, error) {
	var rows []privilegeRow
	err := tx.list(&rows, `select `+privilegeColumns+` from privilege g`+joinPrivilege+`where g.partnership_id = $1 and g.hospital_id = $2 and g.practitioner_id = $3
		order by g.from_on, g.id limit 500`, tx.Partnership(), hospital, doctor)
	return items(rows, func(r privilegeRow) practitioner.Privilege { return r.item().Privilege }), err
}

// InsertPrivilege adds a privilege.
func (tx *Tx) InsertPrivilege(p practitioner.Privilege) error {
	_, err := tx.exec(`insert into privilege (partnership_id, id, practitioner_id, hospital_id, kind, from_on, to_on, basis, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), p.ID, p.Practitioner, p.Hospital, string(p.Kind), p.From, p.To, p.Basis, tx.now, tx.who.AccountID)
	return err
}

// UpdatePrivilege stores changed days and the paper.
func (tx *Tx) UpdatePrivilege(p practitioner.Privilege) error {
	return tx.update(`update privilege set from_on = $4, to_on = $5, basis = $6, version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), p.ID, p.Version, p.From, p.To, p.Basis)
}

// hospitalsFrom is the source of a list by hospital: those given as parameter n,
// or all of the partnership.
func hospitalsFrom(hospitals []ident.ID, n int, args []any) (string, []any) {
	if hospitals == nil {
		return memberHospitals, args
	}
	return `(select h as id from unnest($` + placeholder(n) + `::uuid[]) h) h`, append(args, idArray(hospitals))
}

// ListPrivileges is a page of privileges, the latest first; nil hospitals are
// the whole partnership.
func (tx *Tx) ListPrivileges(hospitals []ident.ID, on clock.Date, req page.Request) (page.Result[PrivilegeItem], error) {
	from, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&from, &id); err != nil {
		return page.Result[PrivilegeItem]{}, err
	}
	source, args := hospitalsFrom(hospitals, 6, []any{tx.Partnership(), from, id, req.Limit() + 1, on})
	var rows []privilegeRow
	err := tx.list(&rows, `select `+privilegeColumns+` from `+source+` cross join lateral (select g.* from privilege g where g.partnership_id = $1 and g.hospital_id = h.id
		and (g.from_on, g.id) < ($2, $3) and ($5::date is null or g.from_on <= $5 and g.to_on >= $5) order by g.from_on desc, g.id desc limit $4) g`+joinPrivilege+`
		order by g.from_on desc, g.id desc limit $4`, args...)
	if err != nil {
		return page.Result[PrivilegeItem]{}, err
	}
	return page.Cut(req, items(rows, privilegeRow.item), func(p PrivilegeItem) []any { return []any{p.From, p.ID} }), nil
}

// PrivilegeException is an operation outside of the privileges, with the second
// signature. It names no patient: who signs looks at doctor, day and reason.
type PrivilegeException struct {
	ID           ident.ID                    `db:"id"`
	Procedure    ident.ID                    `db:"procedure_id"`
	Treatment    ident.ID                    `db:"treatment_id"`
	Case         ident.ID                    `db:"case_id"`
	Hospital     ident.ID                    `db:"hospital_id"`
	Practitioner ident.ID                    `db:"practitioner_id"`
	Kind         procedure.Kind              `db:"kind"`
	OperatedOn   clock.Date                  `db:"operated_on"`
	Finding      practitioner.Finding        `db:"finding"`
	WindowFrom   clock.Date                  `db:"window_from"` // of the nearest privilege; zero: there is none
	WindowTo     clock.Date                  `db:"window_to"`
	Reason       string                      `db:"reason"`
	State        practitioner.ExceptionState `db:"state"`
	Note         string                      `db:"note"`
	EnteredBy    ident.ID                    `db:"entered_by"`
	DecidedAt    *time.Time                  `db:"decided_at"`
	CreatedAt    time.Time                   `db:"created_at"`
	Version      int64                       `db:"version"`

	Name         string `db:"practitioner_name"`
	HospitalName string `db:"hospital_name"`
	CaseNo       string `db:"case_no"`
	Entered      string `db:"entered_name"`
	Decider      string `db:"decider_name"`
}

const exceptionColumns = `x.id, x.procedure_id, x.treatment_id, x.case_id, x.hospital_id, x.practitioner_id, x.kind, x.operated_on, x.finding, x.window_from, x.window_to,
	x.reason, x.state, x.note, x.entered_by, x.decided_at, x.created_at, x.version,
	coalesce((select d.name from practitioner d where d.id = x.practitioner_id), '') as practitioner_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = x.hospital_id) as hospital_name, coalesce(c.case_no, '') as case_no,
	coalesce((select a.display_name from account a where a.id = x.entered_by), '') as entered_name,
	coalesce((select a.display_name from account a where a.id = x.decided_by), '') as decider_name`

const joinException = ` left join (select c.partnership_id, c.id, c.case_no from casefile c) c on c.partnership_id = x.partnership_id and c.id = x.case_id `

// ExceptionByID reads one exception.
func (tx *Tx) ExceptionByID(id ident.ID) (PrivilegeException, error) {
	var x PrivilegeException
	err := tx.get(&x, `select `+exceptionColumns+` from privilege_exception x`+joinException+`where x.partnership_id = $1 and x.id = $2`, tx.Partnership(), id)
	return one(x, err, "error.privilege.exception_missing")
}

// ExceptionOf reads the exception of an operation; the id is nil when there is
// none.
func (tx *Tx) ExceptionOf(operation ident.ID) (PrivilegeException, error) {
	var rows []PrivilegeException
	err := tx.list(&rows, `select `+exceptionColumns+` from privilege_exception x`+joinException+`where x.partnership_id = $1 and x.procedure_id = $2 limit 1`, tx.Partnership(), operation)
	if err != nil || len(rows) == 0 {
		return PrivilegeException{}, err
	}
	return rows[0], nil
}

// InsertException puts an operation before the second signature. Its readers are
// those of the operation.
func (tx *Tx) InsertException(x PrivilegeException, o Operation, t Treatment) error {
	_, err := tx.exec(`insert into privilege_exception (partnership_id, id, procedure_id, treatment_id, case_id, hospital_id, visible_to, team, practitioner_id, kind,
		operated_on, finding, window_from, window_to, reason, state, entered_by, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7::uuid[], $8::uuid[], $9, $10, $11, $12, $13, $14, $15, 'open', $16, $17, $16)`, tx.Partnership(), x.ID, o.ID, t.ID, t.Case, t.Hospital,
		idArray(t.SeenBy()), idArray(team(o.Procedure)), o.Lead, string(o.Kind), o.OperatedOn, string(x.Finding), x.WindowFrom, x.WindowTo, x.Reason, tx.who.AccountID, tx.now)
	return err
}

// ReopenException puts a corrected operation before the second signature again.
func (tx *Tx) ReopenException(x PrivilegeException, o Operation) error {
	return tx.update(`update privilege_exception set team = $4::uuid[], practitioner_id = $5, kind = $6, operated_on = $7, finding = $8, window_from = $9, window_to = $10,
		reason = $11, state = 'open', note = '', entered_by = $12, decided_by = null, decided_at = null, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), x.ID, x.Version, idArray(team(o.Procedure)), o.Lead, string(o.Kind), o.OperatedOn,
		string(x.Finding), x.WindowFrom, x.WindowTo, x.Reason, tx.who.AccountID)
}

// VoidException takes an operation that a correction brought within the
// privileges out of the queue.
func (tx *Tx) VoidException(x PrivilegeException) error {
	return tx.update(`update privilege_exception set state = 'void', version = version + 1 where partnership_id = $1 and id = $2 and version = $3`,
		tx.Partnership(), x.ID, x.Version)
}

// SignException stores the second signature.
func (tx *Tx) SignException(x PrivilegeException) error {
	return tx.update(`update privilege_exception set state = $4, note = $5, decided_by = $6, decided_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'open'`, tx.Partnership(), x.ID, x.Version, string(x.State), x.Note, tx.who.AccountID, tx.now)
}

// ListExceptions is a page of exceptions in a state, the latest first; nil
// hospitals are the whole partnership.
func (tx *Tx) ListExceptions(hospitals []ident.ID, state practitioner.ExceptionState, req page.Request) (page.Result[PrivilegeException], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[PrivilegeException]{}, err
	}
	source, args := hospitalsFrom(hospitals, 6, []any{tx.Partnership(), at, id, req.Limit() + 1, string(state)})
	var rows []PrivilegeException
	err := tx.list(&rows, `select `+exceptionColumns+` from `+source+` cross join lateral (select x.* from privilege_exception x where x.partnership_id = $1
		and x.hospital_id = h.id and x.state = $5 and (x.created_at, x.id) < ($2, $3) order by x.created_at desc, x.id desc limit $4) x`+joinException+`
		order by x.created_at desc, x.id desc limit $4`, args...)
	if err != nil {
		return page.Result[PrivilegeException]{}, err
	}
	return page.Cut(req, rows, func(x PrivilegeException) []any { return []any{x.CreatedAt, x.ID} }), nil
}

// CountExceptions counts the operations that wait for the caller's signature, up
// to a hundred for each hospital; nil hospitals are the whole partnership.
func (tx *Tx) CountExceptions(hospitals []ident.ID) (int, error) {
	source, args := hospitalsFrom(hospitals, 4, []any{tx.Partnership(), tx.who.AccountID, nullID(tx.who.PractitionerID)})
	var n int
	err := tx.get(&n, `select count(*)::int from `+source+` cross join lateral (select 1 from privilege_exception x where x.partnership_id = $1 and x.hospital_id = h.id
		and x.state = 'open' and x.entered_by <> $2 and x.practitioner_id is distinct from $3 limit 100) n`, args...)
	return n, err
}
