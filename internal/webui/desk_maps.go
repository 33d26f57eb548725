package webui

import (
	"cmp"
	"math"
	"slices"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// maxTowns is how many townships have a place of their own on the map; the others
// stand together, the table has them all.
const maxTowns = 16

// townMap shows from which township patients go to which hospital. It is a
// schema: the house ships no boundaries.
func (c deskCharts) townMap() deskChart {
	list := c.b.Crossings["access.townships"]
	towns, hospitals := map[string]int64{}, map[string]int64{}
	sum := int64(0)
	for _, x := range list {
		if x.Class == "" {
			continue
		}
		towns[x.Class] += x.N
		hospitals[x.Hospital] += x.N
		sum += x.N
	}
	if sum == 0 {
		return deskChart{id: "towns"}
	}
	names := bySize(towns)
	rest := c.T("board.map.others")
	m := chart.FlowMap{Left: chart.Place{Name: c.T("board.map.towns"), Style: chart.Mountain}, Right: chart.Place{Name: c.T("board.map.hospitals"), Style: chart.Neutral}}
	at := map[string]int{}
	for i, name := range names {
		if i >= maxTowns {
			at[name] = maxTowns
			continue
		}
		at[name] = i
		m.Left.Sites = append(m.Left.Sites, chart.Site{Name: name, Count: towns[name]})
	}
	if len(names) > maxTowns {
		n := int64(0)
		for _, name := range names[maxTowns:] {
			n += towns[name]
		}
		m.Left.Sites = append(m.Left.Sites, chart.Site{Name: rest, Count: n})
	}
	places := bySize(hospitals)
	for _, id := range places {
		m.Right.Sites = append(m.Right.Sites, chart.Site{Name: c.place(id).Name, Count: hospitals[id]})
	}
	arcs := map[[2]int]int64{}
	for _, x := range list {
		if x.Class != "" {
			arcs[[2]int{at[x.Class], slices.Index(places, x.Hospital)}] += x.N
		}
	}
	m.Arcs = arcsOf(arcs, false)
	donor := int64(0)
	for id, n := range hospitals {
		if sideOf(c.place(id).Side) == Sea {
			donor += n
		}
	}
	m.Plot = c.plot("towns", c.T("board.map.towns.title", "town", names[0], "n", countText(towns[names[0]]), "donor", countText(donor), "sum", countText(sum)), c.T("board.map.towns.note", "n", len(names)), chartWidth,
		"board.map.from", "board.map.to", "board.map.operations")
	d, _ := measure.ByID("access.townships")
	return deskChart{id: "towns", d: m.Draw(), cases: c.listURL(d, c.b.Filter)}
}

// bySize are the keys, the largest first.
func bySize(n map[string]int64) []string {
	var out []string
	for k := range n {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	return out
}

func arcsOf(n map[[2]int]int64, back bool) []chart.Arc {
	var out []chart.Arc
	for k, v := range n {
		out = append(out, chart.Arc{Left: k[0], Right: k[1], Back: back, Amount: v})
	}
	slices.SortFunc(out, func(a, b chart.Arc) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.Left, b.Left), cmp.Compare(a.Right, b.Right))
	})
	return out
}

// cities are the hospitals of both sides as places of a map.
func (c deskCharts) cities() (m chart.FlowMap, left, right map[string]int) {
	left, right = map[string]int{}, map[string]int{}
	m = chart.FlowMap{Left: chart.Place{Name: c.T("side.mountain"), Style: chart.Mountain}, Right: chart.Place{Name: c.T("side.sea"), Style: chart.Sea}}
	for _, h := range c.b.Hospitals {
		switch sideOf(h.Side) {
		case Mountain:
			left[h.Name] = len(m.Left.Sites)
			m.Left.Sites = append(m.Left.Sites, chart.Site{Name: h.Name, Count: chart.Missing})
		case Sea:
			right[h.Name] = len(m.Right.Sites)
			m.Right.Sites = append(m.Right.Sites, chart.Site{Name: h.Name, Count: chart.Missing})
		}
	}
	return m, left, right
}

