package seal

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// codes are the key characters of a sheet, without their checks.
func codes(sheet string) []string {
	var out []string
	for _, m := range paperLine.FindAllStringSubmatch(sheet, -1) {
		out = append(out, m[3]+m[4])
	}
	return out
}

func TestTwoHalvesAreTheRingAndOneIsNothing(t *testing.T) {
	k := fixedRing(2)
	one, two := k.Half(1), k.Half(2)
	for name, text := range map[string]string{"in order": one + two, "the other way round": "typed at the desk\n" + two + "\n" + one} {
		got, err := ParsePaper(text)
		if err != nil || got.Paper() != k.Paper() {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := strings.Join(codes(k.Paper()), " ")
	for sheet, text := range map[int]string{1: one, 2: two} {
		if e := errs.Of(second(ParsePaper(text))); e.Key != "error.key.half_missing" || e.Args["sheet"] != 3-sheet {
			t.Errorf("half %d alone: %v", sheet, e)
		}
		for _, c := range codes(text)[:2*paperLines] {
			if strings.Contains(whole, c) {
				t.Errorf("half %d shows %s of the ring", sheet, c)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestHalvesOfDifferentRingsAndMistypedOnesAreRefused(t *testing.T) {
	k, other := fixedRing(2), fixedRing(1)
	one, two := k.Half(1), k.Half(2)
	for name, c := range map[string]struct{ text, key string }{
		"of another ring":               {one + other.Half(2), "error.key.half_other"},
		"the same twice":                {one + one, "error.key.half_missing"},
		"a line missing":                {one + two[:len(two)-20], "error.key.paper_incomplete"},
		"a key missing":                 {one + strings.Join(strings.SplitAfter(two, "\n")[:1+paperLines], ""), "error.key.paper_fingerprint"},
		"lines of one in the other":     {one + strings.SplitAfter(two, "\n")[0] + strings.SplitAfterN(one, "\n", 2)[1], "error.key.paper_line"},
		"a half with the title of none": {strings.Replace(one, " 1 "+k.sheetFingerprint(1), "", 1), "error.key.paper_title"},
	} {
		if err := second(ParsePaper(c.text)); errs.Of(err).Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPaperCopyInHalvesCountsWhenTwoHoldersHaveThem(t *testing.T) {
	dir, k := created(t)
	confirm := func(sheet int, holder, key string) {
		t.Helper()
		if _, err := k.Confirm(dir, strings.ToLower(k.sheetFingerprint(sheet)), holder); err == nil && key != "" || err != nil && errs.Of(err).Key != key {
			t.Errorf("half %d held by %q: %v, want %q", sheet, holder, err, key)
		}
	}
	confirm(1, " ", "error.key.half_holder")
	confirm(1, "县医院  院办", "")
	confirm(2, "县医院 院办", "error.key.half_same")
	if k.Confirmed(dir) {
		t.Fatal("one half counts as a copy")
	}
	confirm(2, "帮扶办", "")
	if got := k.Holdings(dir); !k.Confirmed(dir) || len(got) != 2 || got[0] != (Holding{1, "县医院 院办"}) || got[1] != (Holding{2, "帮扶办"}) {
		t.Errorf("held: %v", got)
	}
	confirm(2, "县卫健局", "") // handed on
	if got := k.Holdings(dir); len(got) != 2 || got[1].Holder != "县卫健局" {
		t.Errorf("after handing on: %v", got)
	}
	now, err := Rotate(dir, clock.System{})
	if err != nil || now.Confirmed(dir) || len(now.Holdings(dir)) != 0 {
		t.Errorf("halves of the ring before count for the new one: %v", err)
	}
}
