package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/printout"
)

// deeds lists the meetings, visits, postings, lessons and pairings of the period.
// A list that is longer than the report has room for says so.
func (w writer) deeds() []printout.Block {
	var out []printout.Block
	a := w.s.Activity
	for _, x := range []struct {
		grid printout.Grid
		of   int64
	}{{w.meetings(), a.Meetings + a.Exchanges}, {w.visits(), a.Missions}, {w.postings(), a.Short + a.Months + a.HalfYears + a.Years}, {w.lessons(), a.Lessons}, {w.pairings(), a.Pairings}} {
		if len(x.grid.Rows) == 0 {
			continue
		}
		if int64(len(x.grid.Rows)) < x.of {
			x.grid.Note = w.t("pack.d.more", "n", len(x.grid.Rows), "of", x.of)
		}
		if nameless(x.grid) {
			x.grid.Note = strings.TrimSpace(x.grid.Note + " " + w.t("pack.d.names"))
		}
		out = append(out, x.grid)
	}
	return out
}

// nameless reports that a doctor of a list has no name.
func nameless(g printout.Grid) bool {
	return slices.ContainsFunc(g.Rows, func(r []string) bool { return slices.Contains(r, hidden) })
}

// grid is an empty table of deeds: its caption, and the keys of its columns.
func (w writer) grid(caption string, left int, widths []int, columns ...string) printout.Grid {
	g := printout.Grid{Caption: w.t(caption), Widths: widths, Left: left}
	for _, key := range columns {
		g.Head = append(g.Head, w.t(key))
	}
	return g
}

func (w writer) meetings() printout.Grid {
	g := w.grid("pack.meetings", 4, []int{3, 3, 7, 4, 2}, "pack.m.on", "pack.m.kind", "pack.m.topic", "pack.m.place", "pack.m.attendees")
	for _, x := range w.s.Gatherings {
		g.Rows = append(g.Rows, []string{x.On.String(), w.t("pack.m." + map[bool]string{true: "meeting", false: "exchange"}[x.Kind == "meeting"]), x.Topic, x.Place, strconv.Itoa(x.Attendees)})
	}
	return g
}

func (w writer) visits() printout.Grid {
	g := w.grid("pack.d.visits", 4, []int{3, 3, 5, 6, 2, 2}, "pack.d.from", "pack.d.to", "pack.d.hospital", "pack.m.topic", "pack.d.doctors", "pack.d.days")
	for _, x := range w.s.Deeds.Visits {
		g.Rows = append(g.Rows, []string{x.From.String(), x.To.String(), x.Hospital, x.Title, strconv.Itoa(x.Doctors), strconv.Itoa(x.Days)})
	}
	return g
}

func (w writer) postings() printout.Grid {
	g := w.grid("pack.d.postings", 5, []int{3, 3, 3, 5, 5}, "pack.d.from", "pack.d.to", "pack.d.doctor", "pack.d.home", "pack.d.host")
	for _, x := range w.s.Deeds.Postings {
		g.Rows = append(g.Rows, []string{x.From.String(), x.To.String(), named(x.Doctor), x.Home, x.Host})
	}
	return g
}

func (w writer) lessons() printout.Grid {
	g := w.grid("pack.d.lessons", 5, []int{3, 3, 6, 4, 3, 2, 2}, "pack.m.on", "pack.m.kind", "pack.m.topic", "pack.d.hospital", "pack.d.teacher", "pack.d.minutes", "pack.d.listeners")
	for _, x := range w.s.Deeds.Lessons {
		g.Rows = append(g.Rows, []string{x.On.String(), w.t("teaching.kind." + x.Kind), x.Topic, x.Hospital, named(x.Teacher), strconv.Itoa(x.Minutes), strconv.Itoa(x.Listeners)})
	}
	return g
}

func (w writer) pairings() printout.Grid {
	g := w.grid("pack.d.pairings", 5, []int{5, 5, 4, 3, 3}, "pack.d.donor", "pack.d.receiving", "pack.d.agreement", "pack.d.from", "pack.d.to")
	for _, x := range w.s.Deeds.Pairings {
		g.Rows = append(g.Rows, []string{x.Donor, x.Receiving, orDash(x.Agreement), x.From.String(), w.ending(x)})
	}
	return g
}

func (w writer) ending(p report.Pair) string {
	if p.To == nil {
		return w.t("pack.d.open")
	}
	return p.To.String()
}

// named is a doctor's name; a report that may leave the house has none.
func named(name string) string {
	if name == "" {
		return hidden
	}
	return name
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
