package funding

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Approvals lists applications: the waiting ones in the order they came, decided
// ones the latest first.
func (s *Service) Approvals(ctx context.Context, who user.Principal, state fund.ApprovalState, req page.Request) (q page.Result[store.Approval], err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return q, err
	}
	f := store.ApprovalFilter{Hospitals: s.listed(who, authz.ApprovalRead), State: state}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectApproval, Detail: map[string]any{"state": string(state)}})
		q, err = tx.ListApprovals(f, req)
		for i := range q.Rows {
			q.Rows[i].PersonName = s.shown(who, q.Rows[i].PersonName)
		}
		return err
	})
	return q, err
}

// toAsk is how many treatments are offered for an application on one page.
const toAsk = 100

// ToAsk lists treatments that are eligible and wait for an application, at the
// hospitals where the principal may apply.
func (s *Service) ToAsk(ctx context.Context, who user.Principal) ([]store.Treatment, error) {
	if err := s.door(who, authz.ApprovalRequest); err != nil {
		return nil, err
	}
	return s.treatments(ctx, who, authz.ApprovalRequest, treatment.Eligible, treatment.Estimated)
}

// ToSettle lists treatments that were discharged and are not settled, at the
// hospitals where the principal may settle.
func (s *Service) ToSettle(ctx context.Context, who user.Principal) ([]store.Treatment, error) {
	if err := s.door(who, authz.SettlementEnter); err != nil {
		return nil, err
	}
	return s.treatments(ctx, who, authz.SettlementEnter, treatment.Discharged)
}

func (s *Service) treatments(ctx context.Context, who user.Principal, perm authz.Permission, in ...treatment.State) ([]store.Treatment, error) {
	f := store.TreatmentFilter{Hospitals: s.listed(who, perm), States: in}
	var rows []store.Treatment
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectTreatment})
		list, err := tx.ListTreatments(f, page.Request{Size: toAsk})
		rows = list.Rows
		for i := range rows {
			rows[i].PersonName = s.shown(who, rows[i].PersonName)
		}
		return err
	})
	return rows, err
}

// Check is one fact about an application, for who decides.
type Check struct {
	State string // ok, warn or error
	Key   string // message key
	Args  errs.Args
}

// ApprovalView is an application with all that a decision needs.
type ApprovalView struct {
	store.Approval
	Lines     []store.ApprovalLine
	Treatment store.Treatment
	Paper     store.Paper
	Checks    []Check
	Books     map[ident.ID]fund.Book // of the funds asked; empty for who may not see them
	Blocked   error                  // why the whole amount cannot be approved now
	Place     store.Neighbours       // in the queue of waiting ones
	Sides     map[ident.ID]user.Side // of the hospitals

	Signatures []store.Signature // in the order they were given; facts only for who may see them
	Now        []fund.Fact       // the bound facts as they stand, where somebody signed
	Rules      fund.Rules
	Funds      []FundJudged // for who decides: every pool, and why it would not pay
	Appeals    []store.Appeal
	Readings   []store.Reading // of the eye a cataract reduction is for
	Objections []store.Objection

	Settled    bool
	Settlement store.Settlement

	// Deposits are those with a purpose that pay the reduction, for who reads the
	// fund's ledger; the rest of each line is common money of its fund.
	Deposits []store.PaidDeposit

	MayDecide, MayRevoke, MayWithdraw, MaySettle bool
	MayUphold, MayAppeal, MayDecideAppeal        bool
	MayConsent                                   bool // record the answer to being named in public
}

// Needs is how many signatures the amount asks for.
func (v ApprovalView) Needs() int { return v.Rules.Approvers(v.Requested) }

// Signed counts the signatures that stand.
func (v ApprovalView) Signed() (n int) {
	for _, s := range v.Signatures {
		if !s.Void && s.Relation == fund.Unrelated {
			n++
		}
	}
	return n
}

// Estimate is the application as a settlement; with an approval, with what was
// approved.
func (v ApprovalView) Estimate() fee.Settlement {
	e := fee.Settlement{Bill: v.Bill, Basic: v.Basic(), Critical: v.Critical, Assistance: v.Approval.Assistance, Waiver: v.Waiver}
	for _, l := range v.Granted() {
		e.Funds = append(e.Funds, fee.FundLine{Fund: l.Fund, Amount: l.Amount})
	}
	return e.WithNet()
}

// Granted are the lines that count: those approved, before a decision all.
func (v ApprovalView) Granted() []store.ApprovalLine {
	if v.Approved == 0 {
		return v.Lines
	}
	var out []store.ApprovalLine
	for _, l := range v.Lines {
		if l.Hold != "" {
			out = append(out, l)
		}
	}
	return out
}

// Vouchers are the transfers that hold or paid the approved lines.
func (v ApprovalView) Vouchers() []Voucher {
	var out []Voucher
	for _, l := range v.Lines {
		if l.Transfer != ident.Nil {
			out = append(out, Voucher{Fund: l.Fund, FundName: l.FundName, Kind: l.Kind, No: l.Voucher(), Amount: l.Amount})
		}
	}
	return out
}

