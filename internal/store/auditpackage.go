package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// PackageState is where an audit package stands.
type PackageState string

// The states.
const (
	PackageWaiting PackageState = "waiting"
	PackageReady   PackageState = "ready"
)

// Label is the message key of the state's name.
func (s PackageState) Label() string { return "package.state." + string(s) }

// AuditPackage is the record of a package. Cut is what the service noted about
// its place in ledger and log; Frozen, opened, is what may change later. Its job
// has the same id.
type AuditPackage struct {
	ID       ident.ID
	Fund     ident.ID
	FundName string
	FundCode string
	From, To clock.Date
	State    PackageState
	Cut      string
	Frozen   []byte
	Digest   []byte
	Size     int64
	LogRows  int
	Signer   uint16
	At       time.Time
	ByID     ident.ID
	By       string
	Failed   bool // the job that makes it has given up
	Version  int64
}

type packageRow struct {
	ID       ident.ID   `db:"id"`
	Fund     ident.ID   `db:"fund_id"`
	FundName string     `db:"fund_name"`
	FundCode string     `db:"fund_code"`
	From     clock.Date `db:"from_on"`
	To       clock.Date `db:"to_on"`
	State    string     `db:"state"`
	Cut      string     `db:"cut"`
	Frozen   []byte     `db:"frozen"`
	Digest   []byte     `db:"digest"`
	Size     int64      `db:"size_bytes"`
	LogRows  int        `db:"log_rows"`
	Signer   int        `db:"signer"`
	At       time.Time  `db:"created_at"`
	ByID     ident.ID   `db:"created_by"`
	By       string     `db:"by_name"`
	Failed   bool       `db:"failed"`
	Version  int64      `db:"version"`
}

func (r packageRow) pack() AuditPackage {
	return AuditPackage{ID: r.ID, Fund: r.Fund, FundName: r.FundName, FundCode: r.FundCode, From: r.From, To: r.To, State: PackageState(r.State), Cut: r.Cut,
		Frozen: r.Frozen, Digest: r.Digest, Size: r.Size, LogRows: r.LogRows, Signer: uint16(r.Signer), At: r.At.UTC(), ByID: r.ByID, By: r.By, Failed: r.Failed, Version: r.Version} // #nosec G115 -- numbers of keys
}

// packageColumns leave out the frozen part, which lists have no use for.
const packageColumns = `select p.id, p.fund_id, p.from_on, p.to_on, p.state, p.cut, p.digest, p.size_bytes, p.log_rows, p.signer, p.created_at, p.created_by, p.version,
	f.name as fund_name, f.code as fund_code, coalesce((select a.display_name from account a where a.id = p.created_by), '') as by_name,
	p.state = 'waiting' and coalesce((select j.state = 'failed' from job j where j.partnership_id = p.partnership_id and j.id = p.id), false) as failed`

const joinPackage = ` join fund f on f.partnership_id = p.partnership_id and f.id = p.fund_id `

func packagePlace(id ident.ID) seal.Place {
	return seal.Place{Table: "audit_package", Column: "frozen", Row: id}
}

// InsertPackage notes that a package was asked for.
func (tx *Tx) InsertPackage(p AuditPackage) error {
	_, err := tx.exec(`insert into audit_package (partnership_id, id, fund_id, from_on, to_on, state, signer, created_at, created_by)
		values ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)`, tx.Partnership(), p.ID, p.Fund, p.From, p.To, int(p.Signer), tx.now, tx.who.AccountID)
	return err
}

// FinishPackage stores what a package was made of, once.
func (tx *Tx) FinishPackage(p AuditPackage) error {
	frozen, err := tx.keys.Seal(p.Frozen, packagePlace(p.ID))
	if err != nil {
		return err
	}
	return tx.update(`update audit_package set state = 'ready', cut = $4, frozen = $5, digest = $6, size_bytes = $7, log_rows = $8, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'waiting'`, tx.Partnership(), p.ID, p.Version, p.Cut, frozen, p.Digest, p.Size, p.LogRows)
}

// PackageByID reads a package with its frozen part.
func (tx *Tx) PackageByID(id ident.ID) (AuditPackage, error) {
	var r packageRow
	err := tx.get(&r, packageColumns+`, p.frozen from audit_package p`+joinPackage+`where p.partnership_id = $1 and p.id = $2`, tx.Partnership(), id)
	p, err := one(r.pack(), err, "error.package.missing")
	if err == nil && p.Frozen != nil {
		p.Frozen, err = tx.keys.Open(p.Frozen, packagePlace(id))
	}
	return p, err
}

// ListPackages is a page of packages, the latest first; of some funds, or with
// nil of all.
func (tx *Tx) ListPackages(funds []ident.ID, req page.Request) (page.Result[AuditPackage], error) {
	at, id := endOfTime, lastID
	if _, err := req.Cursor(&at, &id); err != nil {
		return page.Result[AuditPackage]{}, err
	}
	args := []any{tx.Partnership(), at, id, req.Limit() + 1}
	const after = ` and (p.created_at, p.id) < ($2, $3) order by p.created_at desc, p.id desc limit $4`
	query := packageColumns + ` from audit_package p` + joinPackage + `where p.partnership_id = $1` + after
	if funds != nil {
		query = packageColumns + ` from unnest($5::uuid[]) want cross join lateral (select p.* from audit_package p where p.partnership_id = $1
			and p.fund_id = want` + after + `) p` + joinPackage + `order by p.created_at desc, p.id desc limit $4`
		args = append(args, idArray(funds))
	}
	var rows []packageRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[AuditPackage]{}, err
	}
	return page.Cut(req, items(rows, packageRow.pack), func(p AuditPackage) []any { return []any{p.At, p.ID} }), nil
}

// FundByCode finds a fund by the code people use.
func (tx *Tx) FundByCode(code string) (FundItem, error) {
	var r fundRow
	err := tx.get(&r, selectFund+`where f.partnership_id = $1 and f.code = $2`, tx.Partnership(), code)
	return one(r.item(), err, "error.fund.missing")
}
