package insurer

import (
	"fmt"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Problem is what is wrong with a cell of a row, as a sentence.
type Problem struct {
	Column Column            `json:"column"`
	Key    string            `json:"key"`
	Args   map[string]string `json:"args"` // as they are read; amounts in yuan
}

// Say are the arguments of the sentence.
func (p Problem) Say() errs.Args {
	out := errs.Args{}
	for k, v := range p.Args {
		out[k] = v
	}
	return out
}

// problem makes the arguments readable, so that they can be stored.
func problem(c Column, key string, args errs.Args) Problem {
	p := Problem{c, key, map[string]string{}}
	for k, v := range args {
		p.Args[k] = fmt.Sprint(v)
	}
	return p
}

// Row is one settlement of the sheet.
type Row struct {
	No          int // of the file
	Settlement  string
	CaseNo      string
	AdmissionNo string
	Tail        string // the last four of the identity number; the rest is not kept
	Admitted    clock.Date
	Discharged  clock.Date
	SettledOn   clock.Date
	Amounts     Amounts
	Problems    []Problem
	Drifts      []Drift // within the tolerance: told, not refused
}

func (r *Row) wrong(c Column, key string, args errs.Args) {
	r.Problems = append(r.Problems, problem(c, key, args))
}

// Cell is one cell as the file has it; a day serial has become a day already.
type Cell struct {
	Text string
	Day  clock.Date
}

// maxText is the longest number of a settlement, a case or an admission.
const maxText = 60

// Read makes a row of its cells. Every cell that is wrong is named; the others
// are kept.
func Read(no int, cells map[Column]Cell, today clock.Date) Row {
	r := Row{No: no, Amounts: Amounts{}}
	for _, c := range Columns() {
		cell, ok := cells[c]
		text := strings.TrimSpace(cell.Text)
		if !ok || text == "" {
			continue
		}
		switch {
		case c.Amount():
			r.amount(c, text)
		case c == Admitted || c == Discharged || c == SettledOn:
			r.day(c, cell, today)
		case len([]rune(text)) > maxText:
			r.wrong(c, "error.insurer.long", errs.Args{"max": maxText})
		default:
			r.text(c, text)
		}
	}
	if r.Settlement == "" {
		r.wrong(SettlementNo, "error.insurer.no_number", nil)
	}
	for _, c := range []Column{Bill, Basic, Cash} {
		if _, ok := r.Amounts[c]; !ok && !r.wrongAt(c) {
			r.wrong(c, "error.insurer.no_amount", nil)
		}
	}
	if len(r.Problems) == 0 {
		r.reconcile()
	}
	return r
}

func (r *Row) wrongAt(c Column) bool {
	for _, p := range r.Problems {
		if p.Column == c {
			return true
		}
	}
	return false
}

func (r *Row) text(c Column, text string) {
	switch c {
	case SettlementNo:
		r.Settlement = text
	case CaseNo:
		r.CaseNo = strings.ToUpper(text)
	case AdmissionNo:
		r.AdmissionNo = text
	case IdentityNo:
		if n := len([]rune(text)); n < 4 {
			r.wrong(c, "error.insurer.identity", nil)
			return
		}
		letters := []rune(strings.ToUpper(text))
		r.Tail = string(letters[len(letters)-4:])
	}
}

func (r *Row) amount(c Column, text string) {
	fen, err := money.Parse(text)
	switch {
	case err != nil:
		r.wrong(c, "error.insurer.amount", errs.Args{"text": text})
	case fen < 0:
		r.wrong(c, "error.fee.negative", nil)
	case fen > money.Max:
		r.wrong(c, "error.fee.too_large", errs.Args{"max": money.Max})
	default:
		r.Amounts[c] = fen
	}
}

func (r *Row) day(c Column, cell Cell, today clock.Date) {
	d := cell.Day
	if d.IsZero() {
		var err error
		text, _, _ := strings.Cut(strings.TrimSpace(cell.Text), " ") // the hour does not matter
		if d, err = clock.ParseSpelling(text, today); err != nil {
			r.wrong(c, "error.insurer.day", errs.Args{"text": cell.Text})
			return
		}
	}
	if d.After(today) {
		r.wrong(c, "error.insurer.future", nil)
		return
	}
	switch c {
	case Admitted:
		r.Admitted = d
	case Discharged:
		r.Discharged = d
	case SettledOn:
		r.SettledOn = d
	}
}

// Drift is a sum of the sheet that does not come out.
type Drift struct {
	Rule   string    `json:"rule"` // "scope", "funds", "bill", "person"
	Column Column    `json:"column"`
	Sum    money.Fen `json:"sum_fen"`
	Stated money.Fen `json:"stated_fen"`
}

// By is how much is stated too much.
func (d Drift) By() money.Fen { return d.Stated - d.Sum }

// Key is the message key of the drift.
func (d Drift) Key() string { return "insurer.drift." + d.Rule }

// Args are the arguments of the sentence.
func (d Drift) Args() errs.Args {
	return errs.Args{"sum": d.Sum, "stated": d.Stated, "by": d.By()}
}

// Tolerance is by how much sums of a sheet may be off: each amount was rounded to
// the fen by itself.
const Tolerance = money.Fen(1)

// reconcile holds the row to the sums of the interface. A sum is judged when the
// sheet has both of its sides.
func (r *Row) reconcile() {
	a := r.Amounts
	sum := func(cs ...Column) (out money.Fen) {
		for _, c := range cs {
			out += a[c]
		}
		return out
	}
	check := func(rule string, stated Column, sums ...money.Fen) {
		want, has := a[stated]
		if !has {
			return
		}
		best := Drift{rule, stated, sums[0], want}
		for _, s := range sums {
			if d := (Drift{rule, stated, s, want}); abs(d.By()) < abs(best.By()) {
				best = d
			}
		}
		switch by := abs(best.By()); {
		case by > Tolerance:
			r.Problems = append(r.Problems, problem(stated, "error.insurer.drift."+rule, best.Args()))
		case by > 0:
			r.Drifts = append(r.Drifts, best)
		}
	}
	if _, ok := a[Scope]; ok {
		check("scope", Bill, sum(Scope, Outside, OverLimit, FirstPay))
	}
	funds := sum(Basic, Civil, Enterprise, Critical, LargeSum, Assistance, OtherPay)
	check("funds", Funds, funds, funds+a[HospitalPay]) // some regions count the hospital's part
	if _, ok := a[Person]; ok {
		if _, ok := a[Funds]; ok {
			check("bill", Bill, sum(Funds, Person), sum(Funds, Person, HospitalPay))
		}
		check("person", Person, sum(Account, Cash), sum(Account, Cash, Mutual))
	}
	if payers := sum(Basic, Critical, LargeSum, Assistance, Cash); payers > a[Bill] {
		r.wrong(Bill, "error.fee.payers_exceed_bill", errs.Args{"bill": a[Bill], "payers": payers, "difference": payers - a[Bill]})
	}
	if _, ok := a[Scope]; ok && a[Deductible] > a[Scope] {
		r.wrong(Deductible, "error.insurer.deductible_above_scope", errs.Args{"deductible": a[Deductible], "scope": a[Scope]})
	}
}

func abs(f money.Fen) money.Fen {
	if f < 0 {
		return -f
	}
	return f
}

// Settlement is the bill and the insurers of the row, before any reduction: what
// the person owes in cash is the net. Whatever is neither one of the three public
// layers nor cash (personal account, other payers) stands as other.
func (a Amounts) Settlement() fee.Settlement {
	s := fee.Settlement{Bill: a[Bill], Basic: a[Basic], Critical: a[Critical] + a[LargeSum], Assistance: a[Assistance], Net: a[Cash]}
	s.Other = s.Bill - s.Insurance() - s.Net
	return s
}

// Figures are what the row says of the account of basic insurance.
func (a Amounts) Figures() fee.Figures {
	scope, known := a[Scope]
	return fee.Figures{Known: known, Scope: scope, Deductible: a[Deductible]}
}

// Refused is the problem of a row that was refused when it was applied.
func Refused(e *errs.Error) Problem {
	if len(e.Fields) > 0 {
		return problem(SettlementNo, string(e.Fields[0].Key), e.Fields[0].Args)
	}
	return problem(SettlementNo, string(e.Key), e.Args)
}
