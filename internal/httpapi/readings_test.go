package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

type gotReading struct {
	ID                     string
	State                  string
	Value                  *float64
	Numerator, Denominator *int64
	Interval               *struct{ Low, High float64 }
	Coverage               struct{ Known, Eligible int64 }
}

type gotUnits struct {
	Reading gotReading
	Units   []struct {
		ID      string
		Counted bool
	}
	Next *string
}

// Every rate of the API comes with its denominator, interval and coverage, and
// the units it answers are as many as it counts.
func TestReadingsAndTheirUnitsAgree(t *testing.T) {
	a := newAPI(t)
	for i := range 18 {
		a.Treat(servicetest.Treated{Programme: measure.Programmes()[i%3], At: servicetest.Places()[i%4], On: a.Today().AddDays(-400 - i), Joints: 1, State: "settled", Money: measure.Layers{Basic: 100, Net: 1}})
	}
	a.Outcomes("e")
	token := a.token(a.Official())
	code, raw := a.get(token, "/readings")
	all := decode[struct{ Readings []gotReading }](t, raw).Readings
	if code != http.StatusOK || len(all) != len(measure.Definitions()) || strings.Contains(string(raw), "NaN") {
		t.Fatalf("%d: %d readings", code, len(all))
	}
	desk, err := reporting.New(reporting.Deps{DB: a.DB, Policy: a.Policy}).Desk(t.Context(), a.Official(), reporting.DeskInput{})
	if err != nil {
		t.Fatal(err)
	}
	words := decode[struct{ Readings []json.RawMessage }](t, raw).Readings
	for i, r := range desk.Readings { // the API says of every measure what the desk says, to the letter
		want, err := json.Marshal(r)
		if err != nil || !sameJSON(t, words[i], want) {
			t.Errorf("%s:\n API %s\ndesk %s %v", r.Definition().ID, words[i], want, err)
		}
	}
	for _, r := range all {
		d, _ := measure.ByID(measure.ID(r.ID))
		if !d.Rate() {
			continue
		}
		if r.Numerator == nil || r.Denominator == nil || (r.State == "measured") != (r.Value != nil) || r.Value != nil && r.Interval == nil {
			t.Errorf("%+v", r)
			continue
		}
		n, after := int64(0), ""
		for {
			code, raw := a.get(token, "/readings/"+r.ID+"/units?size=5&part=numerator"+after)
			u := decode[gotUnits](t, raw)
			if code != http.StatusOK || u.Reading.State != r.State {
				t.Fatalf("%s: %d %s", r.ID, code, raw)
			}
			n += int64(len(u.Units))
			if u.Next == nil {
				break
			}
			after = "&after=" + url.QueryEscape(*u.Next)
		}
		if n != *r.Numerator && r.State != "no_case" && r.State != "none_known" {
			t.Errorf("%s counts %d and lists %d", r.ID, *r.Numerator, n)
		}
	}
	for path, want := range map[string]int{"/readings?group=joint": 200, "/readings?group=village": 400, "/readings/definitions": 200, "/readings/joint.death_30?by=side": 200, "/readings/joint.death_30?by=village": 400,
		"/readings/joint.death_30/units?part=half": 400, "/readings/joint.patients": 200, "/readings/joint.patients/units": 404, "/readings/joint.eyes": 404, "/measures/joint.death_30": 404} {
		if code, raw := a.get(token, path); code != want {
			t.Errorf("%s answers %d, want %d: %.200s", path, code, want, raw)
		}
	}
}

// Who may not open lists gets no small count from the API either: null, with a
// state that says why, and no units.
func TestReadingsOfFewAreNullForWhoMayOpenNoList(t *testing.T) {
	a := newAPI(t)
	for i := range 20 {
		at := servicetest.Mountain
		if i < 3 {
			at = servicetest.MountainTwo
		}
		a.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: a.Today().AddDays(-400 - i), Joints: 1, State: "settled", Money: measure.Layers{Basic: 100, Net: 1}})
	}
	donor, office := a.token(a.OfficialDonor()), a.token(a.Official())
	type parts struct {
		Parts []struct {
			Key     string
			Reading gotReading
		}
	}
	code, raw := a.get(donor, "/readings/quality.signed?by=hospital")
	got := decode[parts](t, raw)
	if code != http.StatusOK || len(got.Parts) != 1 {
		t.Fatalf("%d %s", code, raw)
	}
	for _, p := range got.Parts {
		if p.Key != measure.Others || p.Reading.State != "withheld" || p.Reading.Value != nil || p.Reading.Numerator != nil || p.Reading.Denominator != nil || p.Reading.Interval != nil {
			t.Errorf("%+v", p.Reading)
		}
	}
	if strings.Count(string(raw), `"n":null`) != 1 || strings.Count(string(raw), `"coverage":null`) != 1 { // hidden parts are one
		t.Errorf("counts remain: %s", raw)
	}
	if code, raw := a.get(office, "/readings/quality.signed?by=hospital"); code != http.StatusOK || strings.Contains(string(raw), "withheld") {
		t.Errorf("the office: %d %s", code, raw)
	}
	if code, _ := a.get(donor, "/readings/quality.signed/units"); code != http.StatusForbidden {
		t.Errorf("units answer %d", code)
	}
	if code, raw := a.get(donor, "/readings?group=joint&hospital="+a.ID(servicetest.MountainTwo).String()); code != http.StatusOK || !strings.Contains(string(raw), "withheld") {
		t.Errorf("%d %.300s", code, raw)
	}
}

// sameJSON compares what two texts say; the instant of asking is not compared.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, y := decode[map[string]any](t, a), decode[map[string]any](t, b)
	delete(x, "as_of")
	delete(y, "as_of")
	return reflect.DeepEqual(x, y)
}