// Approval reads one application.
func (s *Service) Approval(ctx context.Context, who user.Principal, id ident.ID) (v ApprovalView, err error) {
	return s.approval(ctx, who, id, audit.ApprovalRead)
}

func (s *Service) approval(ctx context.Context, who user.Principal, id ident.ID, action string) (v ApprovalView, err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: action, ObjectKind: audit.ObjectApproval, ObjectID: id})
		if v.Approval, err = tx.ApprovalByID(id); err != nil {
			return err
		}
		if v.Treatment, err = tx.TreatmentByID(v.Approval.Treatment); err != nil {
			return err
		}
		if err := s.reads(who, authz.ApprovalRead, v.Treatment.SeenBy(), "error.approval.missing"); err != nil {
			return err
		}
		return s.fill(tx, who, &v)
	})
	v.PersonName, v.Treatment.PersonName = s.shown(who, v.PersonName), s.shown(who, v.Treatment.PersonName)
	return v, err
}

func (s *Service) fill(tx *store.Tx, who user.Principal, v *ApprovalView) (err error) {
	if v.Lines, err = tx.ApprovalLines(v.ID); err != nil {
		return err
	}
	if err := s.fillDeposits(tx, who, v); err != nil {
		return err
	}
	if v.Paper, err = tx.PaperOf(v.Treatment); err != nil {
		return err
	}
	if v.Sides, err = tx.SidesOf(); err != nil {
		return err
	}
	if v.Settlement, v.Settled, err = tx.LiveSettlement(v.Treatment.ID); err != nil {
		return err
	}
	hospital := authz.AtHospital(who.PartnershipID, v.Approval.Hospital)
	decides := s.policy.Can(who, authz.ApprovalDecide, hospital)
	v.MayDecide = decides && v.State == fund.ApprovalRequested
	lapsed := v.State == fund.ApprovalApproved && v.Lapse == fund.LapseOpen
	v.MayUphold = decides && lapsed
	v.MayRevoke = decides && v.State == fund.ApprovalApproved && (lapsed || v.Treatment.Place.State == treatment.Approved)
	v.MayWithdraw = v.State == fund.ApprovalRequested && s.policy.Can(who, authz.ApprovalRequest, hospital)
	v.MaySettle = v.Treatment.Place.State == treatment.Discharged && s.policy.Can(who, authz.SettlementEnter, hospital)
	if decides {
		if v.Books, err = tx.LookBooks(fundsOf(v.Lines)...); err != nil {
			return err
		}
		if v.Place, err = tx.ApprovalNeighbours(v.Approval, s.listed(who, authz.ApprovalRead)); err != nil {
			return err
		}
	}
	if v.Rules, err = tx.FundingRules(); err != nil {
		return err
	}
	if v.Signatures, err = tx.SignaturesOf(v.ID); err != nil {
		return err
	}
	if err := s.fillAppeals(tx, who, v); err != nil {
		return err
	}
	if n := len(v.Signatures); n > 0 && v.CaseNo != "" {
		if v.Now, err = tx.BoundFacts(v.Treatment, v.Signatures[n-1].SignedOn); err != nil {
			return err
		}
	}
	if v.CaseNo == "" { // a fund's own people do not see what the facts rest on
		return nil
	}
	v.MayConsent = s.policy.Can(who, authz.NoticeConsent, hospital)
	if s.policy.Can(who, authz.ObjectionAnswer, authz.InPartnership(who.PartnershipID)) {
		if v.Objections, err = tx.ObjectionsTo(v.ID); err != nil {
			return err
		}
	}
	return s.check(tx, who, v)
}

// fillDeposits finds out whose money pays, where any is held or was paid.
func (s *Service) fillDeposits(tx *store.Tx, who user.Principal, v *ApprovalView) error {
	if v.Approved == 0 {
		return nil
	}
	list, err := tx.DepositsOfApproval(v.ID)
	v.Deposits = slices.DeleteFunc(list, func(d store.PaidDeposit) bool {
		return !s.policy.Can(who, authz.LedgerRead, authz.OfFund(who.PartnershipID, d.Fund))
	})
	return err
}

