package webui

import (
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// Brief is what an official wants to know first: what changed since last month,
// how the figures stand to their targets, what needs a look, and the money left.
type Brief struct {
	Tiles   []MeasureTile
	Changes Table
	Alerts  []BriefAlert
	Money   []Def
	Left    string // money that is available, and for how long
	Judged  bool   // figures were looked at: without alerts all is calm
	Refused string // why there is no brief
}

// BriefAlert is one thing that needs a look.
type BriefAlert struct {
	Icon, Title, Text string
	Link              Link
}

// briefMeasures are the figures of the brief: those with a tile first.
func briefMeasures() (tiles, all []measure.ID) {
	tiles = []measure.ID{"joint.complication_90", "cataract.good_618", "coronary.mace_30", "followup.seen"}
	return tiles, slices.Concat([]measure.ID{"all.patients", "all.procedures", "all.reduction_fen", "access.wait_days", "followup.in_window"}, tiles, []measure.ID{"joint.readmission_90", "cataract.rupture", "quality.sheet_complete"})
}

// waitingFor are the names of the figures that come with the brief.
func waitingFor(b Base, f measure.Filter) []string {
	tiles, _ := briefMeasures()
	var out []string
	for _, id := range tiles {
		d, known := measure.ByID(id)
		if _, err := f.For(d); known && err == nil {
			out = append(out, b.T(d.NameKey()))
		}
	}
	return out
}

// brief reads the figures of the brief.
func (s *Server) brief(r *http.Request, c *Call, f measure.Filter) (Brief, error) {
	_, all := briefMeasures()
	b, err := s.d.Reporting.Board(r.Context(), c.Who, reporting.BoardInput{Measures: all, Filter: f, Funds: true})
	if e := errs.Of(err); err != nil && strings.HasPrefix(e.Rule, disclosureRules) { // the page has other figures, which may be shown
		return Brief{Refused: c.Base.Say(e.Key, e.Args)}, nil
	}
	if err != nil {
		return Brief{}, err
	}
	return newBrief(c.Base, b), nil
}

func newBrief(b Base, board reporting.Board) Brief {
	c := deskCharts{Base: b, b: board, plan: deskPlan{at: "/overview"}}
	tiles, _ := briefMeasures()
	out := Brief{Judged: slices.ContainsFunc(board.Details, func(d reporting.Detail) bool { return d.Definition.Rate() })}
	for _, id := range tiles {
		if d, ok := board.Of(id); ok {
			out.Tiles = append(out.Tiles, c.tile(d))
		}
	}
	out.Changes = c.changes()
	out.Alerts = c.alerts()
	c.moneyLeft(&out)
	return out
}

// changes sets the last whole month against the one before. Figures of a month
// rest on few cases: a change counts as one only where the intervals part.
func (c deskCharts) changes() Table {
	first := clock.MustDate(c.b.At.Lock.Year(), int(c.b.At.Lock.Month()), 1)
	now, before := first.AddMonths(-1).String()[:7], first.AddMonths(-2).String()[:7]
	t := Table{Caption: c.T("brief.changes"), Note: c.T("brief.changes.note", "now", now, "before", before), Columns: []Column{{Key: "measures.name", Class: "name-col"}, {Text: before, Align: "right"},
		{Text: now, Align: "right"}, {Key: "brief.change", Align: "right"}, {Key: "brief.meaning", Class: "name-col"}}, Empty: Empty{Title: c.T("brief.changes.none.title", "now", now, "before", before), Text: c.T("brief.changes.none.text")}}
	for _, d := range c.b.Details {
		a, had := eligibleMonth(d.Months, before)
		b, has := eligibleMonth(d.Months, now)
		if !had && !has {
			continue
		}
		m := d.Definition
		row := []Cell{{Text: c.T(m.NameKey()), Href: "/measures/" + string(m.ID) + "?" + bound(m, c.b.Filter).Query()}, c.monthCell(d, a, had), c.monthCell(d, b, has), TextCell("–"), TextCell("–")}
		if had && has {
			row[3], row[4] = c.change(a.Reading, b.Reading)
		}
		t.Rows = append(t.Rows, Cells(row...))
	}
	return t
}

func month(list []reporting.Piece, key string) (reporting.Piece, bool) {
	i := slices.IndexFunc(list, func(p reporting.Piece) bool { return p.Key == key })
	if i < 0 {
		return reporting.Piece{}, false
	}
	return list[i], true
}

// eligibleMonth is a month with a unit that was not left out: the others have nothing to
// be set against.
func eligibleMonth(list []reporting.Piece, key string) (reporting.Piece, bool) {
	p, known := month(list, key)
	return p, known && !p.Reading.AllLeft()
}

func (c deskCharts) monthCell(d reporting.Detail, p reporting.Piece, known bool) Cell {
	if !known {
		return TextCell("–")
	}
	return c.cell(d, p)
}

// change is the difference of two months and what it means.
func (c deskCharts) change(a, b measure.Reading) (difference, meaning Cell) {
	x, y := charted(a), charted(b)
	if math.IsNaN(x) || math.IsNaN(y) {
		return TextCell("–"), TextCell("–")
	}
	d := a.Definition()
	text := signedText(y - x)
	switch {
	case d.Unit == measure.Fen:
		text = signed(money.Fen(math.Round(y - x)))
	case d.Unit == measure.Percent:
		text += c.T("brief.points")
	}
	word := "same"
	better := d.Direction == measure.Up && y > x || d.Direction == measure.Down && y < x
	ci, cj := a.ForChart(), b.ForChart()
	switch {
	case x == y:
	case d.Rate() && ci.Low <= cj.High && cj.Low <= ci.High:
		word = "chance"
	case d.Kind == measure.Median: // its quartiles are the spread of cases
		word = "median"
	case d.Unit == measure.Fen: // a bill is settled weeks after its operation
		word = "settled"
	case d.Direction == measure.Neutral || !d.Rate():
		word = map[bool]string{true: "more", false: "less"}[y > x]
	case better:
		word = "better"
	default:
		word = "worse"
	}
	return Cell{Text: text, Nowrap: true, Strong: true}, TextCell(c.T("brief.word." + word))
}

// alerts are what lies outside of what chance does, and targets that are missed.
func (c deskCharts) alerts() []BriefAlert {
	var out []BriefAlert
	for _, d := range c.b.Details {
		m := d.Definition
		at := "/measures/" + string(m.ID) + "?" + bound(m, c.b.Filter).Query()
		if target, _, ok := c.b.References.Target(m); ok && d.Reading.Against(target) == measure.Missed {
			v := inWords(c.Base, d.Reading).Row()
			out = append(out, BriefAlert{Icon: "clock", Title: c.T("brief.target", "name", c.T(m.NameKey()), "value", v[0], "target", report.TargetText(c, m, target)),
				Text: c.T("brief.target.text", "interval", v[1], "rests", v[2], "coverage", v[3]), Link: Link{Text: c.T("brief.look"), Href: at}})
		}
		if m.Kind != measure.Proportion || anyHidden(d.Parts) || d.Reading.State() != measure.Measured {
			continue
		}
		out = append(out, c.outside(d)...)
	}
	return out
}

// outside are the hospitals beyond the limits of chance on the worse side.
func (c deskCharts) outside(d reporting.Detail) []BriefAlert {
	events, of := d.Reading.Rate()
	family := statistics.BinomialFunnel{Target: statistics.Proportion(int(events), int(of)).Or(0)}
	var out []BriefAlert
	for _, p := range d.Parts {
		hits, n := p.Reading.Rate()
		if p.Reading.State() != measure.Measured || n == 0 || p.Place == nil || len(d.Parts) < 2 {
			continue
		}
		at := family.Place(int(hits), int(n))
		high := at == statistics.ActionHigh || at == statistics.WarnHigh
		low := at == statistics.ActionLow || at == statistics.WarnLow
		if !(high && d.Definition.Direction == measure.Down || low && d.Definition.Direction == measure.Up) {
			continue
		}
		level := "95"
		if at == statistics.ActionHigh || at == statistics.ActionLow {
			level = "99.8"
		}
		link := Link{Text: c.T("brief.look"), Href: "/desk/hospitals/" + p.Place.ID.String()}
		if c.b.Rights.Lists && p.Linked && d.Definition.Direction == measure.Down {
			link = Link{Text: c.T("brief.cases", "n", countText(hits)), Href: c.listURL(d.Definition, p.Filter)}
		}
		out = append(out, BriefAlert{Icon: "warning", Title: c.T("brief.outside", "hospital", p.Place.Name, "name", c.T(d.Definition.NameKey())),
			Text: c.T("brief.outside.text", "value", inWords(c.Base, p.Reading).String(), "all", inWords(c.Base, d.Reading).String(), "level", level), Link: link})
	}
	return out
}

// moneyLeft is what the funds can still give, and for how long at the pace of the
// last twelve months.
func (c deskCharts) moneyLeft(out *Brief) {
	var left, reserved money.Fen
	for _, f := range c.b.Funds {
		if !f.ClosedOn.IsZero() || f.Kind == fund.History {
			continue
		}
		left, reserved = left+f.Balances.Available, reserved+f.Balances.Reserved
		out.Money = append(out.Money, Def{Label: f.Name, Text: f.Balances.Available.String(), Href: "/funds/" + f.ID.String()})
	}
	if len(out.Money) == 0 {
		return
	}
	out.Left = c.T("brief.left", "amount", left, "reserved", reserved)
	if pace, ok := c.pace(); ok && pace > 0 && c.b.Filter.Query() == "" {
		out.Left = c.T("brief.left.months", "amount", left, "reserved", reserved, "pace", pace, "months", countText(int64(left/pace)))
	}
}

// pace is what reductions came to in a month, over the last twelve whole months.
func (c deskCharts) pace() (money.Fen, bool) {
	d, ok := c.b.Of("all.reduction_fen")
	if !ok {
		return 0, false
	}
	first := clock.MustDate(c.b.At.Lock.Year(), int(c.b.At.Lock.Month()), 1)
	sum := int64(0)
	for n := 1; n <= 12; n++ {
		if p, known := month(d.Months, first.AddMonths(-n).String()[:7]); known {
			v, shown := p.Reading.Whole()
			if !shown {
				return 0, false
			}
			sum += v
		}
	}
	return money.Fen(sum / 12), sum > 0
}
