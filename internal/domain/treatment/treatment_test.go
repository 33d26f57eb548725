package treatment_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func everything() treatment.Facts {
	return treatment.With(treatment.AllFacts()...).Because("写明的原因")
}

func start(p treatment.Path) treatment.Place { return treatment.Place{Path: p} }

// walk takes the actions with all facts present and returns the end.
func walk(t *testing.T, at treatment.Place, actions ...treatment.Action) treatment.Place {
	t.Helper()
	for _, a := range actions {
		row, err := treatment.Next(at, a, everything())
		if err != nil {
			t.Fatalf("%v at %v: %v", a, at, err)
		}
		at = row.To
	}
	return at
}

func TestTheNormalPathGoesFromRegistrationToClosing(t *testing.T) {
	end := walk(t, start(treatment.Normal), "register", "confirm_eligible", "estimate", "request_approval", "approve",
		"admit", "log_operation", "log_operation", "discharge", "settle", "close")
	if end != (treatment.Place{State: treatment.Closed, Path: treatment.Normal}) {
		t.Fatalf("ended at %v", end)
	}
}

func TestMarkedPaths(t *testing.T) {
	for name, c := range map[string]struct {
		from    treatment.Path
		actions []treatment.Action
		end     treatment.Place
	}{
		"emergency, approved while in bed": {treatment.Normal, []treatment.Action{"register", "admit_emergency", "log_operation",
			"request_approval", "approve", "discharge", "settle", "close"}, treatment.Place{State: treatment.Closed, Path: treatment.Emergency}},
		"emergency, approved after the settlement": {treatment.Normal, []treatment.Action{"register", "admit_emergency",
			"log_operation", "discharge", "settle", "request_approval", "reimburse", "close"}, treatment.Place{State: treatment.Closed, Path: treatment.Emergency}},
		"emergency, refused": {treatment.Normal, []treatment.Action{"register", "admit_emergency", "log_operation",
			"request_approval", "refuse", "discharge", "settle", "close"}, treatment.Place{State: treatment.Closed, Path: treatment.NoReduction}},
		"emergency, never approved": {treatment.Normal, []treatment.Action{"register", "admit_emergency", "log_operation",
			"discharge", "settle", "mark_approval_overdue", "close"}, treatment.Place{State: treatment.Closed, Path: treatment.Emergency}},
		"no reduction": {treatment.Normal, []treatment.Action{"register", "confirm_eligible", "forgo_reduction", "admit",
			"log_operation", "discharge", "settle", "close"}, treatment.Place{State: treatment.Closed, Path: treatment.NoReduction}},
		"asked after all": {treatment.Normal, []treatment.Action{"register", "confirm_eligible", "forgo_reduction", "admit",
			"ask_reduction", "request_approval", "approve", "log_operation", "discharge", "settle"}, treatment.Place{State: treatment.Settled, Path: treatment.Emergency}},
		"refused, then asked for less": {treatment.Normal, []treatment.Action{"register", "confirm_eligible", "request_approval",
			"refuse", "request_approval", "approve"}, treatment.Place{State: treatment.Approved, Path: treatment.Normal}},
		"history": {treatment.History, []treatment.Action{"import_history"}, treatment.Place{State: treatment.Closed, Path: treatment.History}},
		"history taken back": {treatment.History, []treatment.Action{"import_history", "reverse_import"},
			treatment.Place{State: treatment.Cancelled, Path: treatment.History}},
		"died in care, bill settled": {treatment.Normal, []treatment.Action{"register", "admit_emergency", "record_death",
			"settle"}, treatment.Place{State: treatment.Settled, Path: treatment.Emergency}},
		"settlement corrected": {treatment.Normal, []treatment.Action{"register", "confirm_eligible", "forgo_reduction", "admit",
			"log_operation", "discharge", "settle", "correct_settlement", "settle"}, treatment.Place{State: treatment.Settled, Path: treatment.NoReduction}},
	} {
		t.Run(name, func(t *testing.T) {
			if end := walk(t, start(c.from), c.actions...); end != c.end {
				t.Fatalf("ended at %v, want %v", end, c.end)
			}
		})
	}
}

// A walk through random allowed steps never reaches a state without the states
// before it, whatever the path.
func TestRandomWalksNeverSkip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := start(rapid.SampledFrom([]treatment.Path{treatment.Normal, treatment.History}).Draw(t, "path"))
		seen := map[treatment.State]bool{}
		done := map[treatment.Action]bool{}
		for i := 0; i < 25; i++ {
			rows := treatment.From(at)
			if len(rows) == 0 {
				break
			}
			want := rapid.SampledFrom(rows).Draw(t, "row")
			row, err := treatment.Next(at, want.Action, everything())
			if err != nil {
				t.Fatalf("%v: %v", want, err)
			}
			at = row.To
			seen[at.State], done[row.Action] = true, true
			mustHave(t, at, seen, done)
		}
	})
}

