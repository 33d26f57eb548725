// Package paying is what happens to money after a reduction was settled: what the
// funds owe, where it is paid to, the settlement runs two persons release, what
// the bank returned, and what an audit had paid back.
//
// A step locks in the order of the house: the run, then the accounts of its fund,
// then the audit chain. Holding the fund's accounts also keeps two runs made at
// once from collecting the same; the database refuses what both forgot.
package paying

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
	// Say speaks the language of the bank's counter, whatever the clerk reads.
	Say i18n.Printer
}

// Service is the use cases about paying out.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	say    i18n.Printer
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy, say: d.Say} }

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Payable       = store.Payable
	PayableSum    = store.PayableSum
	PayableFilter = store.PayableFilter
	Run           = store.PayRun
	Line          = store.PayLine
	Account       = store.HospitalAccount
	Card          = store.PayeeCard
	Recovery      = store.Recovery
	Receipt       = store.RecoveryReceipt
)

func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// reaches asks whether a permission reaches a record of a fund at a hospital. What
// is out of reach does not exist.
func (s *Service) reaches(who user.Principal, perm authz.Permission, fund, hospital ident.ID, missing string) error {
	if err := s.door(who, perm); err != nil {
		return err
	}
	if s.policy.Can(who, perm, authz.OfFund(who.PartnershipID, fund)) || hospital != ident.Nil && s.policy.Can(who, perm, authz.AtHospital(who.PartnershipID, hospital)) {
		return nil
	}
	return errs.Missing(missing)
}

// narrowed is a filter as far as a permission reaches. False: nothing is reached.
func (s *Service) narrowed(who user.Principal, perm authz.Permission, f store.PayableFilter) (store.PayableFilter, bool) {
	reach := s.policy.Reach(who, perm)
	f.Hospitals, f.Funds = nil, nil
	switch {
	case reach.All:
	case len(reach.Hospitals) > 0:
		f.Hospitals = append([]ident.ID{}, reach.Hospitals...)
	case f.Fund != ident.Nil:
		return f, slices.Contains(reach.Funds, f.Fund)
	case len(reach.Funds) == 1:
		f.Fund = reach.Funds[0]
	case len(reach.Funds) > 0:
		f.Funds = append([]ident.ID{}, reach.Funds...)
	default:
		return f, false
	}
	return f, true
}

// funds are those a permission reaches as a fund's; nil is every one.
func (s *Service) funds(who user.Principal, perm authz.Permission) []ident.ID {
	reach := s.policy.Reach(who, perm)
	if reach.All {
		return nil
	}
	return append([]ident.ID{}, reach.Funds...)
}

// shown is a name as it stands in lists about money: always masked.
func shown(name string) string { return patient.MaskName(name) }

// Owed is what funds owe, with the sums by fund and hospital.
type Owed struct {
	page.Result[store.Payable]
	Sums    []store.PayableSum
	MayMake bool
	MayCard bool
}

// Payables lists what is owed, the longest waiting first.
func (s *Service) Payables(ctx context.Context, who user.Principal, f store.PayableFilter, req page.Request) (v Owed, err error) {
	if err := s.door(who, authz.PayableRead); err != nil {
		return v, err
	}
	f, some := s.narrowed(who, authz.PayableRead, f)
	v.MayMake, v.MayCard = s.door(who, authz.PayoutMake) == nil, s.door(who, authz.PayeeEdit) == nil
	if !some {
		return v, nil
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayableRead, ObjectKind: audit.ObjectList})
		if v.Result, err = tx.ListPayables(f, req); err != nil {
			return err
		}
		for i := range v.Rows {
			v.Rows[i].PersonName = shown(v.Rows[i].PersonName)
		}
		v.Sums, err = tx.SumPayables(f)
		return err
	})
	return v, err
}