// check finds out the facts a decision rests on: only facts that exist, each
// with where it comes from.
func (s *Service) check(tx *store.Tx, who user.Principal, v *ApprovalView) error {
	day := v.Treatment.AdmittedOn
	if day.IsZero() {
		day = v.Treatment.PlannedOn
	}
	facts, err := tx.CareFactsOf(v.Treatment, day)
	if err != nil {
		return err
	}
	if day.IsZero() {
		day = tx.Today()
	}
	v.Checks = append(v.Checks, categoryChecks(facts, day)...)
	if err := v.sight(tx); err != nil {
		return err
	}
	net := v.Estimate().Net
	v.Checks = append(v.Checks, judge(net >= 0, "funding.check.within", errs.Args{"net": net}))
	if v.Treatment.Place.Path == treatment.Emergency {
		v.Checks = append(v.Checks, Check{State: "warn", Key: "funding.check.emergency"})
	}
	if v.Lapse != "" {
		v.Checks = append(v.Checks, Check{State: "warn", Key: "funding.check.lapsed", Args: errs.Args{"n": len(v.LapsedFacts)}})
	}
	if !v.MayDecide {
		return nil
	}
	want := fund.Asked{Programme: v.Treatment.Programme, Hospital: v.Treatment.Hospital, Category: facts.Category, On: tx.Today(), Amount: v.Requested}
	if v.Funds, err = s.judged(tx, who, want); err != nil {
		return err
	}
	approvers := Check{State: "ok", Key: "funding.check.approvers", Args: errs.Args{"need": v.Needs(), "have": v.Signed(), "single": v.Rules.Single}}
	if v.Needs()-v.Signed() > 1 { // one signature does not end it
		approvers.State = "warn"
	}
	v.Checks = append(v.Checks, approvers)
	if err := mayDecide(tx, v.Approval); err != nil {
		v.Blocked = err
	}
	if slices.ContainsFunc(v.Signatures, func(x store.Signature) bool {
		return !x.Void && x.Account == who.AccountID && x.Digest == fund.Digest(v.Now)
	}) && v.Blocked == nil {
		v.Blocked = errs.Refuse("fund.two_approvers", "error.fund.two_approvers", errs.Args{"single": v.Rules.Single}, "fund.remedy.second_approver")
	}
	registrars, err := tx.RegisteredBy(v.Treatment)
	if err != nil {
		return err
	}
	apart := true
	for _, r := range registrars {
		if e := fund.FourEyes(who.AccountID, v.RequestedBy, r); e != nil {
			v.Blocked, apart = e, false
		}
	}
	v.Checks = append(v.Checks, judge(apart, "funding.check.four_eyes", nil))
	if err := v.rulesCheck(tx); err != nil {
		return err
	}
	for _, l := range v.Lines {
		b := v.Books[l.Fund]
		c := judge(l.Amount <= b.Balances.Available, "funding.check.covered", errs.Args{"fund": l.FundName, "available": b.Balances.Available, "asked": l.Amount})
		v.Checks = append(v.Checks, c)
		if _, _, err := b.Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, l.Amount); err != nil && v.Blocked == nil {
			v.Blocked = s.others(tx, who, v.Treatment, err)
		}
	}
	return nil
}

// rulesCheck holds what is asked against the kept estimate: what the rules of
// payment would give. It warns, because a person decides.
func (v *ApprovalView) rulesCheck(tx *store.Tx) error {
	list, err := tx.ComputationsOf(v.Treatment.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Kind != store.ForEstimate {
			continue
		}
		sum := c.Result.Sum
		if most := sum.Reduction(); v.Requested > most {
			v.Checks = append(v.Checks, Check{State: "warn", Key: "funding.check.rules_over", Args: errs.Args{"asked": v.Requested, "most": most}})
		}
		return nil
	}
	return nil
}

func categoryChecks(facts store.CareFacts, day clock.Date) []Check {
	out := []Check{judge(facts.Has[treatment.ConsentRecorded], "funding.check.consent", nil)}
	category := judge(facts.Has[treatment.CategoryValid], "funding.check.category", errs.Args{"day": day})
	if facts.Category != "" {
		category.Args["category"] = categoryName(facts.Category)
	}
	return append(out, category, judge(facts.Has[treatment.CategoryProven], "funding.check.proof", nil))
}

func categoryName(c terminology.Category) errs.Key { return errs.Key(c.Key()) }

// judge is a check that holds or fails; the sentence of a failure has its own key.
func judge(ok bool, key string, args errs.Args) Check {
	if ok {
		return Check{State: "ok", Key: key, Args: args}
	}
	return Check{State: "error", Key: key + ".not", Args: args}
}

// ApprovalOf finds the application a treatment's page leads to: the live one,
// else the last; nil when none was made.
func (s *Service) ApprovalOf(ctx context.Context, who user.Principal, id ident.ID) (found ident.ID, err error) {
	if err := s.door(who, authz.ApprovalRead); err != nil {
		return found, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		all, err := tx.ApprovalsOf(id)
		for _, a := range all {
			found = a.ID
		}
		return err
	})
	return found, err
}

// SettlementOf finds the live settlement of a treatment the reader sees; nil when
// there is none.
func (s *Service) SettlementOf(ctx context.Context, who user.Principal, id ident.ID) (found ident.ID, err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return found, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if _, err := tx.TreatmentByID(id); err != nil {
			return err
		}
		st, _, err := tx.LiveSettlement(id)
		found = st.ID
		return err
	})
	return found, err
}

// After is what a fund would have available when its line is approved.
func (v ApprovalView) After(l store.ApprovalLine) (before, after money.Fen) {
	before = v.Books[l.Fund].Balances.Available
	return before, before - l.Amount
}
