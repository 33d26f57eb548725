// Package plausibility is the board of what does not look right: a nightly look at
// the records, a person's verdict on what it found, and the limits it goes by.
package plausibility

import (
	"cmp"
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Alert   = store.Alert
	Count   = store.AlertCount
	Run     = store.PlausibilityRun
	Verdict = store.Verdict
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases of the board.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// office asks for a permission over the whole partnership: the checks compare
// hospitals with each other.
func (s *Service) office(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.InPartnership(who.PartnershipID))
}

// looker is who reads the records: no person may see all that a check compares.
const looker = "plausibility"

// Nightly looks at the records of a partnership, once a day. It reports how many
// alerts are new or open again, and whether it looked at all.
func (s *Service) Nightly(ctx context.Context, partnership ident.ID) (fresh int, looked bool, err error) {
	err = s.db.InTx(ctx, authz.System(looker).In(partnership), func(tx *store.Tx) error {
		last, ok, err := tx.LastPlausibilityRun()
		if err != nil {
			return err
		}
		if ok && clock.DateOf(last.At.In(clock.Shanghai)) == tx.Today() {
			tx.NoAudit("nothing was looked at")
			return nil
		}
		looked = true
		fresh, err = look(tx)
		return err
	}, store.Background())
	return fresh, looked, err
}

// RunNow looks at once, because somebody asked for it; that somebody is on record,
// and sees no more of it than before.
func (s *Service) RunNow(ctx context.Context, who user.Principal, key string) (fresh int, err error) {
	if err := s.office(who, authz.AlertJudge); err != nil {
		return 0, err
	}
	_, err = store.Once(ctx, s.db, who, store.KeyOf(key, "look"), func(tx *store.Tx) (bool, error) {
		tx.Audit(audit.Event{Action: audit.PlausibilityRun, ObjectKind: audit.ObjectAlert, ObjectID: who.PartnershipID, Detail: map[string]any{"asked": true}})
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	err = s.db.InTx(ctx, authz.System(looker).In(who.PartnershipID), func(tx *store.Tx) error {
		fresh, err = look(tx)
		return err
	}, store.Background())
	return fresh, err
}

// look runs the checks and holds what they find against what is known: a known
// subject is never stored twice, and what is not found any more is closed.
func look(tx *store.Tx) (fresh int, err error) {
	rules, err := tx.PlausibilityRules()
	if err != nil {
		return 0, err
	}
	facts, err := tx.PlausibilityFacts(rules)
	if err != nil {
		return 0, err
	}
	known, err := tx.EveryAlert()
	if err != nil {
		return 0, err
	}
	found, silent := plausibility.Run(facts, rules)
	fresh, err = reconcile(tx, known, found, silent)
	if err != nil {
		return 0, err
	}
	tx.Audit(audit.Event{Action: audit.PlausibilityRun, ObjectKind: audit.ObjectAlert, ObjectID: tx.Partnership(), Detail: map[string]any{"found": len(found), "fresh": fresh}})
	return fresh, tx.SavePlausibilityRun(store.PlausibilityRun{Found: len(found), Silent: silent})
}

type subject struct {
	check plausibility.Check
	name  string
}

func reconcile(tx *store.Tx, known []store.Alert, found []plausibility.Finding, silent map[plausibility.Check]plausibility.Silence) (fresh int, err error) {
	by := map[subject]store.Alert{}
	for _, a := range known {
		by[subject{a.Found.Check, a.Found.Subject}] = a
	}
	var unknown []plausibility.Finding
	var same []ident.ID
	for _, f := range found {
		at := subject{f.Check, f.Subject}
		a, ok := by[at]
		delete(by, at)
		if !ok {
			unknown = append(unknown, f)
			continue
		}
		next := a.Alert.Again(f.Digest())
		if next == a.Alert {
			same = append(same, a.ID)
			continue
		}
		fresh++
		a.Alert, a.Found, a.Rule, a.LastSeen = next, f, f.Check.Version(), tx.Now()
		if err := tx.RenewAlert(a); err != nil {
			return fresh, err
		}
	}
	// What is left is not found any more, unless its check did not look.
	for _, a := range by {
		if next := a.Alert.Gone(); next != a.Alert && silent[a.Found.Check] == "" {
			a.Alert = next
			if err := tx.RenewAlert(a); err != nil {
				return fresh, err
			}
		}
	}
	if err := tx.SeenAlerts(same); err != nil {
		return fresh, err
	}
	return fresh + len(unknown), tx.InsertAlerts(unknown)
}

// Board is the page of the checks with one list of alerts.
type Board struct {
	page.Result[store.Alert]
	Counts map[plausibility.Check]store.AlertCount
	Last   store.PlausibilityRun
	Ran    bool
	Rules  plausibility.Rules

	MayJudge, MayEdit bool
}

// Query is which alerts are asked for.
type Query struct {
	State plausibility.State
	Check plausibility.Check // empty: all
}

// Board reads the board. It names nobody.
func (s *Service) Board(ctx context.Context, who user.Principal, q Query, req page.Request) (b Board, err error) {
	if err := s.office(who, authz.AlertRead); err != nil {
		return b, err
	}
	b.MayJudge = s.office(who, authz.AlertJudge) == nil
	b.MayEdit = s.office(who, authz.FundOpen) == nil
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectAlert, Detail: map[string]any{"state": string(q.State), "check": string(q.Check)}})
		if b.Result, err = tx.ListAlerts(q.State, q.Check, req); err != nil {
			return err
		}
		if b.Counts, err = tx.CountAlerts(); err != nil {
			return err
		}
		if b.Last, b.Ran, err = tx.LastPlausibilityRun(); err != nil {
			return err
		}
		b.Rules, err = tx.PlausibilityRules()
		return err
	})
	return b, err
}

