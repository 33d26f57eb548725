// Package report writes the report of a period: it puts the figures of a snapshot
// into sentences, tables and charts of a document. Nothing is read or counted
// here, so the same snapshot gives the same document in each language.
package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/printout"
)

// Speaker says the words of a report in one language.
type Speaker interface {
	T(key string, pairs ...any) string
}

// hidden stands for a figure that is not shown.
const hidden = "*"

// Compose makes the document of a snapshot; code is what people call it by.
func Compose(say Speaker, s report.Snapshot, code string) printout.Document {
	w := writer{say, s}
	title := w.t("pack.title."+string(s.Period.Kind), "period", s.Period.Label(), "partnership", s.Partnership)
	d := printout.Document{Title: title, Made: s.At, Foot: w.t("pack.foot", "code", code),
		Filing: []string{w.t("filing.unit", "org", s.Unit), w.t("filing.by", "name", s.By), w.t("filing.on", "on", clock.DateOf(s.At.In(clock.Shanghai)))},
		Filters: []string{w.t("pack.covers", "from", s.Period.From, "to", s.Period.To, "programme", w.t(w.programme().NameKey())),
			w.t("pack.as_of", "at", s.At.In(clock.Shanghai).Format("2006-01-02 15:04"), "code", code), w.note()},
		Pages: func(page, of string) string { return w.t("pack.page", "page", page, "of", of) },
		Rare:  func(list string) string { return w.t("pack.rare", "list", list) }}
	d.Blocks = append(d.Blocks, w.summary()...)
	d.Blocks = append(d.Blocks, w.comparison()...)
	d.Blocks = append(d.Blocks, printout.Heading{Level: 1, Text: w.t("pack.h.hospitals")}, w.table(s.Hospitals))
	d.Blocks = append(d.Blocks, printout.Heading{Level: 1, Text: w.t("pack.h.months")}, w.chart(), w.table(s.Months))
	d.Blocks = append(d.Blocks, w.outcomes()...)
	d.Blocks = append(d.Blocks, w.activity()...)
	d.Blocks = append(d.Blocks, printout.Heading{Level: 1, Text: w.t("pack.h.definitions")}, w.definitions(),
		printout.Signatures{Fields: []string{w.t("pack.sign.made"), w.t("pack.sign.checked"), w.t("pack.sign.head")}})
	return d
}

type writer struct {
	say Speaker
	s   report.Snapshot
}

func (w writer) t(key string, pairs ...any) string { return w.say.T(key, pairs...) }

func (w writer) programme() measure.Programme {
	if w.s.Programme == "" {
		return measure.All
	}
	return w.s.Programme
}

// note says what is hidden in the report.
func (w writer) note() string {
	return w.t("disclosure.note."+w.s.Profile, "hide", w.s.Hide, "k", w.s.Hide+1, "round", w.s.Round, "rule", w.s.Rule)
}

// number writes a figure with its thousands apart; amounts in yuan.
func number(n *int64, unit measure.Unit) string {
	if n == nil {
		return hidden
	}
	if unit == measure.Fen {
		return money.Fen(*n).String()
	}
	return count(*n)
}

func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return strings.Replace(text, "-", "−", 1) // as money is signed
}

// figure is a total of a table in words.
func figure(t report.Table, name string) string {
	n, known := t.Figure(name)
	if !known {
		return hidden
	}
	unit := measure.Operations
	if len(name) > 4 && name[len(name)-4:] == "_fen" {
		unit = measure.Fen
	}
	return number(n, unit)
}

// tables are the programmes, and the whole where there is more than one.
func (w writer) tables() []report.Table {
	out := w.s.Programmes
	if len(out) != 1 {
		out = append(append([]report.Table{}, out...), w.s.Hospitals)
	}
	return out
}

// summary quotes the figures of each programme.
func (w writer) summary() []printout.Block {
	out := []printout.Block{printout.Heading{Level: 1, Text: w.t("pack.h.summary")}}
	for _, t := range w.tables() {
		out = append(out, printout.Paragraph{Text: w.t("pack.summary", "programme", w.t(t.Programme().NameKey()), "patients", figure(t, "patients"), "times", figure(t, "person_times"),
			"operations", figure(t, "procedures"), "bill", figure(t, "bill_fen"), "insurance", figure(t, "insurance_fen"), "reduction", figure(t, "reduction_fen"), "net", figure(t, "net_fen"))})
	}
	a := w.s.Activity
	return append(out, printout.Paragraph{Text: w.t("pack.summary.activity", "pairings", a.Pairings, "doctors", a.Doctors, "missions", a.Missions, "days", a.ServiceDays,
		"lessons", a.Lessons, "listeners", a.Listeners, "signoffs", a.Signoffs, "meetings", a.Meetings, "exchanges", a.Exchanges)})
}

// change is the difference of two figures that are both shown.
func change(now, before *int64, unit measure.Unit) string {
	if now == nil || before == nil {
		return hidden
	}
	d := *now - *before
	sign := ""
	if d > 0 {
		sign = "+"
	}
	return sign + number(&d, unit)
}

