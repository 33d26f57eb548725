package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestACataractReductionRestsOnTwoPeoplesReadingsOrOneAndThePhoto(t *testing.T) {
	one, two, day := ident.ID{1}, ident.ID{2}, clock.MustDate(2026, 11, 20)
	left := func(by ident.ID) fund.Sighting { return fund.Sighting{Eye: procedure.Left, On: day, By: by} }
	for name, x := range map[string]struct {
		sight   fund.Sight
		missing fund.Need
		photo   bool
	}{
		"two people":                {fund.Sight{Readings: []fund.Sighting{left(one), left(two)}}, "", false},
		"one person":                {fund.Sight{Readings: []fund.Sighting{left(one)}}, fund.NeedSecond, false},
		"one person twice":          {fund.Sight{Readings: []fund.Sighting{left(one), left(one)}}, fund.NeedSecond, false},
		"one person and the photo":  {fund.Sight{Readings: []fund.Sighting{left(one)}, Photo: true}, "", true},
		"two people and the photo":  {fund.Sight{Readings: []fund.Sighting{left(one), left(two)}, Photo: true}, "", false},
		"only the photo":            {fund.Sight{Photo: true}, fund.NeedReading, false},
		"the other eye":             {fund.Sight{Readings: []fund.Sighting{left(one), {Eye: procedure.Right, On: day, By: two}}}, fund.NeedSecond, false},
		"after the operation":       {fund.Sight{Readings: []fund.Sighting{left(one), left(two)}, Operated: day.AddDays(-1)}, fund.NeedReading, false},
		"on the operation's day":    {fund.Sight{Readings: []fund.Sighting{left(one), left(two)}, Operated: day}, "", false},
		"nothing":                   {fund.Sight{}, fund.NeedReading, false},
		"nothing, in an emergency":  {fund.Sight{Exempt: true}, fund.NeedReading, false},
		"one reading, exempt since": {fund.Sight{Exempt: true, Readings: []fund.Sighting{left(one)}}, fund.NeedSecond, false},
	} {
		x.sight.Eye = procedure.Left
		n := x.sight.Judge()
		if n.Missing != x.missing || n.ByPhoto != x.photo {
			t.Errorf("%s: missing %q, by photo %v", name, n.Missing, n.ByPhoto)
		}
		err := n.Refusal()
		if refused := err != nil; refused != (x.missing != "" && !x.sight.Exempt) {
			t.Errorf("%s: refused with %v", name, err)
		}
		if err != nil && (errs.Of(err).Rule != "fund.necessity" || len(errs.Of(err).Remedy) < 2) {
			t.Errorf("%s: %v does not say what helps", name, err)
		}
	}
	if err := (fund.Sight{}).Judge().Refusal(); errs.Of(err).Fields[0].Path != "eye" {
		t.Errorf("without an eye: %v", err)
	}
}
