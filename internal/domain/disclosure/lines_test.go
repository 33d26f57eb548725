package disclosure_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
)

// rate is a line of events among known units.
func rate(known, events int64) disclosure.Line {
	return disclosure.Line{Counts: []disclosure.Count{{Value: known, People: known}, {Value: events, People: events}, {Value: known - events, People: known - events}}}
}

func sumOf(ls ...disclosure.Line) disclosure.Line {
	var known, events int64
	for _, l := range ls {
		known, events = known+l.Counts[0].Value, events+l.Counts[1].Value
	}
	return rate(known, events)
}

func TestASmallPartIsHiddenWithAnother(t *testing.T) {
	p := disclosure.Restricted()
	hospitals := []disclosure.Line{rate(120, 20), rate(60, 8), rate(90, 2)}
	hidden, parts := p.Lines(sumOf(hospitals...), hospitals)
	if hidden || parts[0][0] || !parts[0][1] || !parts[0][2] {
		t.Errorf("%v %v: the 2 events and the smallest other part must be hidden", hidden, parts)
	}
	if hidden, parts = p.Lines(rate(8, 3), []disclosure.Line{rate(8, 3)}, []disclosure.Line{rate(8, 0), rate(0, 3)}); !hidden || !parts[0][0] || !parts[1][0] {
		t.Errorf("the whole is small: %v %v", hidden, parts)
	}
	alone := rate(50, 10)
	alone.Withheld = true
	if hidden, _ = p.Lines(rate(50, 10), []disclosure.Line{alone}); !hidden {
		t.Error("a whole of one hidden part gives that part away")
	}
	if hidden, _ = disclosure.Exact().Lines(rate(8, 3), hospitals); hidden {
		t.Error("exact figures are hidden")
	}
	money := disclosure.Line{Counts: []disclosure.Count{{Value: 30, People: 30}}, Money: true, Sum: 1000, Largest: 900}
	if hidden, _ = p.Lines(money); !hidden {
		t.Error("nearly all of the money is one person's")
	}
	fewPeople := disclosure.Line{Counts: []disclosure.Count{{Value: 30, People: 3}}}
	if hidden, _ = p.Lines(fewPeople); !hidden {
		t.Error("thirty contacts of three people are shown")
	}
}

// Whatever is shown: no shown part and no difference of shown figures is small.
func TestNoDifferenceOfShownLinesIsSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.Restricted()
		draw := func(name string) []disclosure.Line {
			var out []disclosure.Line
			for range rapid.IntRange(1, 7).Draw(t, name) {
				known := rapid.Int64Range(0, 60).Draw(t, "known")
				out = append(out, rate(known, rapid.Int64Range(0, known).Draw(t, "events")))
			}
			return out
		}
		parts := draw("parts")
		whole := sumOf(parts...)
		hidden, got := p.Lines(whole, parts)
		small := func(v int64) bool { return v > 0 && v < p.Threshold() }
		check := func(l disclosure.Line) {
			for _, c := range l.Counts {
				if small(c.Value) {
					t.Fatalf("%d can be known: %+v, hidden %v %v", c.Value, parts, hidden, got)
				}
			}
		}
		if hidden {
			return
		}
		check(whole)
		var rest []disclosure.Line
		for i, l := range parts {
			if got[0][i] {
				rest = append(rest, l)
				continue
			}
			check(l)
		}
		if len(rest) == 1 {
			t.Fatalf("one hidden part is the difference: %+v %v", parts, got)
		}
		check(sumOf(rest...))
	})
}

// In a tree all that can be worked out is, for each branch that is shown, what its
// hidden parts add up to: nothing is shown under a hidden branch.
func TestWhatATreeLeavesOverIsNeverSmall(t *testing.T) {
	p := disclosure.Restricted()
	rapid.Check(t, func(t *rapid.T) {
		var grow func(levels int) *disclosure.Branch
		grow = func(levels int) *disclosure.Branch {
			if levels == 0 {
				known := rapid.Int64Range(0, 40).Draw(t, "known")
				return &disclosure.Branch{Line: rate(known, rapid.Int64Range(0, known).Draw(t, "events"))}
			}
			b := &disclosure.Branch{Parts: make([][]*disclosure.Branch, 1)}
			var lines []disclosure.Line
			for range rapid.IntRange(1, 4).Draw(t, "parts") {
				x := grow(levels - 1)
				b.Parts[0], lines = append(b.Parts[0], x), append(lines, x.Line)
			}
			b.Line = sumOf(lines...)
			return b
		}
		root := grow(3)
		p.Tree(root)
		var check func(b *disclosure.Branch)
		check = func(b *disclosure.Branch) {
			small := func(l disclosure.Line) bool {
				for _, c := range l.Counts {
					if c.Value > 0 && c.Value < p.Threshold() {
						return true
					}
				}
				return false
			}
			if !b.Hidden && small(b.Line) {
				t.Fatalf("%+v is shown", b.Line)
			}
			for _, d := range b.Parts {
				var rest []disclosure.Line
				for _, x := range d {
					if b.Hidden && !x.Hidden {
						t.Fatal("a part of a hidden branch is shown")
					}
					if x.Hidden {
						rest = append(rest, x.Line)
					}
					check(x)
				}
				if !b.Hidden && len(rest) > 0 && (len(rest) == 1 || small(sumOf(rest...))) {
					t.Fatalf("%+v can be worked out of %+v", rest, b.Line)
				}
			}
		}
		check(root)
	})
}