// Row is a piece of evidence as its reader may see it. Name is masked for who does
// not read people, and empty where the person is out of reach.
type Row struct {
	plausibility.Evidence
	Name     string
	CaseNo   string
	Hospital string
}

// View is an alert with its evidence.
type View struct {
	store.Alert
	Rows     []Row
	Verdicts []store.Verdict
	MayJudge bool
}

// One opens an alert. What the reader may not see of the people in it stays masked.
func (s *Service) One(ctx context.Context, who user.Principal, id ident.ID) (v View, err error) {
	if err := s.office(who, authz.AlertRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PlausibilityRead, ObjectKind: audit.ObjectAlert, ObjectID: id})
		if v.Alert, err = tx.AlertByID(id); err != nil {
			return err
		}
		if v.Verdicts, err = tx.VerdictsOf(id); err != nil {
			return err
		}
		v.MayJudge = v.State == plausibility.Open && s.office(who, authz.AlertJudge) == nil
		v.Rows, err = s.rows(tx, who, v.Found.Evidence)
		return err
	})
	return v, err
}

// shownRows bounds how much evidence a page shows.
const shownRows = 200

func (s *Service) rows(tx *store.Tx, who user.Principal, list []plausibility.Evidence) ([]Row, error) {
	list = list[:min(len(list), shownRows)]
	people, cases, hospitals := make([]ident.ID, len(list)), make([]ident.ID, len(list)), make([]ident.ID, len(list))
	for i, e := range list {
		people[i], cases[i], hospitals[i] = e.Person, e.Case, e.Hospital
	}
	names, numbers, err := tx.EvidencePeople(people, cases)
	if err != nil {
		return nil, err
	}
	organisations, err := tx.OrganisationsByID(hospitals)
	if err != nil {
		return nil, err
	}
	places := map[ident.ID]string{}
	for _, o := range organisations {
		places[o.ID] = cmp.Or(o.ShortName, o.Name)
	}
	full := s.policy.Can(who, authz.PersonRead, authz.Anywhere(who.PartnershipID))
	opens := s.policy.Can(who, authz.CaseRead, authz.Anywhere(who.PartnershipID))
	out := make([]Row, len(list))
	for i, e := range list {
		r := Row{Evidence: e, Name: names[e.Person], Hospital: places[e.Hospital]}
		if c, ok := numbers[e.Case]; ok {
			r.CaseNo = c.CaseNo
			if r.Name == "" {
				r.Name = c.Name
			}
		}
		if r.Name = patient.ShownName(r.Name, full); !opens {
			r.CaseNo = ""
		}
		out[i] = r
	}
	return out, nil
}

// JudgeInput is a person's verdict on an alert.
type JudgeInput struct {
	Alert    ident.ID
	Verdict  plausibility.Verdict
	Reason   string
	Recovery bool
	Version  int64
}

// Judge records a verdict. It changes nothing of what the alert is about.
func (s *Service) Judge(ctx context.Context, who user.Principal, in JudgeInput, key string) error {
	if err := s.office(who, authz.AlertJudge); err != nil {
		return err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.PlausibilityJudge, ObjectKind: audit.ObjectAlert, ObjectID: in.Alert, Detail: map[string]any{"verdict": string(in.Verdict), "recovery": in.Recovery}})
		a, err := tx.AlertByID(in.Alert)
		if err != nil {
			return false, err
		}
		if err := tx.SameVersion(a.Version, in.Version); err != nil {
			return false, err
		}
		j := plausibility.Judgement{Verdict: in.Verdict, Reason: in.Reason, Recovery: in.Recovery, By: who.AccountID}
		if a.Alert, err = a.Judge(j); err != nil {
			return false, err
		}
		if err := tx.RenewAlert(a); err != nil {
			return false, err
		}
		return true, tx.InsertVerdict(a.ID, store.Verdict{Judgement: j, Digest: a.Digest})
	})
	return err
}

// Rules reads the limits.
func (s *Service) Rules(ctx context.Context, who user.Principal) (r plausibility.Rules, err error) {
	if err := s.office(who, authz.AlertRead); err != nil {
		return r, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("limits are no personal data")
		r, err = tx.PlausibilityRules()
		return err
	})
	return r, err
}

// SaveRules stores the limits; they count from the next look on.
func (s *Service) SaveRules(ctx context.Context, who user.Principal, in plausibility.Rules, key string) error {
	if err := s.office(who, authz.FundOpen); err != nil {
		return err
	}
	in.Source = strings.TrimSpace(in.Source)
	if err := in.Validate(); err != nil {
		return err
	}
	digest := struct {
		plausibility.Rules
		People  map[string]int
		Source  string
		Version int64
	}{in, in.Populations, in.Source, in.Version}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, digest), func(tx *store.Tx) (bool, error) {
		tx.Intend(audit.Event{Action: audit.PlausibilityRules, ObjectKind: audit.ObjectAlert, ObjectID: who.PartnershipID, Detail: map[string]any{"townships": len(in.Populations)}})
		old, err := tx.PlausibilityRules()
		if err != nil {
			return false, err
		}
		if err := tx.SameEdition(old.Version, in.Version); err != nil {
			return false, err
		}
		return true, tx.SavePlausibilityRules(in)
	})
	return err
}
