package funding

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// MostFunds is how many funds may share one reduction.
const MostFunds = 8

// Request is the application for a reduction of one treatment: what it will
// cost, what the insurers will pay of it, and what is asked from which fund.
type Request struct {
	Treatment  ident.ID
	Bill       money.Fen
	Basic      money.Fen
	Critical   money.Fen
	Assistance money.Fen
	Waiver     money.Fen // what the hospital lets off itself
	Funds      []fee.FundLine
	Reason     string
	Eye        procedure.Side     // of a cataract reduction
	Publish    notice.Publication // the patient's answer to being named in a public notice; it decides nothing
}

// estimate is the request as a settlement whose net is what would be left.
func (in Request) estimate() fee.Settlement {
	return fee.Settlement{Bill: in.Bill, Basic: in.Basic, Critical: in.Critical, Assistance: in.Assistance, Funds: in.Funds, Waiver: in.Waiver}.WithNet()
}

// check names every wrong field. The rules are those of the settlement, so that
// what is approved can be settled.
func (in Request) check() error {
	var f errs.Fields
	if len(in.Funds) == 0 {
		f.Add("funds.0.fund", "error.fee.fund_missing")
	}
	if len(in.Funds) > MostFunds {
		f.Add("funds.0.fund", "error.funding.many_funds", "max", MostFunds)
	}
	checkText(&f, "reason", in.Reason, maxReason)
	if in.Publish != notice.NotAsked {
		if _, err := notice.NotAsked.Answer(in.Publish); err != nil {
			f = append(f, errs.Of(err).Fields...)
		}
	}
	e := in.estimate()
	e.Net = max(e.Net, 0)
	for _, x := range errs.Of(e.Check()).Fields {
		// What is beyond the cash share stands beside the amount asked for; the net
		// of an estimate is nobody's input.
		if x.Path == "reduction" {
			x.Path = "funds.0.amount"
		}
		if x.Path != "net" && !f.Has(x.Path) {
			f = append(f, x)
		}
	}
	return f.Err()
}

// RequestView is what the form of an application starts from.
type RequestView struct {
	Treatment store.Treatment
	Facts     store.CareFacts
	Funds     []store.Fund   // those whose earmark fits
	Unfit     []FundJudged   // those whose earmark does not, with the reasons
	Last      store.Approval // the last one, when it was returned or refused
	LastLines []store.ApprovalLine
	Estimate  fee.Settlement // what the latest estimate came to; no bill: there is none
	Refusal   error          // why an application is not possible now
	Eyes      []EyeView      // of a cataract patient: what each eye lacks
}

// RequestForm reads what the form needs. The patient is on it, so the reading is
// audited.
func (s *Service) RequestForm(ctx context.Context, who user.Principal, id ident.ID) (v RequestView, err error) {
	if err := s.door(who, authz.ApprovalRequest); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.TreatmentRead, ObjectKind: audit.ObjectTreatment, ObjectID: id})
		if v.Treatment, err = tx.TreatmentByID(id); err != nil {
			return err
		}
		if err := s.at(who, authz.ApprovalRequest, v.Treatment.Hospital, "error.treatment.missing"); err != nil {
			return err
		}
		if v.Facts, err = tx.CareFactsOf(v.Treatment, clock.Date{}); err != nil {
			return err
		}
		earlier, err := tx.ApprovalsOf(id)
		if err != nil {
			return err
		}
		if n := len(earlier); n > 0 && !earlier[n-1].State.Live() {
			v.Last = earlier[n-1]
			if v.LastLines, err = tx.ApprovalLines(v.Last.ID); err != nil {
				return err
			}
		}
		v.Refusal = mayRequest(v.Treatment, v.Facts, earlier)
		computed, err := tx.ComputationsOf(id)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(computed, func(c store.Computation) bool { return c.Kind == store.ForEstimate }); i >= 0 {
			v.Estimate = computed[i].Result.Sum
		}
		v.Treatment.PersonName = s.shown(who, v.Treatment.PersonName)
		if v.Eyes, err = eyes(tx, v.Treatment); err != nil {
			return err
		}
		return s.offered(tx, who, &v)
	})
	return v, err
}

// offered sorts the funds into those that may pay and those that may not. What
// is in them is not told: an empty fund may fill up until the decision.
func (s *Service) offered(tx *store.Tx, who user.Principal, v *RequestView) error {
	list, err := s.judged(tx, who, fund.Asked{Programme: v.Treatment.Programme, Hospital: v.Treatment.Hospital, Category: v.Facts.Category, On: tx.Today()})
	for _, f := range list {
		if f.Accepts() {
			v.Funds = append(v.Funds, f.Fund)
		} else if f.Kind == fund.Pool {
			v.Unfit = append(v.Unfit, f)
		}
	}
	return err
}

