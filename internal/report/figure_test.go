package report_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/report"
)

// A sum of some of the cases says of how many in every form; one of all needs nothing
// beside it in a sentence, and who may not know gets no number.
func TestASumSaysOfHowManyItIs(t *testing.T) {
	d, _ := measure.ByID("joint.bill_fen")
	some := measure.Tally{Treatments: 5, Settled: 3, Money: measure.Layers{Bill: 700_00}}
	all := some
	all.Settled = 5
	for _, c := range []struct {
		r        measure.Reading
		row      [4]string
		sentence string
	}{
		{d.FromTally(some, measure.Moment{}), [4]string{"700.00 元", "–", "3", "3/5"}, "700.00 元（结局已知 3/5）"},
		{d.FromTally(all, measure.Moment{}), [4]string{"700.00 元", "–", "5", "5/5"}, "700.00 元"},
		{d.FromTally(measure.Tally{Treatments: 5}, measure.Moment{}), [4]string{"0.00 元", "–", "0", "0/5"}, "0.00 元（结局已知 0/5）"},
		{d.FromTally(some, measure.Moment{}).Uncovered(), [4]string{"700.00 元", "–", "–", "隐藏"}, "700.00 元"},
	} {
		said := report.Say(speaker(t, i18n.Chinese), c.r)
		if said.Row() != c.row || said.String() != c.sentence || said.Short() != c.sentence {
			t.Errorf("%q, %s, %s; want %q, %s", said.Row(), said, said.Short(), c.row, c.sentence)
		}
	}
}
