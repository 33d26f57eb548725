package fund_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestEveryConditionOfAnEarmarkIsNamed(t *testing.T) {
	here, elsewhere := ident.New(), ident.New()
	want := fund.Asked{Programme: procedure.Joint, Hospital: here, Category: terminology.CategoryDB, On: clock.MustDate(2026, 6, 1), Amount: 200}
	open := fund.Earmark{Kind: fund.Pool, From: clock.MustDate(2026, 1, 1)}
	for name, c := range map[string]struct {
		change func(*fund.Earmark)
		why    []fund.Reason
	}{
		"nothing bound":          {func(*fund.Earmark) {}, nil},
		"an old ledger":          {func(e *fund.Earmark) { e.Kind = fund.History }, []fund.Reason{fund.WhyHistory}},
		"closed":                 {func(e *fund.Earmark) { e.Closed = true }, []fund.Reason{fund.WhyClosed}},
		"another programme":      {func(e *fund.Earmark) { e.Programme = procedure.Cataract }, []fund.Reason{fund.WhyProgramme}},
		"another hospital":       {func(e *fund.Earmark) { e.Hospitals = []ident.ID{elsewhere} }, []fund.Reason{fund.WhyHospital}},
		"this hospital":          {func(e *fund.Earmark) { e.Hospitals = []ident.ID{elsewhere, here} }, nil},
		"another category":       {func(e *fund.Earmark) { e.Categories = []terminology.Category{terminology.CategoryYB} }, []fund.Reason{fund.WhyCategory}},
		"not yet":                {func(e *fund.Earmark) { e.From = clock.MustDate(2026, 6, 2) }, []fund.Reason{fund.WhyPeriod}},
		"not any more":           {func(e *fund.Earmark) { e.To = clock.MustDate(2026, 5, 31) }, []fund.Reason{fund.WhyPeriod}},
		"the last day":           {func(e *fund.Earmark) { e.To = clock.MustDate(2026, 6, 1) }, nil},
		"two conditions at once": {func(e *fund.Earmark) { e.Programme, e.Closed = procedure.Cataract, true }, []fund.Reason{fund.WhyClosed, fund.WhyProgramme}},
	} {
		e := open
		c.change(&e)
		if got := e.WhyNot(want); !slices.Equal(got, c.why) {
			t.Errorf("%s: %v, want %v", name, got, c.why)
		}
	}
	if got := open.Judge(want, 199); !slices.Equal(got, []fund.Reason{fund.WhyBalance}) {
		t.Errorf("one fen short: %v", got)
	}
	if got := open.Judge(want, 200); len(got) != 0 {
		t.Errorf("covered: %v", got)
	}
}

func TestAnAppealIsDecidedByAThirdPerson(t *testing.T) {
	a := fund.Appeal{Reason: "有新证明", Filer: ident.New(), Refuser: ident.New(), DueOn: clock.MustDate(2026, 6, 1)}
	if _, err := fund.File(fund.ApprovalReturned, a); errs.Of(err).Rule != "fund.appeal_refusal" {
		t.Errorf("against a return: %v", err)
	}
	a, err := fund.File(fund.ApprovalRefused, a)
	if err != nil {
		t.Fatal(err)
	}
	if a.Overdue(a.DueOn) || !a.Overdue(a.DueOn.AddDays(1)) {
		t.Error("the clock is wrong by a day")
	}
	for _, by := range []ident.ID{a.Filer, a.Refuser} {
		if _, err := a.Answer(fund.AppealGranted, by, "同意"); errs.Of(err).Rule != "fund.four_eyes" {
			t.Errorf("decided by a party: %v", err)
		}
	}
	if _, err := a.Answer(fund.AppealGranted, ident.New(), ""); !errs.Of(err).Fields.Has("opinion") {
		t.Errorf("without an opinion: %v", err)
	}
	done, err := a.Answer(fund.AppealRejected, ident.New(), "材料不足")
	if err != nil || done.State != fund.AppealRejected {
		t.Errorf("%v, %v", done.State, err)
	}
	if _, err := done.Answer(fund.AppealGranted, ident.New(), "同意"); errs.Of(err).Rule != "fund.appeal_once" {
		t.Errorf("twice: %v", err)
	}
}
