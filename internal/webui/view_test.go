package webui

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/money"
)

// toBP reads a written percentage back.
func toBP(t testing.TB, s string) int {
	var whole, part int
	if _, err := fmt.Sscanf(s, "%d.%d%%", &whole, &part); err != nil {
		t.Fatalf("width %q: %v", s, err)
	}
	return whole*100 + part
}

func TestBarFillsTheWidthAndShowsEveryShare(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(-5, 900_000_000), 0, 8).Draw(rt, "amounts")
		var parts []BarPart
		positive := 0
		for _, a := range amounts {
			parts = append(parts, BarPart{Class: "fund", Amount: money.Fen(a)})
			if a > 0 {
				positive++
			}
		}
		got := segments(parts, leastFund)
		if len(got) != positive {
			rt.Fatalf("%d pieces for %d amounts", len(got), positive)
		}
		at := 0
		for _, s := range got {
			if toBP(t, s.X) != at || toBP(t, s.W) < leastFund {
				rt.Fatalf("piece %+v does not start at %d or is too thin to see", s, at)
			}
			at += toBP(t, s.W)
		}
		if positive > 0 && at != 10_000 {
			rt.Fatalf("the bar is %d of 10,000 wide", at)
		}
	})
}

func TestStripSaysBalancedOnlyToTheFen(t *testing.T) {
	s := Strip{Bill: 100, Shares: []Share{{Layer: LayerBasic, Amount: 60}, {Layer: LayerSelf, Amount: 40}}}
	if !s.Balanced() || s.Off() != 0 {
		t.Error("a strip that adds up is not balanced")
	}
	s.Shares[1].Amount++
	if s.Balanced() || s.Off() != -1 {
		t.Errorf("a fen too much is off by %s", s.Off())
	}
	if got := s.Segments(); len(got) != 2 || got[0].Class != "basic" {
		t.Errorf("segments %+v", got)
	}
}

func TestCoverageNeverLeavesItsBar(t *testing.T) {
	for _, c := range []struct {
		have, want int
		share      string
	}{{0, 0, "0%"}, {1, 3, "33.33%"}, {3, 3, "100.00%"}, {5, 3, "100.00%"}} {
		if got := (Coverage{Have: c.have, Want: c.want}).Share(); got != c.share {
			t.Errorf("%d/%d drawn as %s, want %s", c.have, c.want, got, c.share)
		}
	}
}

func TestChecksPutFailuresFirst(t *testing.T) {
	c := Checks{Items: []Check{{State: "ok", Text: "1"}, {State: "error", Text: "2"}, {State: "warn", Text: "3"}, {State: "ok", Text: "4"}}}
	var order []string
	for _, it := range c.Sorted() {
		order = append(order, it.Text)
	}
	if got := strings.Join(order, ""); got != "2314" {
		t.Errorf("order %s, want 2314", got)
	}
}

func TestPagerKeepsFiltersAndDropsTheCursorForTheFirstPage(t *testing.T) {
	u, _ := url.Parse("/patients?q=lns&after=OLD")
	p := NewPager(u, "NEW", "1–50")
	if p.First != "/patients?q=lns" || p.Next != "/patients?after=NEW&q=lns" {
		t.Errorf("pager %+v", p)
	}
	u, _ = url.Parse("/patients")
	if NewPager(u, "", "") != nil {
		t.Error("one page needs no pager")
	}
	if got := NewPager(u, "", "共 3 条"); got == nil || got.Next != "" || got.First != "" {
		t.Errorf("a short list says its length: %+v", got)
	}
	u, _ = url.Parse("/patients?q=x&after=OLD&sort=name")
	if got := SortURL(u, "date"); got != "/patients?q=x&sort=date" {
		t.Errorf("sorting starts at %s", got)
	}
}

func TestColumnsAlignNumbersRight(t *testing.T) {
	tb := Table{Columns: []Column{{}, {Align: "right", Class: "narrow"}, {Align: "centre"}}}
	for i, want := range []string{"", "narrow num", " mid", ""} {
		if got := tb.Align(i); got != want {
			t.Errorf("column %d has class %q, want %q", i, got, want)
		}
	}
}

func TestButtonsSayWhatTheyAre(t *testing.T) {
	for want, b := range map[string]Button{"btn": {}, "btn btn-primary": {Kind: "primary"}, "btn btn-danger btn-small": {Kind: "danger", Small: true},
		"btn wide-only": {Wide: true}, "btn btn-text": {Kind: "text"}} {
		if got := b.Class(); got != want {
			t.Errorf("%+v has class %q, want %q", b, got, want)
		}
	}
}

func TestGlyphsFollowTheKind(t *testing.T) {
	if (Alert{Kind: "ok"}).Glyph() != "check-circle" || (Alert{Kind: "warn"}).Glyph() != "warning" || (Alert{}).Glyph() != "cross-circle" || (Alert{Icon: "copy"}).Glyph() != "copy" {
		t.Error("an alert wears the wrong icon")
	}
	if (Check{State: "ok"}).Glyph() != "check" || (Check{State: "warn"}).Glyph() != "warning" || (Check{State: "error"}).Glyph() != "cross-circle" {
		t.Error("a check wears the wrong icon")
	}
}

func TestTheLineCrossesWhereTheSideChanges(t *testing.T) {
	got := lanes([]Event{{Side: Mountain}, {Side: Sea}, {Side: Sea}, {}})
	var crossed []bool
	for _, e := range got {
		crossed = append(crossed, e.Cross)
	}
	if fmt.Sprint(crossed) != "[false true false true]" || !got[0].First || !got[3].Last || got[1].Lane == got[0].Lane {
		t.Errorf("lanes %+v", got)
	}
}