// referralMap shows the referrals between the two sides, both ways.
func (c deskCharts) referralMap() deskChart {
	m, left, right := c.cities()
	over, back := map[[2]int]int64{}, map[[2]int]int64{}
	there, home, inside := int64(0), int64(0), int64(0)
	for _, x := range c.b.Crossings["access.referral_to"] {
		from := c.place(x.Hospital).Name
		l, fromLeft := left[from]
		r, fromRight := right[from]
		l2, toLeft := left[x.Class]
		r2, toRight := right[x.Class]
		switch {
		case fromLeft && toRight:
			over[[2]int{l, r2}] += x.N
			there += x.N
		case fromRight && toLeft:
			back[[2]int{l2, r}] += x.N
			home += x.N
		default:
			inside += x.N
		}
	}
	if there+home+inside == 0 {
		return deskChart{id: "referrals"}
	}
	m.Arcs = append(arcsOf(over, false), arcsOf(back, true)...)
	m.Plot = c.plot("referrals", c.T("board.map.referrals.title", "there", countText(there), "back", countText(home)), c.T("board.map.referrals.note", "inside", countText(inside)), halfWidth,
		"board.map.from", "board.map.to", "board.map.letters")
	d, _ := measure.ByID("access.referral_to")
	return deskChart{id: "referrals", d: m.Draw(), cases: c.listURL(d, c.b.Filter), half: true}
}

// visitorMap shows where visiting doctors came from and where they operated.
func (c deskCharts) visitorMap() deskChart {
	m, left, right := c.cities()
	arcs := map[[2]int]int64{}
	sum, best, most := int64(0), "", int64(0)
	for _, x := range c.b.Crossings["visiting.from"] {
		r, known := right[x.Class]
		l, here := left[c.place(x.Hospital).Name]
		if !known || !here {
			continue
		}
		arcs[[2]int{l, r}] += x.N
		if sum += x.N; arcs[[2]int{l, r}] > most {
			most, best = arcs[[2]int{l, r}], x.Class
		}
	}
	if sum == 0 {
		return deskChart{id: "visitors"}
	}
	m.Arcs = arcsOf(arcs, true)
	m.Plot = c.plot("visitors", c.T("board.map.visitors.title", "n", countText(sum), "hospital", best), c.T("board.map.visitors.note"), halfWidth, "board.map.from", "board.map.to", "board.map.operations")
	d, _ := measure.ByID("visiting.from")
	return deskChart{id: "visitors", d: m.Draw(), cases: c.listURL(d, c.b.Filter), half: true}
}

// rates compares the townships by operations for each thousand elderly; one whose
// number of elderly nobody entered is in the table and says so.
func (c deskCharts) rates() deskChart {
	d, ok := c.b.Of("access.elderly_rate")
	if !ok || d.Reading.Hidden() || slices.ContainsFunc(d.Classes, func(p reporting.Piece) bool { return p.Reading.Hidden() }) {
		return deskChart{id: "rates"}
	}
	m := measureCharts{Base: c.Base, d: d, width: chartWidth, named: true}
	e := chart.Estimates{Reference: charted(d.Reading), ReferenceName: c.T("desk.all")}
	title := ""
	var list []measure.Reading
	for _, p := range d.Classes {
		if p.Class == "" || math.IsNaN(charted(p.Reading)) { // nobody wrote down where these live
			continue
		}
		title = c.T("desk.estimates.one", "name", p.Class, "value", inWords(c.Base, p.Reading))
		e.Items, list = append(e.Items, estimateOf(c.Base, p.Class, p.Reading, chart.Mountain)), append(list, p.Reading)
	}
	if len(e.Items) == 0 {
		return deskChart{id: "rates"}
	}
	if len(e.Items) > 1 {
		title = report.Difference(c.Base, e.Items, m.say, true)
	}
	e.Plot = m.plot("towns", title, m.withAll(c.T("board.rates.note")), m.unit(),
		"board.map.town", "measures.value", "measures.interval", "measures.rests")
	e.SayX = m.say
	return deskChart{id: "rates", d: stated(c.Base, e.Draw(), 4, list, saidCoverage), cases: c.listURL(d.Definition, c.b.Filter)}
}

