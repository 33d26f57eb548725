package printout

import (
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Speaker says the words of a form in one language.
type Speaker interface {
	T(key string, pairs ...any) string
	Lang() i18n.Lang
}

// Mark makes a form checkable: the code people read out and the content of the
// QR code. A form without one says nothing about how to check it.
type Mark struct {
	Code, Token string
}

// Patient is what the forms say about the person. Numbers come masked; whoever
// may not see a value leaves it empty.
type Patient struct {
	Name, Sex, Age, Document, Phone, Address, Category    string
	CaseNo, Diagnosis, Plan, Hospital, Surgeon, LeftOnDay string
}

// Line is one layer of the bill on paper.
type Line struct {
	Name, Basis  string
	Amount, Left money.Fen
}

// Lines are the layers of a settlement in the order of the paper, with what is
// left of the bill after each. The patient's own share follows as a line of its
// own; what nobody else paid is left out.
func Lines(say Speaker, sum fee.Settlement, basis map[string]string) []Line {
	left := sum.Bill
	var out []Line
	for _, l := range sum.Layers() {
		if l.Name == "net" || l.Name == "other" && l.Amount == 0 {
			continue
		}
		amount := l.Amount
		if l.Name != "bill" {
			left -= l.Amount
			amount = -l.Amount
		}
		out = append(out, Line{say.T(l.Label()), basis[l.Name], amount, left})
	}
	return out
}

// Common is what every form has.
type Common struct {
	Mark
	Patient
	Day   string // of the paper
	By    string // who printed
	At    string // when
	Made  time.Time
	Sum   fee.Settlement
	Basis map[string]string // what each layer rests on, by its name
}

// Approval is the application for a reduction with its decision (减免审批表).
type Approval struct {
	Common
	Reason, Requester         string
	State                     string // in words
	Approved                  money.Fen
	Opinion, Decider, Decided string
	Vouchers                  string
}

// Settlement is the statement the patient gets (费用结算单).
type Settlement struct {
	Common
	State    string // in words; empty for a settlement that stands
	Funders  []Funder
	Settler  string
	Admitted string
}

// Funder is who took over how much.
type Funder struct {
	Name, Voucher string
	Amount        money.Fen
}

// Estimate is the slip of what a treatment will probably cost (费用预估单).
type Estimate struct {
	Common
	Valid string // until which day; empty: not said
	Notes []string
}

func label(text string) Cell        { return Cell{Text: text, Head: true, Width: 2} }
func value(text string, w int) Cell { return Cell{Text: text, Width: w} }

// frame is what all forms share.
func frame(say Speaker, c Common, title string) Form {
	f := Form{Title: say.T(title), Left: say.T("app.name") + " " + say.T("app.tagline"), Token: c.Token, Made: c.Made,
		Notes:  []string{say.T("funding.print.unit", "hospital", c.Hospital), say.T("funding.print.date", "day", c.Day), say.T("funding.print.yuan")},
		Bottom: []string{c.By, say.T("funding.print.at", "at", c.At)},
		Pages:  func(page, of int) string { return say.T("paper.page", "n", page, "of", of) },
		Rare:   func(list string) string { return say.T("paper.rare", "list", list) }}
	if c.CaseNo != "" {
		f.Left += "　" + say.T("funding.print.no", "no", c.CaseNo)
	}
	if c.Token != "" {
		f.Code, f.How = say.T("paper.code", "code", c.Code), say.T("paper.how")
	}
	return f
}

func (p Patient) rows(say Speaker) []Row {
	row := func(left, wide, right, narrow string) Row {
		return Row{label(say.T(left)), value(wide, 8), label(say.T(right)), value(narrow, 4)}
	}
	out := []Row{row("funding.patient", p.Name, "paper.sex_age", strings.TrimSpace(p.Sex+" "+p.Age))}
	if p.Document+p.Phone != "" { // a slip of before the admission has no boxes nobody can fill in
		out = append(out, row("funding.print.document", p.Document, "funding.print.phone", p.Phone))
	}
	return append(out, row("funding.print.address", p.Address, "funding.category", p.Category),
		row("funding.print.diagnosis", p.Diagnosis, "funding.treatment", p.Plan), row("funding.hospital", p.Hospital, "funding.print.surgeon", p.Surgeon))
}

func amount(text string) Cell { return Cell{Text: text, Width: 3, Right: true} }

// sums is the table of the layers, with the patient's share in figures and words.
func sums(say Speaker, c Common) []Row {
	head := func(key string, w int, right bool) Cell {
		return Cell{Text: say.T(key), Width: w, Head: true, Right: right}
	}
	rows := []Row{{head("funding.print.row", 1, false), head("funding.layer", 3, false), head("funding.basis", 5, false),
		head("funding.print.amount", 3, true), head("funding.print.left", 3, true)}}
	for i, l := range Lines(say, c.Sum, c.Basis) {
		rows = append(rows, Row{value(strconv.Itoa(i+1), 1), value(l.Name, 3), value(l.Basis, 5), amount(l.Amount.String()), amount(l.Left.String())})
	}
	net := c.Sum.Net.String()
	return append(rows,
		Row{{Text: say.T("funding.print.net", "text", Capital(say, c.Sum.Net)), Width: 9, Bold: true}, {Text: net, Width: 3, Bold: true, Right: true}, {Text: net, Width: 3, Bold: true, Right: true}},
		Row{{Text: say.T("funding.print.sum", "amount", c.Sum.Reduction(), "text", Capital(say, c.Sum.Reduction())), Bold: true}})
}

// ApprovalForm lays out the application. A long reason has the width of the
// page, and as many lines as it needs.
func ApprovalForm(say Speaker, a Approval) Form {
	f := frame(say, a.Common, "funding.print.title")
	decision := strings.TrimSpace(a.State + " " + yuan(say, a.Approved) + " " + a.Opinion)
	decided := strings.TrimSpace(a.Decided + " " + say.T("funding.print.seal"))
	if a.Decider != "" {
		decided = say.T("funding.print.decided", "name", a.Decider) + " " + decided
	}
	f.Tables = [][]Row{
		append(a.rows(say), Row{label(say.T("funding.discharged")), value(a.LeftOnDay, 14)}),
		sums(say, a.Common),
		{
			{label(say.T("funding.print.desk")), value(a.Reason+"\n"+say.T("funding.print.handled", "name", a.Requester)+" "+a.Day, 14)},
			{label(say.T("funding.print.office")), {Text: decision + "\n" + decided, Width: 14, Tall: 3}},
			{label(say.T("funding.print.family")), {Text: say.T("funding.print.explained") + "\n\n" + say.T("funding.print.signature"), Width: 14, Tall: 3}},
		},
	}
	f.Foot = say.T("funding.print.note.before")
	if a.Vouchers != "" {
		f.Foot = say.T("funding.print.note", "vouchers", a.Vouchers)
	}
	return f
}

// SettlementForm lays out the statement.
func SettlementForm(say Speaker, s Settlement) Form {
	f := frame(say, s.Common, "paper.settlement.title")
	stay := append(s.rows(say), Row{label(say.T("paper.admitted")), value(s.Admitted, 8), label(say.T("funding.discharged")), value(s.LeftOnDay, 4)})
	if s.State != "" {
		stay = append(stay, Row{label(say.T("funding.state")), {Text: s.State, Width: 14, Bold: true}})
	}
	funders := []Row{{{Text: say.T("funding.funder"), Width: 6, Head: true}, {Text: say.T("funding.voucher.head"), Width: 3, Head: true},
		{Text: say.T("funding.print.amount"), Width: 3, Head: true, Right: true}}}
	for _, x := range s.Funders {
		funders = append(funders, Row{value(x.Name, 6), value(x.Voucher, 3), amount(x.Amount.String())})
	}
	f.Tables = [][]Row{stay, sums(say, s.Common)}
	if len(s.Funders) > 0 {
		f.Tables = append(f.Tables, funders)
	}
	f.Tables = append(f.Tables, []Row{{label(say.T("funding.print.family")), {Text: say.T("funding.print.explained") + "\n\n" + say.T("funding.print.signature"), Width: 6, Tall: 3},
		label(say.T("paper.settled.by")), {Text: say.T("funding.print.handled", "name", s.Settler) + "\n\n" + say.T("funding.print.seal"), Width: 6, Tall: 3}}})
	f.Foot = say.T("paper.settlement.note")
	return f
}

// EstimateForm lays out the slip. It promises nothing, and says so.
func EstimateForm(say Speaker, e Estimate) Form {
	f := frame(say, e.Common, "paper.estimate.title")
	f.Tables = [][]Row{e.rows(say), sums(say, e.Common)}
	var notes []Row
	if e.Valid != "" {
		notes = append(notes, Row{label(say.T("paper.estimate.valid")), value(e.Valid, 14)})
	}
	for _, text := range e.Notes {
		notes = append(notes, Row{value(text, 1)})
	}
	if len(notes) > 0 {
		f.Tables = append(f.Tables, notes)
	}
	f.Foot = say.T("paper.estimate.note")
	return f
}

func yuan(say Speaker, f money.Fen) string {
	if f == 0 {
		return ""
	}
	return say.T("unit.yuan.amount", "amount", f)
}

// Capital spells an amount the way Chinese papers do, so that no digit can be
// changed with a pen; in other languages the figure with its unit stands there.
func Capital(say Speaker, f money.Fen) string {
	if say.Lang() != i18n.Chinese || f < 0 {
		return say.T("unit.yuan.amount", "amount", f)
	}
	digits := []rune(say.T("funding.capital.digits"))
	out := capitalWhole(digits, []rune(say.T("funding.capital.units")), strconv.FormatInt(int64(f)/100, 10))
	if out == "" {
		out = string(digits[0])
	}
	out += say.T("unit.yuan")
	jiao, fen := int(f%100)/10, int(f%10)
	switch {
	case jiao == 0 && fen == 0:
		return out + say.T("funding.capital.whole")
	case jiao > 0:
		out += string(digits[jiao]) + say.T("funding.capital.jiao")
	default:
		out += string(digits[0])
	}
	if fen > 0 {
		out += string(digits[fen]) + say.T("funding.capital.fen")
	}
	return out
}

// capitalWhole spells the yuan, in groups of four digits.
func capitalWhole(digits, units []rune, whole string) string {
	var out strings.Builder
	zero, section := false, false // a zero waits; something was written in this group of four
	for i, c := range whole {
		place := len(whole) - 1 - i
		if c == '0' {
			zero = true
		} else {
			if zero && out.Len() > 0 {
				out.WriteRune(digits[0])
			}
			zero, section = false, true
			out.WriteRune(digits[c-'0'])
			if place%4 > 0 {
				out.WriteRune(units[place%4-1])
			}
		}
		if place > 0 && place%4 == 0 {
			if section {
				out.WriteRune(units[2+place/4])
			}
			section = false
		}
	}
	return out.String()
}
