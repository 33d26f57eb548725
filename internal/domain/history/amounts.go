package history

import (
	"errors"
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// sums are the amounts of one row, by field.
type sums [fieldCount]amount

func (s *sums) fen(f Field) money.Fen { return s[f].fen }

func (s *sums) has(fields ...Field) bool {
	for _, f := range fields {
		if s[f].present {
			return true
		}
	}
	return false
}

// amounts reads the bill and who paid it. Fee cells that reach down from a row
// above belong to that row's treatment and are not read again.
func (r *reading) amounts() {
	rec := r.r
	own, above := false, 0
	for f := FieldTotal; f <= FieldNet; f++ {
		own = own || rec.own[f]
		if rec.cols[f] >= 0 && rec.from[f] != 0 {
			above = rec.from[f]
		}
	}
	if !own {
		r.shared = above
		return
	}
	var s sums
	for f := FieldTotal; f <= FieldNet; f++ {
		if rec.own[f] && rec.present[f] && !r.amount(&s, f) {
			own = false
		}
	}
	if own {
		r.settle(&s)
	}
}

// amount reads one field; false means that the row's sums say nothing.
func (r *reading) amount(s *sums, f Field) bool {
	a, err := r.parseAmount(r.r.cells[f], r.r.block.column(f).Unit)
	switch {
	case errors.Is(err, money.ErrRange):
		r.wrong("history.row.amount_range", f, nil)
	case err != nil:
		r.wrong("history.row.amount_unreadable", f, errs.Args{"text": r.textOf(f)})
	case a.fen < 0:
		r.wrong("history.row.amount_negative", f, errs.Args{"amount": a.fen})
	default:
		if a.rounded {
			r.warn("history.row.amount_rounded", f)
		}
		s[f] = a
		return true
	}
	return false
}

// settle turns the amounts into a settlement and checks that it adds up. What a
// ledger has no column for is worked out from the rest; what it has a column
// for must agree to the fen.
func (r *reading) settle(s *sums) {
	block := r.r.block
	if !s.has(FieldTotal, FieldBasic, FieldCritical, FieldAssistance, FieldInsurance, FieldOther, FieldReduction, FieldReductionFund,
		FieldReductionHospital, FieldNet) {
		return
	}
	m := Money{Known: true, Total: s.fen(FieldTotal), Basic: s.fen(FieldBasic), Critical: s.fen(FieldCritical),
		Assistance: s.fen(FieldAssistance), Other: s.fen(FieldOther), ReductionFund: s.fen(FieldReductionFund),
		ReductionHospital: s.fen(FieldReductionHospital), Net: s.fen(FieldNet)}
	r.insurance(s, &m)
	r.reduction(s, &m)
	switch {
	case !s.has(FieldTotal) && !block.Has(FieldTotal):
		m.Total = m.Payers() + m.Net
	case !s.has(FieldNet) && !block.Has(FieldNet):
		m.Net = m.Total - m.Payers()
		if m.Net < 0 {
			r.wrong("history.row.overpaid", FieldTotal, errs.Args{"total": m.Total, "sum": m.Payers(), "difference": -m.Net})
		}
	case m.Total != m.Payers()+m.Net:
		sum := m.Payers() + m.Net
		r.wrong("history.row.unbalanced", FieldTotal, errs.Args{"total": m.Total, "sum": sum, "difference": max(m.Total-sum, sum-m.Total)})
	}
	r.money = m
}

// insurance brings together the layers and their sum. A sum without layers
// counts as basic insurance, which the sheet is told once.
func (r *reading) insurance(s *sums, m *Money) {
	if !s.has(FieldInsurance) {
		return
	}
	sum := s.fen(FieldInsurance)
	switch layers := m.Insurance(); {
	case !s.has(FieldBasic, FieldCritical, FieldAssistance):
		m.Basic = sum
		r.once("history.row.insurance_unsplit")
	case !r.r.block.Has(FieldBasic):
		m.Basic = r.basic(s, *m)
	case sum != layers && sum != m.Basic+m.Critical:
		// The sum may leave the medical assistance out: it is no insurance by name.
		r.say(LevelWarning, "history.row.insurance_differs", FieldInsurance, errs.Args{"sum": sum, "parts": layers})
	}
}

// basic works out the first layer of a ledger that names the other layers and
// one more column: that may be all of them together, all but the medical
// assistance, or the first layer under a general name. The bill tells which;
// where it does not, the label does.
func (r *reading) basic(s *sums, m Money) money.Fen {
	sum := s.fen(FieldInsurance)
	rest := m.Total - m.Payers() - m.Net
	candidates := []money.Fen{sum - m.Critical - m.Assistance, sum - m.Critical, sum}
	if s.has(FieldTotal) && (s.has(FieldNet) || r.r.block.Has(FieldNet)) && slices.Contains(candidates, rest) && rest >= 0 {
		return rest
	}
	if candidates[0] >= 0 && anyOf(r.r.block.column(FieldInsurance).Label, "合计|小计|总") {
		return candidates[0]
	}
	return sum
}

// reduction brings together the reduction and its payers. Without a payer it
// goes to the fund, whose origin a steward attributes later.
func (r *reading) reduction(s *sums, m *Money) {
	if !s.has(FieldReduction) {
		return
	}
	sum, parts := s.fen(FieldReduction), m.Reduction()
	switch {
	case sum == parts:
	case !s.has(FieldReductionFund) && sum > m.ReductionHospital:
		m.ReductionFund = sum - m.ReductionHospital
	case !s.has(FieldReductionHospital) && sum > parts && !r.r.block.Has(FieldReductionHospital):
		m.ReductionHospital = sum - m.ReductionFund
	default:
		r.wrong("history.row.reduction_differs", FieldReduction, errs.Args{"sum": sum, "parts": parts})
	}
}
