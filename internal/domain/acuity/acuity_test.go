package acuity

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// The reference points of the standard tables: one eye, five spellings.
func TestReferencePointsAreOneValueInEveryNotation(t *testing.T) {
	for _, c := range []struct {
		metres, feet, decimal string
		logMAR                int
		five                  string
	}{
		{"6/6", "20/20", "1.0", 0, "5.0"}, {"6/9", "20/30", "0.67", 18, "4.82"}, {"6/12", "20/40", "0.5", 30, "4.7"},
		{"6/18", "20/60", "0.33", 48, "4.52"}, {"6/24", "20/80", "0.25", 60, "4.4"}, {"6/36", "20/120", "0.17", 78, "4.22"},
		{"6/60", "20/200", "0.1", 100, "4.0"}, {"3/60", "20/400", "0.05", 130, "3.7"},
	} {
		v, err := Parse(c.metres, Snellen6)
		if n, ok := v.LogMAR(); err != nil || !ok || n != c.logMAR {
			t.Errorf("%s is %q, %v", c.metres, v, err)
		}
		if feet, _ := Parse(c.feet, Snellen20); feet != v {
			t.Errorf("%s is %q, %s is %q", c.feet, feet, c.metres, v)
		}
		if v.Decimal() != c.decimal || v.FivePoint() != c.five {
			t.Errorf("%s is shown as %s and %s, want %s and %s", c.metres, v.Decimal(), v.FivePoint(), c.decimal, c.five)
		}
	}
}

func TestSixEighteenLiesBetweenTheLines(t *testing.T) {
	line45, _ := Parse("4.5", FivePoint)
	line46, _ := Parse("4.6", FivePoint)
	v, _ := Parse("6/18", Snellen6)
	if !v.Worse(line46) || !line45.Worse(v) {
		t.Errorf("6/18 %q is not between %q and %q", v, line45, line46)
	}
	if line45.Category(WHO618) != Borderline || line45.Category(CN03) != Good || v.Category(WHO618) != Good {
		t.Error("line 4.5 is good by the Chinese rule only; 6/18 is good by both")
	}
}

// A page that turns the table upside down (0.5 = 5.3) has been seen.
func TestChartLabelsAreLookedUp(t *testing.T) {
	for decimal, five := range map[string]string{"0.6": "4.8", "0.5": "4.7", "0.3": "4.5", "0.12": "4.1", "0.8": "4.9", "1.2": "5.1", "0.05": "3.7"} {
		v, err := Parse(decimal, Decimal)
		if err != nil || v.FivePoint() != five || v.Decimal() != decimal {
			t.Errorf("%s is %s on the five-point scale, shown as %s (%v); want %s", decimal, v.FivePoint(), v.Decimal(), err, five)
		}
	}
}

func TestSpellingShowsTheNotation(t *testing.T) {
	for text, want := range map[string]Notation{"0.3": Decimal, "2.0": Decimal, "4.5": FivePoint, "6/18": Snellen6, "20/60": Snellen20, "logMAR 0.30": LogMAR,
		"\uff14\uff0e\uff15": FivePoint, "指数/30cm": "", "光感(-)": ""} {
		v, n, err := Detect(text)
		if err != nil || n != want || v == "" {
			t.Errorf("%s: %q in %q, %v; want %q", text, v, n, err, want)
		}
	}
}

func TestSignsAreKeptAsSigns(t *testing.T) {
	for text, want := range map[string]Value{"指数": CountingFingers, "眼前数指": CountingFingers, "手动": HandMotion, "光感": LightPerception, "无光感": NoLightPerception,
		"光感(-)": NoLightPerception, "cf": CountingFingers, "": ""} {
		if v, _, err := Detect(text); err != nil || v != want {
			t.Errorf("%s is %q, %v; want %q", text, v, err, want)
		}
	}
	order := []Value{"L0.00", "L3.00", CountingFingers, HandMotion, LightPerception, NoLightPerception}
	for i := 1; i < len(order); i++ {
		if !order[i].Worse(order[i-1]) || order[i-1].Worse(order[i]) {
			t.Errorf("%s must be worse than %s", order[i], order[i-1])
		}
	}
	if NoLightPerception.Category(WHO618) != Poor || Value("").Category(WHO618) != "" {
		t.Error("a sign is poor, nothing is nothing")
	}
}

func TestRule8ImpossibleValuesAreRefused(t *testing.T) {
	for text, want := range map[string]error{"2.01": nil, "5.4": ErrRange, "-1": ErrRange, "0": ErrRange, "0.123": ErrSpelling, "6/0": ErrRange, "six": ErrSpelling,
		"logMAR 3.01": ErrRange, "logMAR -0.31": ErrRange, "1e-3": ErrSpelling, "6/": ErrSpelling, "1": ErrSpelling, "2": ErrSpelling} {
		_, _, err := Detect(text)
		if text == "2.01" { // neither scale has it: 2.00 is the last decimal, 3.0 the first five-point number
			want = ErrRange
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestRoundTripsAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, err := FromLogMAR(rapid.IntRange(Lowest, 200).Draw(t, "logMAR"))
		if err != nil || !v.Known() {
			t.Fatal(v, err)
		}
		for _, n := range []Notation{FivePoint, LogMAR} {
			if back, err := Parse(v.In(n), n); err != nil || back != v {
				t.Fatalf("%s in %s is %s and comes back as %s, %v", v, n, v.In(n), back, err)
			}
		}
		// Rounded notations may move once and never again.
		for _, n := range []Notation{Decimal, Snellen6, Snellen20} {
			once, err := Parse(v.In(n), n)
			if err != nil {
				t.Fatal(v, n, err)
			}
			if again, _ := Parse(once.In(n), n); again.In(n) != once.In(n) {
				t.Fatalf("%s in %s drifts: %s, %s", v, n, once.In(n), again.In(n))
			}
		}
	})
}

func TestLossIsADoublingOfTheAngle(t *testing.T) {
	for _, c := range []struct {
		before, after Value
		lost          bool
	}{{"L0.30", "L0.59", false}, {"L0.30", "L0.60", true}, {"L0.60", "L0.10", false}, {"L1.30", HandMotion, true}, {HandMotion, LightPerception, true},
		{HandMotion, "L0.30", false}, {"", "L1.00", false}, {"L0.30", "", false}} {
		if Lost(c.before, c.after) != c.lost {
			t.Errorf("%s to %s: lost is not %v", c.before, c.after, c.lost)
		}
	}
}

func TestRule8AReadingBeforeTheOperationIsNoOutcome(t *testing.T) {
	for days, want := range map[int]Stage{-1: Before, 0: Before, 1: Provisional, 27: Provisional, 28: Final, 90: Final, 91: Late} {
		if got := StageOf(days); got != want {
			t.Errorf("day %d is %s, want %s", days, got, want)
		}
	}
}
