package plausibility_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var day = clock.MustDate(2026, 11, 24)

func id(letter byte, n int) ident.ID { return ident.ID{letter, byte(n >> 8), byte(n)} }

func operation(n int) plausibility.Operation {
	return plausibility.Operation{ID: id('o', n), Case: id('c', n), Person: id('p', n), Hospital: id('h', n%3), Programme: procedure.Joint, Kind: procedure.TKA, Site: procedure.Knee,
		Side: procedure.Left, On: day.AddDays(-n), Age: 70, Township: fmt.Sprint("T", n%10), Recent: true, Surgeon: id('s', n%5)}
}

func rules() plausibility.Rules {
	r := plausibility.SampleRules()
	r.Populations, r.Source = map[string]int{}, "示例"
	for i := range 10 {
		r.Populations[fmt.Sprint("T", i)] = 10_000
	}
	return r
}

// clean are a thousand operations with nothing wrong about them.
func clean() (x plausibility.Facts) {
	for i := range 1000 {
		o := operation(i)
		x.Operations = append(x.Operations, o)
		x.Phones = append(x.Phones, plausibility.Phones{Digest: fmt.Sprint("d", i/3), Registration: id('r', i), Person: id('p', i)})
		x.Hours = append(x.Hours, plausibility.Hours{ID: id('v', i), Surgeon: id('s', i%5), Hospital: id('h', 1), Theatre: fmt.Sprint(i % 5), On: o.On, From: 480, To: 540})
		x.Pieces = append(x.Pieces, plausibility.Piece{Unit: fmt.Sprint("U", i), ID: id('k', i), Operation: o.ID})
	}
	return x
}

func TestCleanRecordsAreSilent(t *testing.T) {
	found, silent := plausibility.Run(clean(), rules())
	if len(found) != 0 || len(silent) != 0 {
		t.Errorf("found %v, silent %v", found, silent)
	}
}

func TestEachCheckFindsItsPlantedCase(t *testing.T) {
	plant := map[plausibility.Check]func(*plausibility.Facts){
		plausibility.Rate: func(x *plausibility.Facts) {
			for i := range 301 {
				o := operation(2000 + i)
				o.Township, o.Surgeon, o.Person = "T3", ident.Nil, id('q', i)
				x.Operations = append(x.Operations, o)
			}
		},
		plausibility.Phone: func(x *plausibility.Facts) {
			for i := range 4 {
				x.Phones = append(x.Phones, plausibility.Phones{Digest: "one", Registration: id('R', i), Person: id('P', i)})
			}
		},
		plausibility.Overlap: func(x *plausibility.Facts) {
			x.Hours = append(x.Hours, plausibility.Hours{ID: id('V', 1), Surgeon: id('s', 0), Hospital: id('h', 2), On: day, From: 539, To: 600})
		},
		plausibility.Crowded: func(x *plausibility.Facts) {
			for i := range 8 {
				o := operation(3000 + i)
				o.Surgeon, o.On, o.Township = id('s', 0), day, ""
				x.Operations = append(x.Operations, o)
			}
		},
		plausibility.Absent: func(x *plausibility.Facts) { x.Operations[7].Absent = true },
		plausibility.Repeat: func(x *plausibility.Facts) {
			o := x.Operations[5]
			o.ID, o.On = id('O', 1), day
			o.Surgeon = ident.Nil
			x.Operations = append(x.Operations, o)
		},
		plausibility.Serial: func(x *plausibility.Facts) { x.Pieces[1].Unit = x.Pieces[2].Unit },
		plausibility.Acuity: func(x *plausibility.Facts) {
			x.Readings = append(x.Readings, plausibility.Reading{ID: id('a', 1), Approval: id('A', 1), On: day, Withdrawn: true})
		},
	}
	for _, c := range plausibility.Checks() {
		x := clean()
		if plant[c] == nil {
			t.Errorf("no case is planted for %s", c)
			continue
		}
		plant[c](&x)
		found, _ := plausibility.Run(x, rules())
		if len(found) != 1 || found[0].Check != c || len(found[0].Evidence) == 0 || found[0].Subject == "" {
			t.Errorf("%s: found %+v", c, found)
		}
	}
}

