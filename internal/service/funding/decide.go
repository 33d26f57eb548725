package funding

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Decision is the answer to an application.
type Decision struct {
	Approval ident.ID
	Decision fund.Decision
	Amount   money.Fen // approve only; zero is what was asked for, less is possible
	Opinion  string
	Relation fund.Relation // what the decider declares; approving needs it
	Version  int64         // of the application as it was read
}

// Decided is what a decision led to. Vouchers are the transfers it posted.
type Decided struct {
	Approval ident.ID           `json:"approval"`
	State    fund.ApprovalState `json:"state"`
	Approved money.Fen          `json:"approved_fen"`
	Vouchers []Voucher          `json:"vouchers"`
	Waiting  bool               `json:"waiting"`   // signed, and a second person has to sign
	Away     bool               `json:"stay_away"` // the decider declared a relation; nothing was decided
}

// steps of the transition table that belong to the decisions.
var decisionSteps = map[fund.Decision]treatment.Action{
	fund.DecideApprove:  treatment.Approve,
	fund.DecideRefuse:   treatment.Refuse,
	fund.DecideReturn:   treatment.ReturnRequest,
	fund.DecideWithdraw: treatment.WithdrawRequest,
	fund.DecideRevoke:   treatment.RevokeApproval,
	fund.DecideUphold:   "", // the treatment stays where it is
}

// Decide takes a decision. An approval reserves the money in the same
// transaction, by a person who neither asked nor registered; when the treatment
// is settled already it pays the money back to the patient's account instead.
func (s *Service) Decide(ctx context.Context, who user.Principal, in Decision, key string) (Decided, error) {
	perm, action := authz.ApprovalDecide, audit.ApprovalDecide
	if in.Decision == fund.DecideWithdraw {
		perm, action = authz.ApprovalRequest, audit.ApprovalWithdraw
	}
	if err := s.door(who, perm); err != nil {
		return Decided{}, err
	}
	in.Opinion = strings.TrimSpace(in.Opinion)
	var f errs.Fields
	if len([]rune(in.Opinion)) > maxReason {
		f.Add("opinion", "form.error.long", "max", maxReason)
	}
	if _, known := decisionSteps[in.Decision]; !known {
		f.Add("decision", "form.error.choice")
	}
	if (in.Decision == fund.DecideApprove || in.Decision == fund.DecideUphold) && !slices.Contains(fund.Relations(), in.Relation) {
		f.Add("relation", "error.fund.relation_missing")
	}
	if err := f.Err(); err != nil {
		return Decided{}, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Decided, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectApproval, ObjectID: in.Approval,
			Detail: map[string]any{"decision": string(in.Decision), "amount_fen": int64(in.Amount)}})
		a, t, err := locked(tx, in.Approval)
		if err != nil {
			return Decided{}, err
		}
		if err := s.at(who, perm, a.Hospital, "error.approval.missing"); err != nil {
			return Decided{}, err
		}
		if err := tx.SameVersion(a.Version, in.Version); err != nil {
			return Decided{}, err
		}
		out, err := decide(tx, a, t, in)
		if err == nil {
			err = tell(tx, a, in, out)
		}
		return out, s.others(tx, who, t, err)
	})
}

// tell lets whoever applied know what became of it, with the reason.
func tell(tx *store.Tx, a store.Approval, in Decision, out Decided) error {
	kind, known := map[fund.ApprovalState]message.Kind{fund.ApprovalApproved: message.ApprovalApproved, fund.ApprovalRefused: message.ApprovalRefused,
		fund.ApprovalReturned: message.ApprovalReturned, fund.ApprovalRevoked: message.ApprovalRevoked}[out.State]
	if !known || out.Waiting || out.Away || in.Decision == fund.DecideUphold {
		return nil
	}
	return tx.Tell(message.Message{To: a.RequestedBy, Kind: kind, Object: message.Approval, About: a.ID, CaseNo: a.CaseNo, Note: in.Opinion})
}

