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
	mark, what, figure, goal string
	met                      bool
}

type report struct {
	head  []string
	lines []line
}

func (r *report) say(format string, args ...any) {
	r.head = append(r.head, fmt.Sprintf(format, args...))
}

// note adds a figure without a goal.
func (r *report) note(mark, what, format string, args ...any) {
	r.lines = append(r.lines, line{mark: mark, what: what, figure: fmt.Sprintf(format, args...)})
}

// goal adds a figure with the goal it has to meet.
func (r *report) goal(met bool, mark, what, goal, format string, args ...any) {
	r.lines = append(r.lines, line{mark, what, fmt.Sprintf(format, args...), goal, met})
}

// pair adds product and floor of one operation and judges their ratio.
func (r *report) pair(mark, what string, product, floor run, least, most float64) {
	r.note(mark, what+": product", "%s", figures(product))
	r.note(mark, what+": floor", "%s", figures(floor))
	if floor.ops == 0 || product.ops == 0 {
		r.goal(false, mark, what+": product / floor", "", "nothing was measured: %v", product.err)
		return
	}
	share, times := product.rate()/floor.rate(), float64(product.cpu)/float64(floor.cpu)
	goal, met := fmt.Sprintf("≥ %.0f %%", 100*least), share >= least
	if most > 0 {
		goal, met = fmt.Sprintf("%s, CPU ≤ %gx", goal, most), met && times <= most
	}
	r.goal(met, mark, what+": product / floor", goal, "%.0f %%, CPU %.2fx", 100*share, times)
}

func figures(x run) string {
	s := fmt.Sprintf("%6.0f /s  p50 %s  p95 %s  CPU %4d µs", x.rate(), ms(x.p50), ms(x.p95), x.cpu.Microseconds())
	if x.failed > 0 {
		s += fmt.Sprintf("  %d failed: %v", x.failed, x.err)
	}
	return s
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

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
		case l.goal != "" || strings.HasPrefix(l.figure, "nothing"):
			verdict = "MISSED"
			missed = append(missed, l.mark+" "+l.what+": "+l.figure+" (goal "+l.goal+")")
		}
		fmt.Fprintf(&b, "%-3s %-46s %-64s %-22s %s\n", l.mark, l.what, l.figure, l.goal, verdict)
	}
	if missed == nil {
		return b.String() + "\nevery goal is met\n"
	}
	return b.String() + "\nmissed:\n  " + strings.Join(missed, "\n  ") + "\n"
}

func TestTheReportNamesWhatWasMissed(t *testing.T) {
	var r report
	slow, fast := run{ops: 10, elapsed: time.Second, cpu: 3 * time.Millisecond}, run{ops: 30, elapsed: time.Second, cpu: time.Millisecond}
	r.pair("P1", "read", slow, fast, 0.5, 2)
	r.pair("P2", "write", fast, slow, 0.7, 0)
	out := r.String()
	if !strings.Contains(out, "missed:\n  P1 read: product / floor: 33 %, CPU 3.00x") || strings.Contains(out, "  P2") || strings.Contains(out, "every goal") {
		t.Error(out)
	}
}
