package registry

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
)

func operated() clock.Date { return clock.MustDate(2026, 11, 20) }

func fill(f Form, values Answers) Record {
	r, wrong := Read(f, Record{Values: values}, operated())
	if len(wrong) > 0 {
		panic(wrong.Err())
	}
	return r
}

func TestAnEmptyListIsNotAnAnswerAndNoneIs(t *testing.T) {
	r := Record{Values: Answers{}}
	for _, key := range []string{"vte_chemical", "vte_mechanical", "intraop_event"} {
		if !slices.Contains(Missing(KneePrimary, r), key) {
			t.Errorf("%s is empty and not missing", key)
		}
		r.Values[key] = []string{None}
		if slices.Contains(Missing(KneePrimary, r), key) {
			t.Errorf("%s says none and is missing", key)
		}
	}
}

func TestNoneStandsAlone(t *testing.T) {
	if _, wrong := Read(KneePrimary, Record{Values: Answers{"vte_chemical": {None, "LMWH"}}}, operated()); !wrong.Has("vte_chemical") {
		t.Error("none beside a drug was taken")
	}
}

func TestRule10ImpossibleValuesAreRefusedWithTheirRange(t *testing.T) {
	for name, c := range map[string]struct {
		form Form
		key  string
		text string
	}{
		"a giant":                {KneePrimary, "height_cm", "300"},
		"a number with a letter": {KneePrimary, "height_cm", "16O"},
		"too many places":        {KneePrimary, "weight_kg", "65.55"},
		"contrast of two litres": {Coronary, "contrast_ml", "2000"},
		"a short eye":            {Cataract, "axial_length_mm", "19.99"},
		"a head of 60 mm":        {HipPrimary, "head_mm", "60"},
		"LOCS seven":             {Cataract, "locs_opalescence", "7.0"},
		"an approach of the hip": {KneePrimary, "approach", "POSTERIOR"},
		"no such time":           {KneePrimary, "started_at", "25:00"},
		"a question of no form":  {KneePrimary, "shoe_size", "42"},
	} {
		if _, wrong := Read(c.form, Record{Values: Answers{c.key: {c.text}}}, operated()); !wrong.Has(c.key) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	edge := fill(Coronary, Answers{"contrast_ml": {"1000"}, "dap_gycm2": {" 12.5 "}})
	if edge.Values.One("contrast_ml") != "1000" || edge.Values.One("dap_gycm2") != "12.5" {
		t.Errorf("%+v", edge)
	}
}

func stemiClock(v Answers) Record { return Record{Syndrome: stemi, Values: v} }

func TestRule9TheClockDoesNotRunBackwards(t *testing.T) {
	for name, c := range map[string]struct {
		values Answers
		path   string
	}{
		"wire before door":     {Answers{"door_at": {"10:00"}, "wire_at": {"09:30"}}, "wire_at"},
		"door before onset":    {Answers{"onset_at": {"10:00"}, "door_at": {"09:00"}}, "door_at"},
		"more than a day":      {Answers{"door_at": {"2026-11-18 10:00"}, "wire_at": {"2026-11-19 10:01"}}, "wire_at"},
		"end before the start": {Answers{"started_at": {"10:00"}, "ended_at": {"09:00"}}, "ended_at"},
	} {
		form := Coronary
		if c.path == "ended_at" {
			form = KneePrimary
		}
		if _, wrong := Read(form, stemiClock(c.values), operated()); !wrong.Has(c.path) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	r, wrong := Read(Coronary, stemiClock(Answers{"door_at": {"2026-11-19 23:50"}, "wire_at": {"00:55"}}), operated())
	if d, ok := Interval(r, "door_at", "wire_at"); len(wrong) > 0 || !ok || d != 65 {
		t.Errorf("over midnight: %d %v %v", d, ok, wrong)
	}
	day, wrong := Read(Coronary, stemiClock(Answers{"door_at": {"2026-11-18 10:00"}, "wire_at": {"2026-11-19 10:00"}}), operated())
	if d, _ := Interval(day, "door_at", "wire_at"); len(wrong) > 0 || d != 1440 {
		t.Errorf("exactly a day: %d %v", d, wrong)
	}
}

func TestRule9STEMIWithoutDoorIsIncomplete(t *testing.T) {
	if !slices.Contains(Missing(Coronary, stemiClock(Answers{})), "door_at") {
		t.Error("a STEMI without the time of the door counts as complete")
	}
	if slices.Contains(Missing(Coronary, Record{Syndrome: "UA", Values: Answers{}}), "door_at") {
		t.Error("unstable angina is asked for the door")
	}
}

func TestAMomentIsNearTheOperation(t *testing.T) {
	for text, refused := range map[string]bool{"2099-01-01 10:00": true, "1950-11-20 10:00": true, "2026-11-19 23:30": false, "2026-11-21 01:10": false, "2026-11-18 23:30": true} {
		if _, wrong := Read(KneePrimary, Record{Values: Answers{"started_at": {text}}}, operated()); wrong.Has("started_at") != refused {
			t.Errorf("a start at %s: %v", text, wrong)
		}
	}
}

func TestATreatedLesionSaysWhatWasLeft(t *testing.T) {
	row := Answers{"segment": {"6"}, "stenosis_before": {"90"}, "timi_before": {"1"}}
	r := Record{Values: Answers{}, Lesions: []Answers{row}}
	without := len(Missing(Coronary, r))
	row["device"] = []string{"DES"}
	if got := Missing(Coronary, r); len(got) != without+2 || Needed(Coronary, r)-len(got) != 3 {
		t.Errorf("a stented lesion lacks %v of %d", got, Needed(Coronary, r))
	}
	row["device"] = []string{None}
	if got := Missing(Coronary, r); len(got) != without {
		t.Errorf("an untreated lesion lacks %v", got)
	}
}

func TestFiguresFollowFromTheAnswers(t *testing.T) {
	knee := fill(KneePrimary, Answers{"height_cm": {"160"}, "weight_kg": {"65"}, "started_at": {"09:00"}, "ended_at": {"10:25"}})
	want := []Derived{{"bmi", "25.4", "kg/m²", false}, {"duration", "85", "min", false}}
	if got := Derive(knee); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	eye := fill(Cataract, Answers{"predicted_se_d": {"-0.25"}, "achieved_se_d": {"-1.00"}})
	if e, ok := PredictionError(eye); !ok || e != -75 {
		t.Errorf("prediction error %d %v", e, ok)
	}
	heart, wrong := Read(Coronary, Record{Values: Answers{}, Lesions: []Answers{
		{"segment": {"6"}, "stenosis_after": {"10"}, "timi_after": {"3"}}, {"segment": {"1"}, "stenosis_after": {"20"}, "timi_after": {"3"}}, {"segment": {"11"}}, {}}}, operated())
	if got := Derive(heart); len(wrong) > 0 || len(heart.Lesions) != 3 || !slices.Equal(got, []Derived{{"opened", "1 / 2", "", false}}) {
		t.Errorf("%+v %v", got, wrong)
	}
}

func TestAlertsNameWhatASecondPersonLooksAt(t *testing.T) {
	for name, c := range map[string]struct {
		record Record
		want   []string
	}{
		"kerma at the limit":     {Record{Values: Answers{"air_kerma_mgy": {"5000"}}}, []string{"radiation"}},
		"kerma below":            {Record{Values: Answers{"air_kerma_mgy": {"4999"}}}, nil},
		"contrast three times":   {Record{Values: Answers{"contrast_ml": {"180"}, "egfr": {"60"}}}, nil},
		"contrast more":          {Record{Values: Answers{"contrast_ml": {"190"}, "egfr": {"60"}}}, []string{"contrast"}},
		"an unlikely body":       {Record{Values: Answers{"height_cm": {"160"}, "weight_kg": {"160.0"}}}, []string{"bmi"}},
		"a likely body":          {Record{Values: Answers{"height_cm": {"160"}, "weight_kg": {"60.0"}}}, nil},
		"an occlusion with flow": {Record{Lesions: []Answers{{"lesion_feature": {"CTO"}, "timi_before": {"2"}}}}, []string{"occlusion"}},
		"an occlusion without":   {Record{Lesions: []Answers{{"lesion_feature": {"CTO"}, "timi_before": {"0"}}}}, nil},
	} {
		var got []string
		for _, a := range Alerts(c.record) {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestRuptureIsThatOfTheAudit(t *testing.T) {
	for event, want := range map[string]bool{"PCR": true, "PCR_VITREOUS": true, "ZONULE_VITREOUS": true, "ZONULE_DEHISCENCE": false, None: false} {
		got, answered := Ruptured(Record{Values: Answers{"intraop_event": {event}}})
		if got != want || !answered {
			t.Errorf("%s: %v %v", event, got, answered)
		}
	}
	if _, answered := Ruptured(Record{}); answered {
		t.Error("an empty list is an answer")
	}
}

func TestAnotherKindKeepsWhatItAsksAsWell(t *testing.T) {
	r := fill(HipPrimary, Answers{"approach": {"POSTERIOR"}, "vte_chemical": {"LMWH"}, "head_mm": {"32"}, "bone_graft": {"FEMUR_AUTO"}})
	got := Fitting(KneePrimary, r)
	if len(got.Values) != 2 || got.Values.One("vte_chemical") != "LMWH" || got.Values.One("bone_graft") != "FEMUR_AUTO" {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsStoredReadsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(Forms()).Draw(t, "form")
		r := Record{Values: Answers{}, Syndrome: stemi}
		for _, x := range Fields(form) {
			if !rapid.Bool().Draw(t, x.Key) {
				continue
			}
			switch x.Type {
			case Choice:
				r.Values[x.Key] = []string{rapid.SampledFrom(x.Options).Draw(t, x.Key+" is")}
			case Choices:
				r.Values[x.Key] = []string{rapid.SampledFrom(x.Options).Draw(t, x.Key+" has")}
			case Number:
				r.Values[x.Key] = []string{Fixed(rapid.IntRange(x.Min, x.Max).Draw(t, x.Key+" of"), x.Places)}
			case Text:
				r.Values[x.Key] = []string{"头孢"}
			case Moment: // one and the same: no clock runs backwards
				r.Values[x.Key] = []string{time.Date(2026, 11, 20, 9, 0, 0, 0, clock.Shanghai).Format(time.RFC3339)}
			}
		}
		once, wrong := Read(form, r, operated())
		if wrong.Has("k2_d") { // two unlikely curvatures
			return
		}
		again, _ := Read(form, once, operated())
		if len(wrong) > 0 || len(Missing(form, once)) != len(Missing(form, again)) || len(once.Values) != len(again.Values) {
			t.Fatal(wrong, once, again)
		}
		for key, v := range once.Values {
			if !slices.Equal(v, again.Values[key]) {
				t.Fatalf("%s: %v became %v", key, v, again.Values[key])
			}
		}
	})
}