func mustHave(t *rapid.T, at treatment.Place, seen map[treatment.State]bool, done map[treatment.Action]bool) {
	need := func(ok bool, what string) {
		if !ok {
			t.Fatalf("at %v without %s", at, what)
		}
	}
	if at.Path == treatment.History || at.State == treatment.Cancelled && done[treatment.ImportHistory] {
		need(done[treatment.ImportHistory], "the import")
		return
	}
	need(done[treatment.Register], "registration")
	switch at.State {
	case treatment.Approved:
		need(seen[treatment.Requested], "a request")
	case treatment.Admitted:
		if at.Path == treatment.Normal {
			need(seen[treatment.Approved], "an approval")
		}
		if at.Path == treatment.NoReduction && !done[treatment.AdmitEmergency] {
			need(seen[treatment.Eligible], "eligibility")
		}
	case treatment.Operated:
		need(done[treatment.LogOperation], "an operation")
	case treatment.Discharged:
		need(done[treatment.Discharge] || done[treatment.DischargeUntreated] || done[treatment.RecordDeath] || done[treatment.TransferOut], "a discharge")
	case treatment.Settled, treatment.Closed:
		need(seen[treatment.Discharged], "a discharge")
		need(done[treatment.Settle], "a settlement")
	}
}

func TestEveryStateHasAWayToAnEndAndEveryRowIsReachable(t *testing.T) {
	reached := map[treatment.Place]bool{start(treatment.Normal): true, start(treatment.History): true}
	for grew := true; grew; {
		grew = false
		for _, r := range treatment.Table() {
			if reached[r.From] && !reached[r.To] {
				reached[r.To], grew = true, true
			}
		}
	}
	ends := map[treatment.Place]bool{}
	for p := range reached {
		ends[p] = p.State.Final()
	}
	for grew := true; grew; {
		grew = false
		for _, r := range treatment.Table() {
			if !ends[r.From] && ends[r.To] {
				ends[r.From], grew = true, true
			}
		}
	}
	for p := range reached {
		if !ends[p] {
			t.Errorf("%v has no way to an end", p)
		}
	}
	for _, r := range treatment.Table() {
		if !reached[r.From] {
			t.Errorf("nothing leads to %v (%s)", r.From, r.Action)
		}
	}
}

func TestTheTableIsDeterministicAndComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range treatment.Table() {
		key := string(r.From.State) + "/" + string(r.From.Path) + "/" + string(r.Action)
		if seen[key] {
			t.Errorf("two rows for %s", key)
		}
		seen[key] = true
		if r.From.State != treatment.None && !slices.Contains(treatment.States(), r.From.State) || !slices.Contains(treatment.States(), r.To.State) {
			t.Errorf("%s uses an unknown state", key)
		}
		if !slices.Contains(treatment.Paths(), r.To.Path) || r.Permission == "" {
			t.Errorf("%s has no path or permission", key)
		}
		for _, f := range r.Required {
			if !slices.Contains(treatment.AllFacts(), f) {
				t.Errorf("%s asks for an unknown fact %s", key, f)
			}
		}
	}
}

func TestARefusalListsEveryMissingFactWithItsRemedy(t *testing.T) {
	at := treatment.Place{State: treatment.Planned, Path: treatment.Normal}
	_, err := treatment.Next(at, treatment.ConfirmEligible, treatment.With(treatment.CategoryValid))
	e := errs.Of(err)
	if e.Kind != errs.Precondition || e.Rule != "treatment.confirm_eligible" {
		t.Fatalf("got %v (rule %q)", e, e.Rule)
	}
	want := []string{"treatment.remedy.consent_recorded", "treatment.remedy.category_proven"}
	if !slices.Equal(e.Remedy, want) {
		t.Fatalf("remedies %v, want %v", e.Remedy, want)
	}
	if missing := e.Args["missing"].([]errs.Key); len(missing) != 2 {
		t.Fatalf("missing %v", missing)
	}
}

func TestEachRequiredFactIsReallyAsked(t *testing.T) {
	for _, r := range treatment.Table() {
		for _, left := range r.Required {
			facts := everything()
			delete(facts.Has, left)
			_, err := treatment.Next(r.From, r.Action, facts)
			if e := errs.Of(err); err == nil || len(e.Remedy) != 1 || e.Remedy[0] != left.Remedy() {
				t.Errorf("%v without %s: %v", r.Action, left, err)
			}
			if slices.Contains(treatment.Allowed(r.From, facts), r.Action) {
				t.Errorf("%v is offered without %s", r.Action, left)
			}
		}
		if !r.Reason {
			continue
		}
		_, err := treatment.Next(r.From, r.Action, treatment.With(treatment.AllFacts()...))
		if e := errs.Of(err); err == nil || e.Kind != errs.Invalid || !e.Fields.Has("reason") {
			t.Errorf("%v at %v without a reason: %v", r.Action, r.From, err)
		}
	}
}

