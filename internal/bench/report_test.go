package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// line is one row of the report. A goal is met, missed, or (goal empty) there is
// none and the figure is for reading.
type line struct {
	what, figure, goal string // what begins with the goal's number: P1
	met                bool
}

type report struct {
	head  []string
	lines []line
	slow  []pace // p95 of what must not grow with the number of people
}

// pace is the p95 of one operation.
type pace struct {
	what string
	p95  time.Duration
}

func (r *report) say(format string, args ...any) {
	r.head = append(r.head, fmt.Sprintf(format, args...))
}

// note adds a figure without a goal.
func (r *report) note(what, format string, args ...any) {
	r.lines = append(r.lines, line{what: what, figure: fmt.Sprintf(format, args...)})
}

// goal adds a figure with the goal it has to meet.
func (r *report) goal(met bool, what, goal, format string, args ...any) {
	r.lines = append(r.lines, line{what, fmt.Sprintf(format, args...), goal, met})
}

// aim is what a product has to reach of its floor: least of its rate, with at
// most so many times its CPU (0: not judged).
type aim struct{ least, most float64 }

// pair adds product and floor of one operation and judges their ratio.
func (r *report) pair(what string, product, floor series, to aim) {
	p, f := product.median(), floor.median()
	r.slow = append(r.slow, pace{what, p.p95})
	r.note(what+": product", "%s", figures(p))
	r.note(what+": floor", "%s", figures(f))
	goal := fmt.Sprintf("≥ %.0f %%", 100*to.least)
	if to.most > 0 {
		goal = fmt.Sprintf("%s, CPU ≤ %gx", goal, to.most)
	}
	if p.ops == 0 || f.ops == 0 || p.failed > p.ops/100 || f.failed > f.ops/100 {
		r.goal(false, what+": product / floor", goal, "not measured: %v, %v", p.err, f.err)
		return
	}
	share, times := product.ratio(floor, run.rate), product.ratio(floor, run.work)
	r.goal(share >= to.least && (to.most == 0 || times <= to.most), what+": product / floor", goal, "%.0f %%, CPU %.2fx", 100*share, times)
}

func figures(x run) string {
	s := fmt.Sprintf("%6.0f /s  p50 %s  p95 %s  CPU %4d µs", x.rate(), ms(x.p50), ms(x.p95), x.cpu.Microseconds())
	if x.failed > 0 {
		s += fmt.Sprintf("  %d failed: %v", x.failed, x.err)
	}
	return s
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// growth sets the p95 of this report beside those of a run with fewer people.
func (r *report) growth(few *report, fewer, more int) {
	for _, was := range few.slow {
		for _, is := range r.slow {
			if is.what == was.what && was.p95 > 0 {
				times := float64(is.p95) / float64(was.p95)
				r.goal(times <= 2, "P10 "+is.what, "p95 ≤ 2x", "%.2fx: %s for %d people, %s for %d", times, ms(was.p95), fewer, ms(is.p95), more)
			}
		}
	}
}

// String is the table, and what was missed once more at its end.
func (r *report) String() string {
	var b strings.Builder
	for _, h := range r.head {
		b.WriteString(h + "\n")
	}
	var missed []string
	for _, l := range r.lines {
		verdict := ""
		switch {
		case l.goal != "" && l.met:
			verdict = "met"
		case l.goal != "":
			verdict = "MISSED"
			missed = append(missed, l.what+": "+l.figure+" (goal "+l.goal+")")
		}
		fmt.Fprintf(&b, "%-61s %-64s %-24s %s\n", l.what, l.figure, l.goal, verdict)
	}
	if missed == nil {
		return b.String() + "\nevery goal is met\n"
	}
	return b.String() + "\nmissed:\n  " + strings.Join(missed, "\n  ") + "\n"
}

func TestTheReportNamesWhatWasMissed(t *testing.T) {
	var r report
	slow, fast := run{ops: 10, elapsed: time.Second, cpu: 3 * time.Millisecond}, run{ops: 30, elapsed: time.Second, cpu: time.Millisecond}
	r.pair("P1 read", series{slow}, series{fast}, aim{0.5, 2})
	r.pair("P2 write", series{fast}, series{slow}, aim{least: 0.7})
	out := r.String()
	if !strings.Contains(out, "missed:\n  P1 read: product / floor: 33 %, CPU 3.00x") || strings.Contains(out, "  P2") || strings.Contains(out, "every goal") {
		t.Error(out)
	}
}
