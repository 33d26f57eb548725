// Package inspection is what an auditor takes away: one file for one fund and
// period with the ledger, the cases, the decisions, the settlements and the log,
// signed, and the check of such a file without any database.
//
// Making a package writes to the log, so "everything until now" is a moving
// target. A package is therefore cut: it holds the ledger entries and log rows up
// to numbers its manifest names. Both are append-only and read again at every
// making; names and states, which may change later, are kept sealed as they were
// at the first. The same package made again, here or on a restored copy, has the
// same bytes; if ledger or log were tampered with in between, it has not, and the
// file that differs is named.
package inspection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Package = store.AuditPackage
	Job     = store.Job
	Fund    = store.Fund
)

// The states of a package.
const (
	Waiting = store.PackageWaiting
	Ready   = store.PackageReady
)

// JobPackage is the kind of job that makes a package.
const JobPackage = "inspection.package"

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases of audit packages.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{d.DB, d.Policy} }

// Order asks for a package: one fund, by id or code, and a period of effective
// days, both included.
type Order struct {
	Fund     ident.ID
	Code     string
	From, To clock.Date
}

func (o Order) check() error {
	var f errs.Fields
	if o.Fund == ident.Nil && o.Code == "" {
		f.Add("fund", "form.error.pick")
	}
	if o.From.IsZero() {
		f.Add("from", "form.error.missing")
	}
	if o.To.IsZero() {
		f.Add("to", "form.error.missing")
	} else if o.To.Before(o.From) {
		f.Add("to", "error.package.period")
	}
	return f.Err()
}

type payload struct {
	Package ident.ID `json:"package"`
}

// Ask notes a package and leaves its making to the queue.
func (s *Service) Ask(ctx context.Context, who user.Principal, o Order, key string) (ident.ID, error) {
	return s.ask(ctx, who, o, key, true)
}

// Make makes a package at once, for the command line.
func (s *Service) Make(ctx context.Context, who user.Principal, o Order) (File, error) {
	id, err := s.ask(ctx, who, o, "", false)
	if err != nil {
		return File{}, err
	}
	if err := s.complete(ctx, who.PartnershipID, id); err != nil {
		return File{}, err
	}
	return s.Download(ctx, who, id)
}

func (s *Service) ask(ctx context.Context, who user.Principal, o Order, key string, queued bool) (ident.ID, error) {
	if err := s.policy.Check(who, authz.AuditPackage, authz.Anywhere(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	if err := o.check(); err != nil {
		return ident.Nil, err
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, o), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.PackageMake, ObjectKind: audit.ObjectPackage, ObjectID: id,
			Detail: map[string]any{"from": o.From.String(), "to": o.To.String()}})
		fund, err := fundOf(tx, o)
		if err != nil {
			return id, err
		}
		if err := s.reaches(who, fund.ID); err != nil {
			return id, err
		}
		tx.Amend("fund", fund.ID.String())
		p := store.AuditPackage{ID: id, Fund: fund.ID, From: o.From, To: o.To, Signer: s.db.Keys().Signer()}
		if err := tx.InsertPackage(p); err != nil || !queued {
			return id, err
		}
		raw, err := json.Marshal(payload{id})
		if err != nil {
			return id, err
		}
		return id, tx.Enqueue(store.Job{ID: id, Kind: JobPackage, Payload: raw, Total: 1})
	})
}

func fundOf(tx *store.Tx, o Order) (store.FundItem, error) {
	if o.Fund != ident.Nil {
		return tx.FundByID(o.Fund)
	}
	return tx.FundByCode(o.Code)
}

// reaches asks for the permission over the fund. A fund out of reach does not
// exist.
func (s *Service) reaches(who user.Principal, fund ident.ID) error {
	err := s.policy.Check(who, authz.AuditPackage, authz.OfFund(who.PartnershipID, fund))
	if errs.Is(err, errs.Forbidden) {
		return errs.Missing("error.fund.missing")
	}
	return err
}

// Funds lists the funds the principal may make packages of.
func (s *Service) Funds(ctx context.Context, who user.Principal) (out []Fund, err error) {
	if err := s.policy.Check(who, authz.AuditPackage, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of funds")
		all, err := tx.FundChoices()
		for _, f := range all {
			if s.reaches(who, f.ID) == nil {
				out = append(out, f)
			}
		}
		return err
	})
	return out, err
}

// List is a page of packages, the latest first.
func (s *Service) List(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Package], err error) {
	if err := s.policy.Check(who, authz.AuditPackage, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	reach := s.policy.Reach(who, authz.AuditPackage)
	funds := []ident.ID(nil)
	if !reach.All {
		funds = append([]ident.ID{}, reach.Funds...)
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("which packages were made is no personal data")
		out, err = tx.ListPackages(funds, req)
		return err
	})
	return out, err
}