func TestWithoutPopulationsTheRateIsSilentAndSaysWhy(t *testing.T) {
	r := plausibility.SampleRules()
	_, silent := plausibility.Run(clean(), r)
	if silent[plausibility.Rate] != plausibility.NoPopulation || len(silent) != 1 {
		t.Errorf("silent %v", silent)
	}
	// A township without a number is not measured by those of others.
	r.Populations = map[string]int{"T0": 10_000}
	x := clean()
	for i := range 900 {
		o := operation(2000 + i)
		o.Township, o.Surgeon, o.Person = "T4", ident.Nil, id('q', i)
		x.Operations = append(x.Operations, o)
	}
	if found, _ := plausibility.Run(x, r); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestARevisionIsNoRepetition(t *testing.T) {
	x := clean()
	o := x.Operations[5]
	o.ID, o.Kind, o.Surgeon = id('O', 1), procedure.KneeRevision, ident.Nil
	x.Operations = append(x.Operations, o)
	if found, _ := plausibility.Run(x, rules()); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestImportedOperationsKnowNoPostings(t *testing.T) {
	x := clean()
	x.Operations[7].Absent, x.Operations[7].Imported = true, true
	if found, _ := plausibility.Run(x, rules()); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestTheDigestIsOfTheEvidenceNotOfItsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := plausibility.Finding{Check: plausibility.Repeat}
		for i := range rapid.IntRange(2, 8).Draw(rt, "n") {
			f.Evidence = append(f.Evidence, plausibility.Evidence{Kind: plausibility.OfOperation, ID: id('o', i), On: day})
		}
		g := f
		g.Evidence = rapid.Permutation(f.Evidence).Draw(rt, "order")
		if f.Digest() != g.Digest() {
			rt.Fatal("the order changes the digest")
		}
		g.Evidence = slices.Clone(g.Evidence)[1:]
		if f.Digest() == g.Digest() {
			rt.Fatal("less evidence has the same digest")
		}
	})
}

func TestAVerdictStandsUntilTheEvidenceChanges(t *testing.T) {
	a := plausibility.Alert{State: plausibility.Open, Digest: "1"}
	if _, err := a.Judge(plausibility.Judgement{Verdict: plausibility.FalseAlarm}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a verdict without a reason: %v", err)
	}
	if _, err := a.Judge(plausibility.Judgement{Verdict: plausibility.Explained, Reason: "同名", Recovery: true}); !errs.Is(err, errs.Invalid) {
		t.Errorf("an explained alert goes to recovery: %v", err)
	}
	a, err := a.Judge(plausibility.Judgement{Verdict: plausibility.Confirmed, Reason: "冒用", Recovery: true})
	if err != nil || a.State != plausibility.Closed || !a.Recovery {
		t.Fatalf("%+v, %v", a, err)
	}
	if again := a.Again("1"); again != a {
		t.Errorf("found again unchanged: %+v", again)
	}
	if again := a.Again("2"); again.State != plausibility.Open || again.Verdict != "" || again.Recovery {
		t.Errorf("found again with other evidence: %+v", again)
	}
	if _, err := a.Judge(plausibility.Judgement{Verdict: plausibility.Explained, Reason: "x"}); errs.Of(err).Rule != "plausibility.open" {
		t.Errorf("judged twice: %v", err)
	}
	gone := plausibility.Alert{State: plausibility.Open, Digest: "1"}.Gone()
	if gone.State != plausibility.Closed || gone.Again("1").State != plausibility.Open {
		t.Errorf("gone %+v", gone)
	}
}

func TestPopulationsAreReadLineByLine(t *testing.T) {
	m, err := plausibility.ParsePopulations("石门乡 1200\n\n青杠镇\t3,\r\n黄水镇，800")
	if err != nil || len(m) != 3 || m["石门乡"] != 1200 || m["青杠镇"] != 3 || m["黄水镇"] != 800 {
		t.Errorf("%v, %v", m, err)
	}
	if again, err := plausibility.ParsePopulations(plausibility.PopulationText(m)); err != nil || len(again) != 3 {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{"石门乡", "石门乡 x", "石门乡 0", "石门乡 1\n石门乡 2", "石门 乡 3"} {
		if _, err := plausibility.ParsePopulations(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	r := plausibility.SampleRules()
	r.Populations = m
	if err := r.Validate(); !errs.Is(err, errs.Invalid) {
		t.Errorf("numbers without a source: %v", err)
	}
}
