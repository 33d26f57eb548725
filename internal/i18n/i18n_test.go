package i18n_test

import (
	"testing"
	"testing/fstest"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

func catalogue(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(fstest.MapFS{
		"zh-CN/a.json": {Data: []byte(`{"fund.short":"只剩 {left} 元（{state}）","rows":"{n} 行","state.open":"开放"}`)},
		"en/a.json":    {Data: []byte(`{"fund.short":"only {left} yuan left ({state})","rows":"{n} rows","rows#one":"{n} row","state.open":"open"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSentencesInBothLanguages(t *testing.T) {
	c := catalogue(t)
	args := errs.Args{"left": money.Fen(1760000), "state": errs.Key("state.open")}
	if got := c.Printer(i18n.Chinese).Say("fund.short", args); got != "只剩 17,600.00 元（开放）" {
		t.Error(got)
	}
	if got := c.Printer(i18n.English).Error(errs.New(errs.Precondition, "fund.short", args)); got != "only 17,600.00 yuan left (open)" {
		t.Error(got)
	}
	if got := c.Printer(i18n.English).T("rows", "n", 1); got != "1 row" {
		t.Error(got)
	}
	if got := c.Printer(i18n.English).T("no.such.key"); got != "no.such.key" {
		t.Error("a missing key must be seen:", got)
	}
}

func TestDates(t *testing.T) {
	d := clock.MustDate(2026, 11, 23)
	c := catalogue(t)
	if got := c.Printer(i18n.Chinese).DateWeekday(d); got != "2026年11月23日 周一" {
		t.Error(got)
	}
	if got := c.Printer(i18n.English).Date(d); got != "23 Nov 2026" {
		t.Error(got)
	}
}

func TestAKeyDefinedTwiceIsRefused(t *testing.T) {
	_, err := i18n.Load(fstest.MapFS{"zh-CN/a.json": {Data: []byte(`{"x":"1"}`)}, "zh-CN/b.json": {Data: []byte(`{"x":"2"}`)}})
	if err == nil {
		t.Fatal("want an error")
	}
}