// Payments lists what was paid or is being paid, the latest first.
func (s *Service) Payments(ctx context.Context, who user.Principal, f store.PayableFilter, req page.Request) (out page.Result[store.PayLine], err error) {
	if err := s.door(who, authz.PayableRead); err != nil {
		return out, err
	}
	f, some := s.narrowed(who, authz.PayableRead, f)
	if !some {
		return out, nil
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayableRead, ObjectKind: audit.ObjectList})
		out, err = tx.PaidLines(f, req)
		for i := range out.Rows {
			out.Rows[i].PersonName = shown(out.Rows[i].PersonName)
		}
		return err
	})
	return out, err
}

// PayableView is one payable with everything that was tried to pay it.
type PayableView struct {
	store.Payable
	Lines      []store.PayLine
	Card       store.PayeeCard
	HasCard    bool
	MayCard    bool
	MayRecover bool
}

// Payable reads one payable.
func (s *Service) Payable(ctx context.Context, who user.Principal, id ident.ID) (v PayableView, err error) {
	if err := s.door(who, authz.PayableRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayableRead, ObjectKind: audit.ObjectTransfer, ObjectID: id})
		if v.Payable, err = tx.PayableByID(id); err != nil {
			return err
		}
		if err := s.reaches(who, authz.PayableRead, v.Fund, v.Hospital, "error.payout.payable_missing"); err != nil {
			return err
		}
		if v.Lines, err = tx.LinesOfPayable(id); err != nil {
			return err
		}
		if v.Payee() == payout.Person {
			v.Card, v.HasCard, err = tx.CardOf(v.Treatment)
		}
		return err
	})
	v.PersonName = shown(v.PersonName)
	v.MayCard = v.Payee() == payout.Person && s.reaches(who, authz.PayeeEdit, v.Fund, v.Hospital, "") == nil
	v.MayRecover = s.reaches(who, authz.RecoveryEdit, v.Fund, ident.Nil, "") == nil
	for _, l := range v.Lines {
		v.MayCard = v.MayCard && l.State != payout.LineLive && l.State != payout.LinePaid
	}
	return v, err
}

// CardInput is the card a patient is reimbursed on.
type CardInput struct {
	Payable ident.ID
	payout.Card
}

// SavedCard is the answer to a card: odd warns that the number looks mistyped.
type SavedCard struct {
	ID  ident.ID `json:"id"`
	Odd bool     `json:"odd"`
}

// SaveCard stores the card of a reimbursement in place of the one before.
func (s *Service) SaveCard(ctx context.Context, who user.Principal, in CardInput, key string) (SavedCard, error) {
	if err := s.door(who, authz.PayeeEdit); err != nil {
		return SavedCard{}, err
	}
	in.Account, in.Note = in.Clean(), strings.TrimSpace(in.Note)
	if err := in.Card.Check(); err != nil {
		return SavedCard{}, err
	}
	out := SavedCard{ID: ident.New(), Odd: in.OddCard()}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (SavedCard, error) {
		p, err := tx.PayableByID(in.Payable)
		if err != nil {
			return out, err
		}
		if err := s.reaches(who, authz.PayeeEdit, p.Fund, p.Hospital, "error.payout.payable_missing"); err != nil {
			return out, err
		}
		tx.Intend(audit.Event{Action: audit.PayeeCard, ObjectKind: audit.ObjectPayee, ObjectID: out.ID, Reason: in.Note, Detail: map[string]any{"treatment": p.Treatment.String(),
			"relation": string(in.Relation)}})
		if p.Payee() != payout.Person {
			return out, errs.Refuse("payout.payee", "error.payout.hospital_paid", nil, "payout.remedy.account")
		}
		t, err := tx.TreatmentByID(p.Treatment)
		if err != nil {
			return out, err
		}
		return out, tx.ReplaceCard(store.PayeeCard{ID: out.ID, Treatment: t.ID, Card: in.Card}, t)
	})
}

// Accounts lists the bank accounts of hospitals, the latest first.
func (s *Service) Accounts(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.HospitalAccount], err error) {
	const perm = authz.PayeeRead
	if err := s.door(who, perm); err != nil {
		return out, err
	}
	var at []ident.ID
	if reach := s.policy.Reach(who, perm); !reach.All {
		at = append([]ident.ID{}, reach.Hospitals...)
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayeeRead, ObjectKind: audit.ObjectList})
		out, err = tx.ListHospitalAccounts(at, req)
		return err
	})
	return out, err
}