func TestAMissingReasonIsNamedBesideMissingFacts(t *testing.T) {
	_, err := treatment.Next(treatment.Place{State: treatment.Planned, Path: treatment.Normal}, treatment.AdmitEmergency, treatment.Facts{})
	if e := errs.Of(err); !slices.Contains(e.Remedy, "treatment.remedy.reason") || len(e.Remedy) != 2 {
		t.Fatalf("remedies %v", e.Remedy)
	}
}

func TestAStepOutOfOrderNamesTheStepsThatWork(t *testing.T) {
	_, err := treatment.Next(treatment.Place{State: treatment.Planned, Path: treatment.Normal}, treatment.Settle, everything())
	e := errs.Of(err)
	if e.Rule != "treatment.order" || !slices.Contains(e.Remedy, treatment.ConfirmEligible.Label()) {
		t.Fatalf("got %v, remedies %v", e, e.Remedy)
	}
	for _, r := range e.Remedy {
		if strings.HasSuffix(r, ".decline") || strings.HasSuffix(r, ".cancel") {
			t.Errorf("an end is offered as a remedy: %s", r)
		}
	}
	_, err = treatment.Next(start(treatment.Normal), treatment.Approve, everything())
	if e := errs.Of(err); e.Args["state"] != errs.Key("treatment.state.none") {
		t.Errorf("state named %v", e.Args["state"])
	}
}

// What has already happened to a patient is never refused.
func TestAnOperationCanBeLoggedFromEveryStateOfALivingPath(t *testing.T) {
	marks := map[treatment.State]treatment.Mark{treatment.Approved: treatment.MarkBeforeAdmission, treatment.Admitted: "",
		treatment.Operated: "", treatment.Settled: treatment.MarkLoggedLate, treatment.Withdrawn: treatment.MarkAfterEnd}
	for _, s := range treatment.States() {
		row, err := treatment.Next(treatment.Place{State: s, Path: treatment.Normal}, treatment.LogOperation,
			treatment.With(treatment.OperationLogged).Because("手术已完成"))
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if want, ok := marks[s]; ok && row.Mark != want {
			t.Errorf("%s: mark %q, want %q", s, row.Mark, want)
		}
		if !row.To.State.Counted() {
			t.Errorf("%s: operated but not counted: %v", s, row.To)
		}
	}
}

func TestMoneyIsNeverLeftBehindByAnEnd(t *testing.T) {
	for _, r := range treatment.Table() {
		ends := r.To.State.Final() && r.To.State != treatment.Closed && !r.Stays() && r.Action != treatment.ReverseImport
		if (ends || r.Action == treatment.Close) && !slices.Contains(r.Required, treatment.NothingReserved) {
			t.Errorf("%s from %v does not ask for released money", r.Action, r.From)
		}
	}
}

func TestApprovalNeedsASecondPersonOnEveryPath(t *testing.T) {
	for _, r := range treatment.Table() {
		decides := r.Action == treatment.Approve || r.Action == treatment.Refuse || r.Action == treatment.Reimburse
		if decides && (!slices.Contains(r.Required, treatment.SecondPerson) || r.Permission != "approval:decide") {
			t.Errorf("%s from %v can be decided alone", r.Action, r.From)
		}
	}
}

func TestCountedStatesAreThePersonTimes(t *testing.T) {
	for _, s := range treatment.States() {
		want := slices.Contains([]treatment.State{treatment.Admitted, treatment.Operated, treatment.Discharged, treatment.Settled, treatment.Closed}, s)
		if s.Counted() != want {
			t.Errorf("%s counted = %v", s, s.Counted())
		}
	}
}

func TestAnUnknownActionIsWrongInputNotARefusal(t *testing.T) {
	for _, action := range []treatment.Action{"", "pay"} {
		_, err := treatment.Next(treatment.Place{State: treatment.Approved}, action, treatment.Facts{})
		if !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("action") {
			t.Errorf("%q: %v", action, err)
		}
	}
}

func TestAGrantedReductionIsNotForgoneBeforeItIsGivenBack(t *testing.T) {
	at := treatment.Place{State: treatment.Admitted, Path: treatment.Normal}
	offered := func(f treatment.Facts) bool {
		return slices.ContainsFunc(treatment.Offers(at, f), func(o treatment.Offer) bool { return o.Row.Action == treatment.ForgoReduction })
	}
	if offered(treatment.Facts{}) {
		t.Error("it is offered while money is reserved")
	}
	if !offered(treatment.With(treatment.NothingReserved)) {
		t.Error("it is not offered once nothing is reserved")
	}
}