// locked reads an application under the lock of its treatment, and of the
// person's year before it where the treatment is settled already. A settlement
// that lands while this waits for the treatment counts in a year that is not
// held: then all begins again, in the order of locks.
func locked(tx *store.Tx, id ident.ID) (store.Approval, store.Treatment, error) {
	a, err := tx.ApprovalByID(id)
	if err != nil {
		return a, store.Treatment{}, err
	}
	before, _, err := tx.LiveSettlement(a.Treatment)
	if err != nil {
		return a, store.Treatment{}, err
	}
	if before.ID != ident.Nil {
		if err := holdYear(tx, before); err != nil {
			return a, store.Treatment{}, err
		}
	}
	t, err := tx.TreatmentForUpdate(a.Treatment)
	if err != nil {
		return a, t, err
	}
	now, ok, err := tx.LiveSettlement(a.Treatment)
	if err == nil && ok && now.ID != before.ID {
		err = store.Again()
	}
	if err != nil {
		return a, t, err
	}
	a, err = tx.ApprovalByID(id) // as it is now that nobody else decides
	return a, t, err
}

func decide(tx *store.Tx, a store.Approval, t store.Treatment, in Decision) (Decided, error) {
	before := a.State
	if err := ruled(tx, &a, t, in); err != nil {
		return Decided{}, err
	}
	out := Decided{Approval: a.ID, State: a.State}
	if in.Decision != fund.DecideWithdraw {
		if in.Relation == fund.Related {
			tx.Amend("relation", string(in.Relation))
			return Decided{Approval: a.ID, State: before, Away: true}, stayAway(tx, a, t, in.Opinion)
		}
		if err := mayDecide(tx, a); err != nil {
			return out, err
		}
	}
	var err error
	switch in.Decision {
	case fund.DecideApprove:
		return approve(tx, a, t, in)
	case fund.DecideUphold:
		return uphold(tx, a, t, in)
	case fund.DecideRevoke:
		if err = revocable(a, t); err != nil {
			return out, err
		}
		a.Lapse = ""
		if err = step(tx, t, in, treatment.With(treatment.NothingReserved)); err == nil {
			if err = tx.DecideApproval(a); err == nil {
				// The money is given back in this transaction or nothing of it stays.
				_, err = tx.ReleaseApproval(a, in.Opinion)
			}
		}
	default:
		// Before an approval nothing was reserved for this application.
		if err = step(tx, t, in, treatment.With(treatment.SecondPerson, treatment.NothingReserved)); err == nil {
			if err = tx.VoidSignatures(a.ID); err == nil {
				err = tx.DecideApproval(a)
			}
		}
	}
	return out, err
}

// ruled applies the decision table and the rule of the second person to the
// application. Who withdraws is not recorded as the one who decided.
func ruled(tx *store.Tx, a *store.Approval, t store.Treatment, in Decision) error {
	registrars, err := tx.RegisteredBy(t)
	if err != nil {
		return err
	}
	by := tx.Who().AccountID
	next, err := fund.Decide(fund.Approval{State: a.State, Amount: a.Requested, Requester: a.RequestedBy, Registrar: registrars[0], Lapse: a.Lapse}, in.Decision, by, in.Opinion)
	if err != nil {
		return err
	}
	a.State, a.Opinion = next.State, in.Opinion
	if in.Decision == fund.DecideWithdraw {
		return nil
	}
	for _, r := range registrars[1:] {
		if err := fund.FourEyes(by, a.RequestedBy, r); err != nil {
			return err
		}
	}
	a.DecidedBy = by
	return nil
}

func step(tx *store.Tx, t store.Treatment, in Decision, facts treatment.Facts) error {
	_, err := tx.AdvanceTreatment(t, store.Step{Action: decisionSteps[in.Decision], Note: in.Opinion, Facts: facts})
	return err
}

