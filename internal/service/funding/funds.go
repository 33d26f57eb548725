package funding

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// FundEntry is a fund in the list. A hospital sees which funds there are, to
// choose one; what is in them is told to the office, officials and the fund's
// own people.
type FundEntry struct {
	store.FundItem
	Open bool // balances are shown and the fund has a page
}

// Funds lists the funds the principal may know.
func (s *Service) Funds(ctx context.Context, who user.Principal) ([]FundEntry, error) {
	if err := s.door(who, authz.FundRead); err != nil {
		return nil, err
	}
	reach := s.policy.Reach(who, authz.FundRead)
	var out []FundEntry
	err := s.read(ctx, who, func(tx *store.Tx) error {
		list, err := tx.ListFunds()
		out = nil
		for _, f := range list {
			open := reach.All || slices.Contains(reach.Funds, f.ID)
			if !open && len(reach.Hospitals) == 0 {
				continue
			}
			if !open {
				f.Balances, f.Deposits = fund.Balances{}, 0
			}
			out = append(out, FundEntry{f, open})
		}
		return err
	})
	return out, err
}

// FundView is a fund's page.
type FundView struct {
	store.FundItem
	Lines      page.Result[store.LedgerLine]
	MayLedger  bool // entries are shown
	MayDeposit bool

	Holds    []store.Hold // what is reserved, the oldest first
	HoldDays int          // the partnership asks about older ones
	Spent    money.Fen    // left for treatments in the last fund.PaceDays
	DryOn    clock.Date   // at that pace; zero: not foreseeable
	Places   []string     // names of the hospitals it is bound to
}

// FundQuery says which fund and which of its transfers.
type FundQuery struct {
	Fund ident.ID
	Kind fund.Kind // empty: all
	Page page.Request
}

// Fund reads a fund with a page of its transfers.
func (s *Service) Fund(ctx context.Context, who user.Principal, q FundQuery) (v FundView, err error) {
	if err := s.ofFund(who, authz.FundRead, q.Fund); err != nil {
		return v, err
	}
	of := authz.OfFund(who.PartnershipID, q.Fund)
	v.MayLedger, v.MayDeposit = s.policy.Can(who, authz.LedgerRead, of), s.policy.Can(who, authz.FundDeposit, of)
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.FundRead, ObjectKind: audit.ObjectFund, ObjectID: q.Fund})
		if v.FundItem, err = tx.FundByID(q.Fund); err != nil || !v.MayLedger {
			return err
		}
		if v.Lines, err = tx.ListLedger(store.LedgerFilter{Fund: q.Fund, Kind: q.Kind}, q.Page); err != nil {
			return err
		}
		return s.outlook(tx, &v)
	})
	return v, err
}

// outlook is how old the reservations are and how long the money lasts.
func (s *Service) outlook(tx *store.Tx, v *FundView) (err error) {
	if v.Places, err = tx.NamesOf(v.Hospitals); err != nil || v.Kind != fund.Pool {
		return err
	}
	rules, err := tx.FundingRules()
	if err != nil {
		return err
	}
	v.HoldDays = rules.HoldDays
	if v.Holds, err = tx.HoldsOf(v.ID); err != nil {
		return err
	}
	if v.Spent, err = tx.SpentSince(v.ID, tx.Now().AddDate(0, 0, -fund.PaceDays)); err != nil {
		return err
	}
	v.DryOn, _ = fund.RunsDry(v.Balances.Available, v.Spent, fund.PaceDays, tx.Today())
	return nil
}

// ofFund asks for a permission over one fund; out of reach does not exist.
func (s *Service) ofFund(who user.Principal, perm authz.Permission, id ident.ID) error {
	err := s.policy.Check(who, perm, authz.OfFund(who.PartnershipID, id))
	if errs.Is(err, errs.Forbidden) && s.policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
		return errs.Missing("error.fund.missing")
	}
	return err
}

// NewFund is the form of a new fund.
type NewFund struct {
	Code      string
	Name      string
	Programme procedure.Programme // empty: for every programme
	OpenedOn  clock.Date          // zero: today

	Source     fund.SourceKind
	Hospitals  []ident.ID             // none: for every hospital
	Categories []terminology.Category // none: for every category
	EndsOn     clock.Date             // zero: without an end
}