// AccountInput is a hospital's bank account that is to be used from a day on.
type AccountInput struct {
	Hospital ident.ID
	payout.Account
	From clock.Date // zero: today
}

// ProposeAccount enters a hospital's account; it is used when a second person has
// released it.
func (s *Service) ProposeAccount(ctx context.Context, who user.Principal, in AccountInput, key string) (SavedCard, error) {
	if err := s.door(who, authz.PayeeEdit); err != nil {
		return SavedCard{}, err
	}
	if !s.policy.Can(who, authz.PayeeEdit, authz.AtHospital(who.PartnershipID, in.Hospital)) {
		return SavedCard{}, errs.Missing("error.organisation.missing")
	}
	in.Account = in.Clean()
	if err := in.Check(); err != nil {
		return SavedCard{}, err
	}
	out := SavedCard{ID: ident.New()}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (SavedCard, error) {
		tx.Intend(audit.Event{Action: audit.PayeeAccount, ObjectKind: audit.ObjectPayee, ObjectID: out.ID, Detail: map[string]any{"hospital": in.Hospital.String()}})
		if err := tx.OfPartnership("hospital", in.Hospital); err != nil {
			return out, err
		}
		if in.From.IsZero() {
			in.From = tx.Today()
		}
		return out, tx.InsertHospitalAccount(store.HospitalAccount{ID: out.ID, Hospital: in.Hospital, Account: in.Account, From: in.From})
	})
}

// Account reads one account for who decides on it.
func (s *Service) Account(ctx context.Context, who user.Principal, id ident.ID) (a store.HospitalAccount, err error) {
	if err := s.door(who, authz.PayeeApprove); err != nil {
		return a, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PayeeRead, ObjectKind: audit.ObjectPayee, ObjectID: id})
		a, err = tx.HospitalAccountByID(id)
		return err
	})
	return a, err
}

// Decision is the second person's word about a run or an account.
type Decision struct {
	ID      ident.ID
	Approve bool
	Opinion string
	Version int64
}

const maxText = 200

// cleaned trims the opinion; a refusal needs one.
func (d Decision) cleaned() (Decision, error) {
	d.Opinion = strings.TrimSpace(d.Opinion)
	var f errs.Fields
	if !d.Approve && d.Opinion == "" {
		f.Add("opinion", "form.error.missing")
	}
	tooLong(&f, "opinion", d.Opinion)
	return d, f.Err()
}

func tooLong(f *errs.Fields, path, s string) {
	if len([]rune(s)) > maxText {
		f.Add(path, "form.error.long", "max", maxText)
	}
}

// DecideAccount releases or refuses a hospital's account.
func (s *Service) DecideAccount(ctx context.Context, who user.Principal, in Decision, key string) (payout.AccountState, error) {
	if err := s.door(who, authz.PayeeApprove); err != nil {
		return "", err
	}
	in, err := in.cleaned()
	if err != nil {
		return "", err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (payout.AccountState, error) {
		tx.Intend(audit.Event{Action: audit.PayeeDecide, ObjectKind: audit.ObjectPayee, ObjectID: in.ID, Reason: in.Opinion, Detail: map[string]any{"approve": in.Approve}})
		a, err := tx.HospitalAccountByID(in.ID)
		if err != nil {
			return "", err
		}
		if err := tx.SameVersion(a.Version, in.Version); err != nil {
			return "", err
		}
		if a.State, err = a.State.Decide(in.Approve, a.Maker, who.AccountID); err != nil {
			return "", err
		}
		a.Opinion = in.Opinion
		return a.State, tx.DecideHospitalAccount(a)
	})
}

// held locks the books of one fund.
func held(tx *store.Tx, id ident.ID) (fund.Book, error) {
	books, err := tx.Books(id)
	return books[id], err
}