// Progress is told how far work has come.
type Progress func(ctx context.Context, done, total int)

// RunJob makes the package a job names.
func (s *Service) RunJob(ctx context.Context, j store.Job, partnership ident.ID, tell Progress) error {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return err
	}
	if err := s.complete(ctx, partnership, p.Package); err != nil {
		return err
	}
	tell(ctx, 1, 1)
	return nil
}

// record is what the row keeps: the cut, and what came out of it.
type record struct {
	Cut   Cut               `json:"cut"`
	Files map[string]string `json:"files"` // SHA-256 by name
}

// complete takes the cut, freezes what may change, and notes what the package
// must be from now on. Doing it again is harmless: a finished one stays.
func (s *Service) complete(ctx context.Context, partnership, id ident.ID) error {
	who := authz.System("audit package").In(partnership)
	var p store.AuditPackage
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("the making was recorded when it was asked for")
		if p, err = tx.PackageByID(id); err != nil || p.State == store.PackageReady {
			return err
		}
		cut, frozen, err := take(tx, p)
		if err != nil {
			return err
		}
		made, err := s.build(tx, p, cut, frozen)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(record{cut, made.sums})
		if err != nil {
			return err
		}
		if p.Frozen, err = json.Marshal(frozen); err != nil {
			return err
		}
		sum := sha256.Sum256(made.Bytes)
		p.Cut, p.Digest, p.Size, p.LogRows = string(raw), sum[:], int64(len(made.Bytes)), made.logRows
		return nil
	}, store.OneInstant(), store.Background())
	if err != nil || p.State == store.PackageReady {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PackageMake, ObjectKind: audit.ObjectPackage, ObjectID: id,
			Detail: map[string]any{"sha256": inEights(p.Digest), "log_rows": p.LogRows}})
		return tx.FinishPackage(p)
	}, store.Background())
}

// inEights writes a digest in groups of eight characters: the log refuses long
// runs of digits, which could be somebody's number.
func inEights(digest []byte) string {
	var groups []string
	for g := range slices.Chunk([]byte(hex.EncodeToString(digest)), 8) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, "-")
}

// File is a package as it is handed out.
type File struct {
	Name    string
	Digest  string // SHA-256
	Package ident.ID
	Bytes   []byte
}

// Download makes a finished package again from its cut and hands it out. It is
// refused, with the name of the file that differs, when ledger or log no longer
// give what they gave at the first making.
func (s *Service) Download(ctx context.Context, who user.Principal, id ident.ID) (f File, err error) {
	if err := s.policy.Check(who, authz.AuditPackage, authz.Anywhere(who.PartnershipID)); err != nil {
		return f, err
	}
	var p store.AuditPackage
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PackageDownload, ObjectKind: audit.ObjectPackage, ObjectID: id})
		if p, err = tx.PackageByID(id); err != nil {
			return err
		}
		if err := s.reaches(who, p.Fund); err != nil {
			return errs.Missing("error.package.missing")
		}
		if p.State != store.PackageReady {
			return errs.Refuse("package.ready", "error.package.waiting", nil, "remedy.package.waiting")
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	var made made
	err = s.db.InTx(ctx, authz.System("audit package").In(who.PartnershipID), func(tx *store.Tx) error {
		tx.NoAudit("the download was recorded before")
		made, err = s.again(tx, p)
		return err
	}, store.OneInstant(), store.Background())
	if errs.Of(err).Rule == ruleSame { // somebody changed the records: the log must say so
		err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
			tx.Intend(audit.Event{Action: audit.PackageDownload, ObjectKind: audit.ObjectPackage, ObjectID: id})
			return err
		})
	}
	return made.File, err
}

// ruleSame: a package made again is the package that was made.
const ruleSame = "package.same"

// again makes a package from its record and compares it.
func (s *Service) again(tx *store.Tx, p store.AuditPackage) (made, error) {
	var r record
	var frozen Frozen
	if err := json.Unmarshal([]byte(p.Cut), &r); err != nil {
		return made{}, err
	}
	if err := json.Unmarshal(p.Frozen, &frozen); err != nil {
		return made{}, err
	}
	m, err := s.build(tx, p, r.Cut, frozen)
	if err != nil {
		return m, err
	}
	sum := sha256.Sum256(m.Bytes)
	if bytes.Equal(sum[:], p.Digest) {
		return m, nil
	}
	for _, name := range fileNames(frozen.format()) {
		if m.sums[name] != r.Files[name] {
			return m, errs.Refuse(ruleSame, "error.package.changed", errs.Args{"file": name}, "remedy.package.changed")
		}
	}
	return m, errs.Refuse(ruleSame, "error.package.changed", errs.Args{"file": manifestName}, "remedy.package.changed")
}
