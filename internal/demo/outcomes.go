package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sheeted is since how many days the register's sheets are filled in.
const sheeted = 240

// sheet is the register's sheet of an operation: complete, but for each seventh
// one, which still has gaps. It takes no chance from the maker's generator, so
// the figures of the demonstration do not depend on it.
func (m *maker) sheet(p procedure.Procedure) registry.Record {
	if p.OperatedOn.Before(m.today.AddDays(-sheeted)) {
		return registry.Record{}
	}
	n := int(p.ID[14])<<8 | int(p.ID[15])
	r := registry.Record{Values: registry.Answers{}, Syndrome: p.Sheet().Syndrome}
	for _, x := range registry.Fields(p.Kind.Form()) {
		if x.Needed && x.Asked(r) && !(n%7 == 0 && x.Section == "safety") {
			r.Values[x.Key] = []string{ordinary(x, n)}
		}
	}
	set := func(key, format string, a ...any) { r.Values[key] = []string{fmt.Sprintf(format, a...)} }
	at := func(key string, minute int) {
		set(key, "%s", p.OperatedOn.Start().Add(time.Duration(minute)*time.Minute).In(clock.Shanghai).Format(time.RFC3339))
	}
	switch p.Programme {
	case procedure.Joint:
		set("height_cm", "%d", 150+n%25)
		set("weight_kg", "%d.0", 48+n%30)
		set("blood_loss_ml", "%d", 150+10*(n%30))
		at("started_at", 9*60+n%40)
		at("ended_at", 10*60+20+n%50)
	case procedure.Cataract:
		set("axial_length_mm", "2%d.%02d", 2+n%3, n%100)
		set("predicted_se_d", "-0.%02d", 25*(n%3))
		set("achieved_se_d", "-%d.%02d", n%4/3, 25*(n%4))
	case procedure.Coronary:
		if r.Values["discharge_medicine"] = []string{"ASPIRIN", "P2Y12", "STATIN"}; n%11 == 0 {
			r.Values["discharge_medicine"] = []string{"ASPIRIN"}
		}
		set("contrast_ml", "%d", 80+n%90)
		set("egfr", "%d", 55+n%45)
		set("fluoroscopy_min", "%d.5", 5+n%20)
		set("air_kerma_mgy", "%d", 400+10*(n%150))
		set("urgency", "ELECTIVE")
		if r.Syndrome == "STEMI" {
			set("urgency", "EMERGENCY")
			at("onset_at", 6*60)
			at("door_at", 7*60+n%60)
			at("wire_at", 8*60+20+n%60)
		}
		for i := range p.HeartPart.Stents {
			r.Lesions = append(r.Lesions, registry.Answers{"segment": {[]string{"6", "1"}[i%2]}, "stenosis_before": {"90"}, "timi_before": {"2"}, "stenosis_after": {"10"},
				"timi_after": {"3"}, "device": {"DES"}})
		}
	}
	return r
}

// ordinary is an ordinary answer to a needed question.
func ordinary(x registry.Field, n int) string {
	switch {
	case x.Type == registry.Text:
		return "头孢唑林 2 g"
	case x.Key == "vte_chemical":
		return "LMWH"
	case slices.Contains(x.Options, registry.None):
		return registry.None
	case x.Key == "reason_status":
		return registry.ReasonProvisional
	case x.Key == "left_main":
		return registry.No
	case x.Key == "vessels_diseased":
		return []string{"1", "1", "2"}[n%3]
	case len(x.Options) > 0:
		return x.Options[n%min(3, len(x.Options))]
	}
	return registry.Fixed(x.Min, x.Places)
}

// outcomes notes how the latest eyes saw before and after, and what went wrong
// after a few operations.
func (m *maker) outcomes(tx *store.Tx) error {
	ops := slices.Clone(m.bulk.Operations)
	slices.SortStableFunc(ops, func(a, b store.BulkOperation) int { return a.OperatedOn.Compare(b.OperatedOn) })
	eyes := 0
	for i, o := range ops[max(0, len(ops)-4*equipped):] {
		if o.Site == procedure.Eye {
			eyes++
			if err := m.see(tx, o, eyes); err != nil {
				return err
			}
		}
		if i%29 == 5 {
			if err := m.later(tx, o, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) see(tx *store.Tx, o store.BulkOperation, n int) error {
	after := []acuity.Value{"L0.20", "L0.30", "L0.40", "L0.10", "L0.50", "L0.30"}
	for i, x := range []struct {
		days  int
		value acuity.Value
		worn  acuity.Correction
	}{{-2, []acuity.Value{"L1.30", acuity.CountingFingers, "L1.00"}[n%3], acuity.Presenting}, {1, "L0.50", acuity.Presenting}, {7, "L0.40", acuity.Presenting}, {35, after[n%6], acuity.Presenting}, {35, "L0.10", acuity.Best}} {
		on := o.OperatedOn.AddDays(x.days)
		if on.After(m.today) || n%5 == 0 && x.days > 7 { // every fifth eye did not come back
			continue
		}
		r := store.Reading{ID: m.id("reading", n*10+i), Case: o.Of.Case, Hospital: o.Of.Hospital, Side: o.Side, On: on, Value: x.value, Raw: x.value.FivePoint(), Notation: acuity.FivePoint, Correction: x.worn,
			CreatedAt: at(on), CreatedBy: accountID(theatre(hospitalCode(o.Of.Hospital)))}
		if x.value.Sign() {
			r.Notation = ""
		}
		if err := tx.InsertReading(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) later(tx *store.Tx, o store.BulkOperation, n int) error {
	on := o.OperatedOn.AddDays(6 + n%20)
	if on.After(m.today) {
		return nil
	}
	kind := map[procedure.Programme]complication.Type{procedure.Joint: "DVT", procedure.Cataract: "RAISED_IOP", procedure.Coronary: "ACCESS_HAEMATOMA"}[o.Programme]
	c := complication.Complication{Type: kind, Onset: on, Related: complication.RelatedYes, Outcome: "RESOLVED"}
	if grades := kind.Scale(o.Programme).Grades(); len(grades) > 1 {
		c.Grade = grades[1]
	}
	return tx.InsertComplication(store.Complication{ID: m.id("later", n), Procedure: o.ID, Hospital: o.Of.Hospital, Complication: c})
}