// townships are the townships with what is known of each: a missing number of
// elderly is said, never filled in.
func (c deskCharts) townships() []Table {
	all, ok := c.b.Of("access.townships")
	rate, ok2 := c.b.Of("access.elderly_rate")
	if !ok || !ok2 {
		return nil
	}
	t := Table{Caption: c.T("board.towns.table"), Columns: []Column{{Key: "board.map.town", Class: "name-col"}, {Key: "board.map.operations", Align: "right"}, {Key: "board.towns.elderly", Align: "right"},
		{Key: "board.towns.known", Align: "right"}, {Key: "board.towns.rate", Align: "right"}, {Key: "measures.interval", Align: "right"}, {Key: "board.towns.source", Class: "name-col"}},
		Empty: Empty{Title: c.T("report.empty.title"), Text: c.T("report.empty.text")}, Links: []Link{{Text: c.T("board.references"), Href: "/desk/references"}}}
	var towns []string
	for _, list := range [][]reporting.Piece{all.Classes, rate.Classes} {
		for _, p := range list {
			if p.Class != "" && !slices.Contains(towns, p.Class) {
				towns = append(towns, p.Class)
			}
		}
	}
	for _, town := range towns {
		row := []Cell{TextCell(town), {Text: "–"}, {Text: "–"}, TagCell("warn", c.T("board.towns.missing")), {Text: "–"}, {Text: "–"}, {Text: "–"}}
		if p, ok := piece(all.Classes, town); ok {
			row[1] = Cell{Text: wholeText(c.Base, p.Reading), Nowrap: true, Href: c.classURL(all.Definition, town, p)}
		}
		if p, ok := piece(rate.Classes, town); ok && p.Reading.State() == measure.Measured {
			events, of := p.Reading.Rate()
			row[2] = Cell{Text: countText(events), Nowrap: true, Href: c.classURL(rate.Definition, town, p)}
			row[3] = Cell{Text: countText(of), Nowrap: true}
			v := inWords(c.Base, p.Reading).Row()
			row[4], row[5] = Cell{Text: v[0], Nowrap: true, Strong: true}, Cell{Text: v[1], Nowrap: true}
		} else if ok && p.Reading.Hidden() {
			row[3] = TextCell(c.T("measures.hidden"))
		}
		for _, r := range c.b.References {
			if r.Kind == measure.ElderlyOf && r.Key == town {
				row[6] = TextCell(c.source(r))
			}
		}
		t.Rows = append(t.Rows, Cells(row...))
	}
	return []Table{t}
}

// source says where a reference value is from.
func (c deskCharts) source(r measure.Reference) string {
	key := "board.source"
	if r.Sample {
		key = "board.source.sample"
	}
	return c.T(key, "source", r.Source, "from", r.From.String())
}

func (c deskCharts) classURL(d measure.Definition, class string, p reporting.Piece) string {
	if p.Reading.Hidden() || p.Reading.N() == 0 {
		return ""
	}
	return unitsURL(c.b.Rights, d, c.b.Filter, c.mine, classQuery(class))
}

func piece(list []reporting.Piece, class string) (reporting.Piece, bool) {
	i := slices.IndexFunc(list, func(p reporting.Piece) bool { return p.Class == class })
	if i < 0 {
		return unnamed(list)
	}
	return list[i], true
}

// namesAll reports whether a measure names every part it has.
func namesAll(d reporting.Detail) bool {
	_, hidden := unnamed(d.Parts)
	return !hidden
}

// unnamed is the part that stands for all hidden ones: one that is not named may be
// among them.
func unnamed(list []reporting.Piece) (reporting.Piece, bool) {
	i := slices.IndexFunc(list, func(p reporting.Piece) bool { return p.Key == measure.Others })
	if i < 0 {
		return reporting.Piece{}, false
	}
	return list[i], true
}

// curves sets the parts against each other over time, the largest first.
func (c deskCharts) curves(id measure.ID) deskChart {
	d, ok := c.b.Of(id)
	if !ok || d.Curve.N == 0 {
		return deskChart{id: "curves"}
	}
	m := measureCharts{Base: c.Base, d: d, width: chartWidth, named: true}
	styles := []chart.Style{chart.Brand, chart.Sea, chart.Net, chart.Neutral}
	ticks := []float64{0, 91.3125, 182.625, 273.9375, 365.25}
	var groups []chart.Cohort
	var list []measure.Reading // of each line of the table that of its part
	for _, p := range d.Parts {
		curve := p.Curve.StopBelow(leastInCurve)
		if curve.N < leastInCurve || len(groups) == len(styles) {
			continue
		}
		groups = append(groups, chart.RevisionOf(m.name(c.b.By, p), styles[len(groups)], curve, ticks))
		list = append(list, slices.Repeat([]measure.Reading{p.Reading}, groups[len(groups)-1].Lines())...)
	}
	if len(groups) == 0 {
		return deskChart{id: "curves"}
	}
	v := chart.Survival{Plot: m.plot("curves", c.T("board.curves.title", "n", len(groups), "value", inWords(c.Base, d.Reading).String()), c.T("desk.survival.note", "least", leastInCurve), c.T("desk.survival.years"),
		"desk.survival.group", "desk.survival.years", "desk.survival.at_risk", "measures.value", "measures.interval"), Groups: groups, Ticks: ticks, Risk: c.T("desk.survival.at_risk")}
	v.SayX = func(x float64) string { return decimalText(x/365.25, 2) }
	v.SayY = func(y float64) string { return decimalText(y*100, 1) + "%" }
	return deskChart{id: "curves", d: stated(c.Base, v.Draw(), 5, list, saidRests, saidCoverage), cases: c.listURL(d.Definition, c.b.Filter)}
}