// comparison sets the period against the one before.
func (w writer) comparison() []printout.Block {
	g := printout.Grid{Head: []string{w.t("pack.c.measure"), w.s.Period.Label(), w.s.Period.Before().Label(), w.t("pack.c.change")}, Widths: []int{4, 2, 2, 2}, Left: 1}
	for i, t := range w.s.Programmes {
		if i >= len(w.s.Before) {
			break
		}
		for k, id := range t.Measures {
			d, _ := measure.ByID(id) // the snapshot has ids that were known when it was made
			now, before := t.Total.Figures[k], w.s.Before[i].Total.Figures[k]
			g.Rows = append(g.Rows, []string{w.t(d.NameKey()), number(now, d.Unit), number(before, d.Unit), change(now, before, d.Unit)})
		}
	}
	return []printout.Block{printout.Heading{Level: 1, Text: w.t("pack.h.comparison")}, g}
}

// table is a breakdown with its counted total; only counts and the amounts people
// ask for first, so that it fits the page.
func (w writer) table(t report.Table) printout.Grid {
	g := printout.Grid{Head: []string{w.t(t.By.NameKey())}, Widths: []int{4}, Left: 1, Total: true}
	for _, id := range t.Measures {
		d, _ := measure.ByID(id)
		head := w.t("pack.col." + nameOf(d))
		g.Head, g.Widths = append(g.Head, head), append(g.Widths, map[bool]int{true: 4, false: 3}[d.Unit == measure.Fen])
	}
	line := func(name string, r report.Row) {
		cells := []string{name}
		for i, id := range t.Measures {
			d, _ := measure.ByID(id)
			cells = append(cells, number(r.Figures[i], d.Unit))
		}
		g.Rows = append(g.Rows, cells)
	}
	for _, r := range t.Rows {
		switch {
		case r.Key == measure.Others:
			line(w.t(measure.OthersKey), r)
		default:
			line(cmp.Or(r.Name, r.Key), r)
		}
	}
	line(w.t("report.total"), t.Total)
	if t.Overlap > 0 {
		g.Note = w.t("measure.distinct_note", "n", int(t.Overlap))
	}
	return g
}

// nameOf is a measure's name within its programme. Joints and eyes are operations.
func nameOf(d measure.Definition) string { return string(d.ID)[len(d.Programme)+1:] }

// chart draws the operations of each month of the period.
func (w writer) chart() printout.Columns {
	c := printout.Columns{Title: w.t("pack.chart.months"), Note: w.t("pack.chart.note"), Format: count}
	at := -1
	for i, id := range w.s.Months.Measures {
		if d, known := measure.ByID(id); known && nameOf(d) == "procedures" {
			at = i
		}
	}
	for _, r := range w.s.Months.Rows {
		if at < 0 {
			break
		}
		n := r.Figures[at]
		c.Labels, c.Hidden = append(c.Labels, r.Key), append(c.Hidden, n == nil)
		if n == nil {
			n = new(int64)
		}
		c.Values = append(c.Values, *n)
	}
	return c
}

// activity is what was done beside operating: talent, teaching, meetings.
func (w writer) activity() []printout.Block {
	g := printout.Grid{Head: []string{w.t("pack.c.measure"), w.s.Period.Label(), w.s.Period.Before().Label(), w.t("pack.c.change")}, Widths: []int{4, 2, 2, 2}, Left: 1}
	a, b := w.s.Activity, w.s.Earlier
	for _, x := range []struct {
		key         string
		now, before int64
	}{{"pairings", a.Pairings, b.Pairings}, {"doctors", a.Doctors, b.Doctors}, {"short", a.Short, b.Short}, {"months", a.Months, b.Months}, {"half_years", a.HalfYears, b.HalfYears},
		{"years", a.Years, b.Years}, {"missions", a.Missions, b.Missions}, {"service_days", a.ServiceDays, b.ServiceDays}, {"lessons", a.Lessons, b.Lessons}, {"minutes", a.Minutes, b.Minutes},
		{"listeners", a.Listeners, b.Listeners}, {"signoffs", a.Signoffs, b.Signoffs}, {"meetings", a.Meetings, b.Meetings}, {"exchanges", a.Exchanges, b.Exchanges}} {
		g.Rows = append(g.Rows, []string{w.t("pack.a." + x.key), count(x.now), count(x.before), change(&x.now, &x.before, measure.Operations)})
	}
	out := []printout.Block{printout.Heading{Level: 1, Text: w.t("pack.h.activity")}, g}
	return append(out, w.deeds()...)
}

// definitions explain each figure of the report once.
func (w writer) definitions() printout.Terms {
	var t printout.Terms
	for _, x := range w.tables() {
		for _, id := range x.Measures {
			if d, known := measure.ByID(id); known {
				t.Items = append(t.Items, [2]string{w.t(d.NameKey()), w.t("pack.definition", "counts", w.t(d.NumeratorKey()), "id", string(d.ID), "version", d.Version)})
			}
		}
	}
	for _, r := range w.s.Readings {
		d := r.Definition()
		t.Items = append(t.Items, [2]string{w.t(d.NameKey()), w.t("pack.definition", "counts", DefinitionText(w.say, d), "id", string(d.ID), "version", d.Version)})
	}
	if w.s.Profile != disclosure.ExactName {
		t.Items = append(t.Items, [2]string{hidden, w.note()})
	}
	return t
}
