package treatment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// words are the entries of a timeline as one line each.
func words(list []store.TimelineEntry) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = strings.TrimSuffix(fmt.Sprintf("%s %s", e.Kind, e.What), " ")
	}
	return out
}

func TestOneTimelineOverTwoHospitals(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	doctor := w.Doctor(mountain)
	first := w.TreatmentIn(c, mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	op := care.OperationInput{Treatment: first.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today())}
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, op, store.Key{}))
	r = must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), accept(r, w, 30), store.Key{}))
	must[store.Treatment](t)(s.OpenTreatment(t.Context(), w.Registrar(sea), care.PlanInput{Case: c.ID, Plan: "左膝置换"}, store.Key{}))
	v := must[care.TimelineView](t)(s.Timeline(t.Context(), w.Registrar(sea), care.TimelineInput{Person: c.Person}))
	got := words(v.Entries)
	for _, want := range []string{"registered", "opened joint", "step register", "step admit", "operation TKA", "plan"} {
		if n := strings.Count("\n"+strings.Join(got, "\n")+"\n", "\n"+want+"\n"); n < 1 {
			t.Errorf("no %q in %v", want, got)
		}
	}
	places := map[ident.ID]bool{}
	for i, e := range v.Entries {
		places[e.Hospital] = true
		if e.Kind == care.EntryOperation && (e.Side != "R" || v.Entries[i-1].On.After(e.On)) {
			t.Errorf("the operation: %+v", e)
		}
	}
	if !places[w.ID(mountain)] || !places[w.ID(sea)] {
		t.Errorf("places %v", places)
	}
	// The letters of a referral are between its hospitals: the receiver reads its own.
	if !strings.Contains(strings.Join(got, "\n"), "referral sent\n") || !strings.Contains(strings.Join(got, "\n"), "referral accepted") {
		t.Errorf("the referral is missing: %v", got)
	}
	in := care.AnswerInput{Referral: r.ID, Version: r.Version, Action: referral.Finish, Reply: "已完成"}
	must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), in, store.Key{}))
	v = must[care.TimelineView](t)(s.Timeline(t.Context(), w.Registrar(sea), care.TimelineInput{Person: c.Person}))
	for _, e := range v.Entries {
		if e.Kind == care.EntryOperation || e.Kind == care.EntryStep && e.Hospital == w.ID(mountain) {
			t.Errorf("after the referral the sea still reads %s %s of the mountain", e.Kind, e.What)
		}
	}
}