// mayRequest asks the transition table whether an application is possible.
func mayRequest(t store.Treatment, facts store.CareFacts, earlier []store.Approval) error {
	if err := fund.Request(1, states(earlier)); err != nil {
		return err
	}
	_, err := treatment.Next(t.Place, treatment.RequestApproval, named(facts))
	return err
}

func states(list []store.Approval) []fund.ApprovalState {
	out := make([]fund.ApprovalState, len(list))
	for i, a := range list {
		out[i] = a.State
	}
	return out
}

// named adds the facts a request brings itself.
func named(f store.CareFacts) treatment.Facts {
	f.Has[treatment.AmountNamed], f.Has[treatment.FundNamed], f.Has[treatment.EstimateMade] = true, true, true
	return f.Facts
}

// Requested is the answer to an application.
type Requested struct {
	Approval ident.ID `json:"approval"`
}

// Request asks for a reduction. Nothing is reserved yet: a fund that is empty
// today may not be so when the decision is taken.
func (s *Service) Request(ctx context.Context, who user.Principal, in Request, key string) (Requested, error) {
	if err := s.door(who, authz.ApprovalRequest); err != nil {
		return Requested{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if err := in.check(); err != nil {
		return Requested{}, err
	}
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Requested, error) {
		tx.Intend(audit.Event{Action: audit.ApprovalRequest, ObjectKind: audit.ObjectApproval, ObjectID: id,
			Detail: map[string]any{"treatment": in.Treatment.String(), "amount_fen": int64(in.estimate().FundTotal()), "funds": len(in.Funds)}})
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return Requested{}, err
		}
		if err := s.at(who, authz.ApprovalRequest, t.Hospital, "error.treatment.missing"); err != nil {
			return Requested{}, err
		}
		return Requested{id}, request(tx, t, in, id)
	})
}

// request writes the application into a treatment that is locked.
func request(tx *store.Tx, t store.Treatment, in Request, id ident.ID) error {
	total := in.estimate().FundTotal()
	earlier, err := tx.ApprovalsOf(t.ID)
	if err != nil {
		return err
	}
	if err := fund.Request(total, states(earlier)); err != nil {
		return err
	}
	lines, err := requestLines(tx, t, in.Funds)
	if err != nil {
		return err
	}
	if err := guarded(tx, t, in.Eye); err != nil {
		return err
	}
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return err
	}
	insurance := in.estimate().Insurance()
	t.EstimateBill, t.EstimateInsurance = in.Bill, insurance
	t, err = tx.AdvanceTreatment(t, store.Step{Action: treatment.RequestApproval, Note: in.Reason, Facts: named(facts)})
	if err != nil {
		return err
	}
	a := store.Approval{ID: id, State: fund.ApprovalRequested, Bill: in.Bill, Insurance: insurance, Critical: in.Critical, Assistance: in.Assistance,
		Waiver: in.Waiver, Requested: total, Reason: in.Reason, RequestedBy: tx.Who().AccountID, Eye: in.Eye, Publication: in.Publish}
	return tx.InsertApproval(a, t, lines)
}

// requestLines holds each line to the earmark of its fund; the first condition
// that fails stands beside the line.
func requestLines(tx *store.Tx, t store.Treatment, wanted []fee.FundLine) ([]store.ApprovalLine, error) {
	want, err := asked(tx, t, 0)
	if err != nil {
		return nil, err
	}
	funds, err := tx.FundChoices()
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	lines := make([]store.ApprovalLine, len(wanted))
	for i, w := range wanted {
		lines[i] = store.ApprovalLine{Fund: w.Fund, Amount: w.Amount}
		path, reasons := "funds."+strconv.Itoa(i)+".fund", []fund.Reason{fund.WhyProgramme}
		if j := slices.IndexFunc(funds, func(x store.Fund) bool { return x.ID == w.Fund }); j >= 0 {
			reasons = funds[j].Earmark().WhyNot(want)
		}
		if len(reasons) == 0 {
			continue
		}
		if reasons[0] == fund.WhyProgramme {
			f.Add(path, "error.funding.other_purpose", "programme", errs.Key(t.Programme.Label()))
		} else {
			f.Add(path, "error.funding.earmark", "why", errs.Key(reasons[0].Label()+".short"))
		}
	}
	return lines, f.Err()
}