// approve signs, and with the last signature the amount needs reserves what is
// approved, or pays it out when the settlement was made before. The step is taken
// first, because it locks the case: the reservation follows in this transaction
// or nothing of it stays.
func approve(tx *store.Tx, a store.Approval, t store.Treatment, in Decision) (Decided, error) {
	out := Decided{Approval: a.ID, State: a.State}
	amount, err := approvedAmount(a, in.Amount)
	if err != nil {
		return out, err
	}
	if a.Eye != "" { // what the guard asked for may have been taken off the record since
		if err := guarded(tx, t, a.Eye); err != nil {
			return out, err
		}
	}
	late := t.Place.State == treatment.Settled
	if net := a.Bill - a.Insurance - a.Waiver - amount; a.Bill > 0 && net < 0 && !late {
		var f errs.Fields
		f.Add("amount", "error.fund.beyond_share", "most", a.Bill-a.Insurance-a.Waiver)
		return out, f.Err()
	}
	if err := aboveRules(tx, t.ID, amount, in.Opinion); err != nil {
		return out, err
	}
	var settled store.Settlement
	if late {
		if settled, err = reimbursable(tx, t, amount); err != nil {
			return out, err
		}
	}
	done, err := sign(tx, &a, t, amount, in.Opinion)
	if err != nil {
		return out, err
	}
	lines, err := tx.ApprovalLines(a.ID)
	if err != nil {
		return out, err
	}
	lines = granted(lines, a.Requested-amount)
	if err := earmarked(tx, t, lines); err != nil {
		return out, err
	}
	if !done {
		out.State, out.Waiting = fund.ApprovalRequested, true
		if err := covers(tx, t, lines); err != nil {
			return out, err
		}
		return out, tx.TouchApproval(a)
	}
	if t, err = approveStep(tx, t, in, late); err != nil {
		return out, err
	}
	a.Approved, out.Approved = amount, amount
	if err := tx.DecideApproval(a); err != nil {
		return out, err
	}
	out.Vouchers, err = hold(tx, a, lines, late)
	if err == nil && late {
		if err = tx.Reimbursed(settled, t, paidBack(lines)); err == nil {
			err = countMore(tx, settled, amount)
		}
	}
	return out, err
}

// aboveRules asks whoever approves more than the rules of payment would give for
// the reason: the next reader finds it beside the amount. Without an estimate
// nobody knows what they would give.
func aboveRules(tx *store.Tx, treatment ident.ID, amount money.Fen, opinion string) error {
	list, err := tx.ComputationsOf(treatment)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(c store.Computation) bool { return c.Kind == store.ForEstimate })
	if i < 0 || opinion != "" {
		return nil
	}
	var f errs.Fields
	if most := list[i].Result.Sum.Reduction(); amount > most {
		f.Add("opinion", "error.insurer.above_rules", "asked", amount, "most", most)
	}
	return f.Err()
}

// covers refuses the first of two signatures for money that is not there: the
// second person would sign for nothing. Nothing is held yet.
func covers(tx *store.Tx, t store.Treatment, lines []store.ApprovalLine) error {
	books, err := tx.LookBooks(fundsOf(lines)...)
	if err != nil {
		return err
	}
	stores, err := tx.DepositStores()
	if err != nil {
		return err
	}
	want, err := asked(tx, t, 0)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, _, err := books[l.Fund].Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, l.Amount); err != nil {
			return err
		}
		if s, bound := stores[l.Fund]; bound {
			want.Amount = l.Amount
			if _, err := s.Take(want); err != nil {
				return err
			}
		}
	}
	return nil
}

func approveStep(tx *store.Tx, t store.Treatment, in Decision, late bool) (store.Treatment, error) {
	action, posted := treatment.Approve, treatment.ReservationExists
	if late {
		action, posted = treatment.Reimburse, treatment.ReimbursementDone
	}
	facts, err := moneyFacts(tx, t.ID, treatment.SecondPerson, posted)
	if err != nil {
		return t, err
	}
	return tx.AdvanceTreatment(t, store.Step{Action: action, Note: in.Opinion, Facts: facts})
}

