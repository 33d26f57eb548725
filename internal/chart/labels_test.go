package chart

import (
	"slices"
	"testing"
)

func TestAWideLabelIsBrokenBeforeItIsShortened(t *testing.T) {
	for _, c := range []struct {
		name  string
		width float64
		want  []string
	}{
		{"Bill", 80, []string{"Bill"}},
		{"Medical assistance", 80, []string{"Medical", "assistance"}},
		{"Critical-illness", 80, []string{"Critical-", "illness"}},
		{"Hospital waiver of the year", 80, []string{"Hospital", "waiver of …"}},
		{"资金池减免", 48, []string{"资金池…"}},
	} {
		if got := twoLines(c.name, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%s in %.0f: %q, want %q", c.name, c.width, got, c.want)
		}
	}
}