// hospitals is the table of parts with several figures each: the figure, its
// interval, and whether a part lies outside of what chance does.
func (c deskCharts) hospitals(columns []measure.ID) Table {
	by := c.b.By
	t := Table{ID: "table", Caption: c.T("report.table.title", "by", c.T(by.NameKey())), Columns: []Column{{Key: by.NameKey(), Class: "name-col"}},
		Empty: Empty{Title: c.T("report.empty.title"), Text: c.T("report.empty.text")}}
	var details []reporting.Detail
	for _, id := range columns {
		if d, ok := c.b.Of(id); ok {
			details = append(details, d)
			head := c.T(d.Definition.NameKey())
			if d.Definition.Unit == measure.Fen {
				head = c.T("report.col.in_yuan", "name", head)
			}
			t.Columns = append(t.Columns, Column{Text: head, Align: "right"})
		}
	}
	var keys []string
	for _, d := range details {
		for _, p := range d.Parts {
			if !slices.Contains(keys, p.Key) {
				keys = append(keys, p.Key)
			}
		}
	}
	if i := slices.Index(keys, measure.Others); i >= 0 {
		keys = slices.Delete(keys, i, i+1)
		if !slices.ContainsFunc(details, namesAll) { // else every part has its row
			keys = append(keys, measure.Others)
		}
	}
	line := func(first Cell, of func(reporting.Detail) (reporting.Piece, bool)) Row {
		row := Row{Cells: []Cell{first}}
		for _, d := range details {
			p, ok := of(d)
			if !ok {
				row.Cells = append(row.Cells, TextCell("–"))
				continue
			}
			row.Cells = append(row.Cells, c.cell(d, p))
		}
		return row
	}
	for _, key := range keys {
		var first Cell
		row := line(first, func(d reporting.Detail) (reporting.Piece, bool) {
			i := slices.IndexFunc(d.Parts, func(p reporting.Piece) bool { return p.Key == key })
			if i < 0 {
				return unnamed(d.Parts)
			}
			first = c.partName(d, d.Parts[i])
			return d.Parts[i], true
		})
		row.Cells[0] = first
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) > 0 {
		total := line(TextCell(c.T("report.total")), func(d reporting.Detail) (reporting.Piece, bool) {
			return reporting.Piece{Filter: c.b.Filter, Linked: true, Reading: d.Reading}, true
		})
		total.Total = true
		t.Rows = append(t.Rows, total)
	}
	if t.Note = c.T("board.table.note"); !c.b.Profile.Exact() {
		t.Note = profileNote(c.Base, c.b.Profile)
	}
	return t
}

// partName leads to the hospital's page.
func (c deskCharts) partName(d reporting.Detail, p reporting.Piece) Cell {
	if p.Place == nil {
		return TextCell(orDash(groupText(c.Base, c.b.By, reporting.Group{Key: p.Key})))
	}
	cell := hospitalCell(*p.Place)
	if slices.ContainsFunc(c.b.Hospitals, func(h reporting.Hospital) bool { return h.ID == p.Place.ID }) {
		cell.Href = "/desk/hospitals/" + p.Place.ID.String()
	}
	return cell
}

// cell is one figure of a part with its interval.
func (c deskCharts) cell(d reporting.Detail, p reporting.Piece) Cell {
	r := p.Reading
	value, unit, interval, rests, coverage := inWords(c.Base, r).Parts()
	out := Cell{Text: value, Nowrap: true}
	switch r.State() {
	case measure.NoCase:
		if r.AllLeft() {
			out.Sub = unit
		}
		return out
	case measure.Measured:
	default:
		out.Sub = unit
		return out
	}
	if p.Linked && r.Behind() {
		out.Href = c.listURL(d.Definition, p.Filter)
	}
	if d.Definition.Kind == measure.Median {
		rests = c.T("board.n", "n", rests)
	}
	if d.Definition.Rate() || d.Definition.Kind == measure.Median {
		out.Sub = interval + c.T("board.table.rests", "rests", rests)
		if x := r.Coverage(); x.Hidden || x.Known < x.Eligible { // where all is known the basis says it
			out.Sub += c.T("board.table.known", "coverage", coverage)
		}
	}
	if r.Partial() {
		out.Sub = c.T("board.table.sum", "coverage", coverage)
	}
	return out
}