// approvedAmount: what was asked for, or less.
func approvedAmount(a store.Approval, amount money.Fen) (money.Fen, error) {
	if amount == 0 {
		return a.Requested, nil
	}
	var f errs.Fields
	if amount < 0 {
		f.Add("amount", "error.fund.amount")
	} else if amount > a.Requested {
		f.Add("amount", "error.funding.above_request", "requested", a.Requested)
	}
	return amount, f.Err()
}

// reimbursable reads the settlement a late approval pays into: no more can be
// given back than the patient paid.
func reimbursable(tx *store.Tx, t store.Treatment, amount money.Fen) (store.Settlement, error) {
	st, ok, err := tx.LiveSettlement(t.ID)
	if err == nil && !ok {
		err = errs.Missing("error.settlement.missing")
	}
	if err == nil && amount > st.Net {
		var f errs.Fields
		f.Add("amount", "error.funding.above_net", "net", st.Net)
		err = f.Err()
	}
	return st, err
}

// granted takes what was not approved off the lines, the last one first. A line
// that is left with nothing is out.
func granted(lines []store.ApprovalLine, less money.Fen) []store.ApprovalLine {
	out := slices.Clone(lines)
	for i := len(out) - 1; i >= 0 && less > 0; i-- {
		cut := min(less, out[i].Amount)
		out[i].Amount -= cut
		less -= cut
	}
	return slices.DeleteFunc(out, func(l store.ApprovalLine) bool { return l.Amount == 0 })
}

// hold reserves (or, late, pays) each line from its fund, all funds locked in
// one go, and opens the treatment to the funds' stewards. It fills in the
// transfers of the lines.
func hold(tx *store.Tx, a store.Approval, lines []store.ApprovalLine, late bool) ([]Voucher, error) {
	var asked money.Fen // of one fund, when there is one only
	for _, l := range lines {
		asked += l.Amount
	}
	books, err := tx.ReservingBooks(asked, fundsOf(lines)...)
	if err != nil {
		return nil, err
	}
	var out []Voucher
	for i := range lines {
		l := &lines[i]
		b, stamp := books[l.Fund], fund.Stamp{ID: ident.New(), On: tx.Today()}
		var t fund.Transfer
		if late {
			t, err = b.Reimburse(stamp, l.Amount)
			l.Hold = fund.HoldCommitted
		} else {
			var h fund.Hold
			t, h, err = b.Reserve(stamp, l.Amount)
			l.Hold = h.State
		}
		if err != nil {
			return nil, err
		}
		l.Transfer = t.ID
		if err := tx.PostForCase(store.Posting{Transfer: t, Fund: l.Fund, Treatment: a.Treatment, Approval: a.ID}, false); err != nil {
			return nil, err
		}
		if err := tx.SetHold(a.ID, *l); err != nil {
			return nil, err
		}
		if err := tx.FundParticipates(a.Treatment, l.Fund); err != nil {
			return nil, err
		}
		out = append(out, Voucher{Fund: l.Fund, FundName: b.Name, Kind: t.Kind, No: fund.VoucherNo(t.Kind, t.ID), Amount: l.Amount})
	}
	return out, nil
}

func fundsOf(lines []store.ApprovalLine) []ident.ID {
	out := make([]ident.ID, len(lines))
	for i, l := range lines {
		out[i] = l.Fund
	}
	return out
}

func paidBack(lines []store.ApprovalLine) []store.SettlementLine {
	out := make([]store.SettlementLine, len(lines))
	for i, l := range lines {
		out[i] = store.SettlementLine{Fund: l.Fund, Amount: l.Amount, Transfer: l.Transfer}
	}
	return out
}
