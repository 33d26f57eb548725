package money_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/money"
)

func TestParseSpellings(t *testing.T) {
	for in, want := range map[string]money.Fen{"0": 0, "1234.5": 123450, "1,234.50": 123450, "￥12": 1200, "１２．３０": 1230,
		"-0.01": -1, "−3": -300, "0.1万元": 100000, "12元": 1200, ".5": 50, " 7 000 ": 700000} {
		if got, err := money.Parse(in); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for in, want := range map[string]error{"": money.ErrSpelling, "1e5": money.ErrSpelling, "1/3": money.ErrSpelling, "0x10": money.ErrSpelling,
		"1.234": money.ErrFraction, "99999999999999": money.ErrRange, "1.2.3": money.ErrSpelling, "-": money.ErrSpelling} {
		if _, err := money.Parse(in); !errors.Is(err, want) {
			t.Errorf("Parse(%q) error = %v, want %v", in, err, want)
		}
	}
	if f, err := money.ParseUnit("848.000001", money.Wan); err != nil || f != 848000001 {
		t.Errorf("万元 are exact: %d %v", f, err)
	}
}

func TestStringIsReadBack(t *testing.T) {
	if got := money.Fen(-123456789).String(); got != "−1,234,567.89" {
		t.Fatal(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := money.Fen(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "fen"))
		for _, s := range []string{f.String(), f.Plain()} {
			if back, err := money.Parse(s); err != nil || back != f {
				t.Fatalf("%q reads back as %d, %v", s, back, err)
			}
		}
	})
}

func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := money.Fen(rapid.Int64Range(-1e12, 1e12).Draw(t, "total"))
		w := rapid.SliceOfN(rapid.Int64Range(0, 1e9), 1, 8).Draw(t, "weights")
		if got := money.Sum(money.Split(total, w)...); got != total {
			t.Fatalf("parts add up to %d, want %d", got, total)
		}
	})
}

func TestRatesRoundHalfUp(t *testing.T) {
	for _, c := range []struct {
		f    money.Fen
		r    money.BasisPoints
		want money.Fen
	}{{10000, 7000, 7000}, {1, 5000, 1}, {-1, 5000, -1}, {3, 1666, 0}, {100, 10000, 100}} {
		if got := c.r.Of(c.f); got != c.want {
			t.Errorf("%d bp of %d = %d, want %d", c.r, c.f, got, c.want)
		}
	}
}
