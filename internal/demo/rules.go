package demo

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// counted is how many of the latest settlements were computed by rules: what was
// settled before stands as history without rules.
const counted = 40

// rulesID is the released version of the demonstration.
func rulesID() ident.ID { return id("policy/1") }

// loadRules writes the sample as a version, which one account of the office wrote
// and another released, and a draft for next year.
func loadRules(ctx context.Context, db *store.DB, who user.Principal) error {
	as := func(name string, fn func(*store.Tx) error) error {
		who := who.In(partnershipID())
		who.AccountID = accountID(name)
		return db.InTx(ctx, who, func(tx *store.Tx) error {
			tx.Intend(audit.Event{Action: audit.DemoLoad, ObjectKind: audit.ObjectRule, ObjectID: rulesID()})
			return fn(tx)
		}, store.Background())
	}
	there := false
	err := as("approver", func(tx *store.Tx) error {
		list, err := tx.ReleasedPolicies()
		if there = len(list) > 0; there || err != nil {
			return err
		}
		year := clock.Today(db.Clock()).Year()
		v := store.PolicyVersion{Version: policy.Version{ID: rulesID(), Name: "示例规则", Sample: true, From: clock.MustDate(2020, 1, 1)}}
		v.Rules = policy.Sample(policy.Region{Code: receiving, ZH: "云岭区", EN: "Yunling"})
		for i, r := range v.Reductions {
			v.Reductions[i].Funders[0].Fund = fundID(string(r.Programme))
		}
		if err := tx.InsertPolicy(v); err != nil {
			return err
		}
		next := v
		next.ID, next.Name, next.From, next.Based = id("policy/2"), "示例规则（明年草案）", clock.MustDate(year+1, 1, 1), v.ID
		next.Basic = slices.Clone(v.Basic)
		next.Basic[1].Segments = []policy.Segment{{Ratio: 7000}}
		next.Put(policy.InCategory, "", policy.Category{Code: "GZ1", ZH: "困难职工", EN: "Worker in need"})
		return tx.InsertPolicy(next)
	})
	if err != nil || there {
		return err
	}
	return as("approver-2", func(tx *store.Tx) error {
		v, err := tx.PolicyForUpdate(rulesID())
		if err != nil {
			return err
		}
		return tx.ReleasePolicy(v)
	})
}

// estimate brings estimates of treatments that wait, and the computations of the
// latest settlements with the estimates before them.
func (m *maker) estimate(tx *store.Tx) error {
	list, err := tx.ReleasedPolicies()
	if err != nil || len(list) == 0 {
		return err
	}
	e := estimator{tx, m, list[0]}
	waiting := 0
	for _, t := range m.bulk.Treatments {
		if s := t.Place.State; (s == treatment.Eligible || s == treatment.Estimated) && waiting < 6 {
			waiting++
			if err := e.keep(t.ID, e.bill(t.Programme, m.yuan(30_000, 60_000)), nil); err != nil {
				return err
			}
		}
	}
	done := slices.Clone(m.bulk.Settlements)
	slices.SortStableFunc(done, func(a, b store.BulkSettlement) int { return a.SettledOn.Compare(b.SettledOn) })
	for _, s := range done[max(0, len(done)-counted):] {
		if err := e.keep(s.Settlement.Treatment, e.bill(s.Programme, s.Bill*95/100), nil); err != nil {
			return err
		}
		if err := e.keep(s.Settlement.Treatment, e.bill(s.Programme, s.Bill), &s.Settlement); err != nil {
			return err
		}
	}
	return nil
}

type estimator struct {
	tx *store.Tx
	m  *maker
	v  policy.Version
}

// bill divides an amount into the lines a bill usually has.
func (e estimator) bill(p procedure.Programme, total money.Fen) fee.Case {
	kind := map[procedure.Programme]procedure.Kind{procedure.Joint: procedure.TKA, procedure.Cataract: procedure.PhacoIOL, procedure.Coronary: procedure.PCI}[p]
	items := []fee.Item{{Class: "service"}, {Class: "implant", FirstPay: 1000}, {Class: "drug"}, {Class: "other", Outside: true}}
	for i, a := range money.Split(total, []int64{45, 38, 12, 5}) {
		items[i].Amount = a
	}
	return fee.Case{Programme: p, Kind: kind, Level: "2", Insurance: policy.Resident, Referred: true, Fund: fundID(string(p)), Items: items}
}

// keep computes a case and keeps it, with its settlement as one that counts.
func (e estimator) keep(treatmentID ident.ID, c fee.Case, s *store.Settlement) error {
	t, err := e.tx.TreatmentByID(treatmentID)
	if err != nil {
		return err
	}
	c.On = e.m.today
	for _, on := range []clock.Date{t.PlannedOn, t.AdmittedOn, t.DischargedOn} {
		if !on.IsZero() {
			c.On = on
		}
	}
	if c.Admitted = t.AdmittedOn; c.Admitted.IsZero() {
		c.Admitted = c.On
	}
	if t.Category != "" {
		c.Categories = []string{string(t.Category)}
	}
	x := store.Computation{ID: e.m.next(), Kind: store.ForEstimate, OperatedOn: c.On, Case: c}
	if x.Opening, err = e.tx.YearOf(t.Person, c.Year()); err != nil {
		return err
	}
	x.Result = fee.Compute(&e.v, c, x.Opening)
	if s != nil {
		x.Kind, x.Settlement, x.Counted = store.ForSettlement, s.ID, x.Result.Counted(s.Settlement, t.Programme)
		if !t.OperatedOn.IsZero() {
			x.OperatedOn = t.OperatedOn
		}
		if err := e.tx.CountYear(t.Person, c.Year(), x.Counted); err != nil {
			return err
		}
	}
	return e.tx.InsertComputation(x, t)
}