var fundCode = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{1,19}$`)

func (in NewFund) check(today clock.Date) error {
	var f errs.Fields
	if !fundCode.MatchString(in.Code) {
		f.Add("code", "error.funding.code")
	}
	checkText(&f, "name", in.Name, 60)
	if in.Programme != "" && !in.Programme.Known() {
		f.Add("programme", "form.error.choice")
	}
	if in.Source != "" && !slices.Contains(fund.Sources(), in.Source) {
		f.Add("source", "form.error.choice")
	}
	for _, c := range in.Categories {
		if !slices.Contains(terminology.Categories(), c) {
			f.Add("categories", "form.error.choice")
		}
	}
	if !in.EndsOn.IsZero() && in.EndsOn.Before(in.OpenedOn) {
		f.Add("ends_on", "error.funding.ends_before")
	}
	if in.OpenedOn.After(today) {
		f.Add("opened_on", "error.funding.future")
	}
	return f.Err()
}

// OpenFund opens a pool with its accounts at zero.
func (s *Service) OpenFund(ctx context.Context, who user.Principal, in NewFund, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	in.Code, in.Name = strings.ToUpper(strings.TrimSpace(in.Code)), strings.TrimSpace(in.Name)
	asked := store.KeyOf(key, in)
	today := clock.Today(s.db.Clock())
	if in.OpenedOn.IsZero() {
		in.OpenedOn = today
	}
	if err := in.check(today); err != nil {
		return ident.Nil, err
	}
	f := store.Fund{ID: ident.New(), Code: in.Code, Name: in.Name, Programme: in.Programme, Kind: fund.Pool, OpenedOn: in.OpenedOn,
		Source: in.Source, Hospitals: in.Hospitals, Categories: in.Categories, EndsOn: in.EndsOn}
	id, err := store.Once(ctx, s.db, who, asked, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.FundOpen, ObjectKind: audit.ObjectFund, ObjectID: f.ID,
			Detail: map[string]any{"code": f.Code, "programme": string(f.Programme)}})
		if err := tx.OfPartnership("hospitals", f.Hospitals...); err != nil {
			return f.ID, err
		}
		_, err := tx.InsertFund(f)
		return f.ID, err
	})
	if e := errs.Of(err); err != nil && e.Rule == "fund_code" {
		var f errs.Fields
		f.Add("code", e.Key)
		return ident.Nil, f.Err()
	}
	return id, err
}

// Deposit is money received.
type Deposit struct {
	Fund   ident.ID
	Amount money.Fen
	On     clock.Date // when it came in; zero: today
	Note   string     // from whom and on what paper

	Project ident.ID     // of the library; nil: none
	Earmark fund.Earmark // what this money is for, within what the fund is for; empty: as the fund
}

// Deposit records money received and answers its voucher.
func (s *Service) Deposit(ctx context.Context, who user.Principal, in Deposit, key string) (Voucher, error) {
	if err := s.ofFund(who, authz.FundDeposit, in.Fund); err != nil {
		return Voucher{}, err
	}
	in.Note = strings.TrimSpace(in.Note)
	asked := store.KeyOf(key, in)
	today := clock.Today(s.db.Clock())
	if in.On.IsZero() {
		in.On = today
	}
	var f errs.Fields
	if in.On.After(today) {
		f.Add("on", "error.funding.future")
	}
	checkText(&f, "note", in.Note, maxNote)
	if in.Amount <= 0 || in.Amount > money.Max {
		f.Add("amount", "error.fund.amount")
	}
	in.checkEarmark(&f)
	if err := f.Err(); err != nil {
		return Voucher{}, err
	}
	return store.Once(ctx, s.db, who, asked, func(tx *store.Tx) (Voucher, error) {
		tx.Intend(audit.Event{Action: audit.FundDeposit, ObjectKind: audit.ObjectFund, ObjectID: in.Fund,
			Detail: map[string]any{"amount_fen": int64(in.Amount), "on": in.On.String()}})
		item, err := tx.FundByID(in.Fund)
		if err != nil {
			return Voucher{}, err
		}
		if item.Kind != fund.Pool || !item.ClosedOn.IsZero() {
			return Voucher{}, errs.Refuse("funding.open_pool", "error.funding.not_open", errs.Args{"fund": item.Name}, "fund.remedy.other_fund")
		}
		if err := bindable(tx, in, item); err != nil {
			return Voucher{}, err
		}
		books, err := tx.Books(in.Fund)
		if err != nil {
			return Voucher{}, err
		}
		t, err := books[in.Fund].Deposit(fund.Stamp{ID: ident.New(), On: in.On}, in.Amount)
		if err != nil {
			return Voucher{}, err
		}
		tx.Amend("transfer", t.ID.String())
		v := Voucher{Fund: in.Fund, FundName: item.Name, Kind: t.Kind, No: fund.VoucherNo(t.Kind, t.ID), Amount: in.Amount}
		if err := tx.PostTransfer(store.Posting{Transfer: t, Fund: in.Fund, Note: in.Note}); err != nil || !in.bound() {
			return v, err
		}
		return v, tx.InsertDeposit(store.FundDeposit{ID: t.ID, Fund: in.Fund, Project: in.Project, Note: in.Note, Received: in.On, Amount: in.Amount, Earmark: in.Earmark})
	})
}

// TakeBack reverses a deposit that was entered wrongly. A deposit that was spent
// already cannot be taken back.
type TakeBack struct {
	Fund     ident.ID
	Transfer ident.ID
	Reason   string
}

// TakeBack posts the mirror of a deposit and answers its voucher.
func (s *Service) TakeBack(ctx context.Context, who user.Principal, in TakeBack, key string) (Voucher, error) {
	if err := s.ofFund(who, authz.FundDeposit, in.Fund); err != nil {
		return Voucher{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	checkText(&f, "reason", in.Reason, maxNote)
	if err := f.Err(); err != nil {
		return Voucher{}, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Voucher, error) {
		tx.Intend(audit.Event{Action: audit.FundEdit, ObjectKind: audit.ObjectTransfer, ObjectID: in.Transfer, Reason: in.Reason,
			Detail: map[string]any{"fund": in.Fund.String()}})
		posted, err := tx.TransferByID(in.Transfer)
		if err != nil {
			return Voucher{}, err
		}
		if posted.Fund != in.Fund || posted.Kind != fund.KindDeposit {
			return Voucher{}, errs.Missing("error.transfer.missing")
		}
		books, err := tx.Books(in.Fund)
		if err != nil {
			return Voucher{}, err
		}
		m, err := books[in.Fund].Reverse(fund.Stamp{ID: ident.New(), On: tx.Today()}, posted.Transfer)
		if err != nil {
			return Voucher{}, err
		}
		v := Voucher{Fund: in.Fund, FundName: books[in.Fund].Name, Kind: m.Kind, No: fund.VoucherNo(m.Kind, m.ID)}
		return v, postTakeBack(tx, posted, store.Posting{Transfer: m, Fund: in.Fund, Note: in.Reason})
	})
}
