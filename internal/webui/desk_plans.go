package webui

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// deskRoutes declares the pages of the desk. Each page gives the numbers of its
// charts as files.
func (s *Server) deskRoutes(rt *router) {
	page := func(at string, perm authz.Permission, plan func(*http.Request, *Call) (deskPlan, error)) {
		rt.get(at, perm, func(w http.ResponseWriter, r *http.Request, c *Call) error {
			p, err := plan(r, c)
			if err != nil {
				return err
			}
			return s.board(w, r, c, p)
		})
		rt.get(at+"/export", authz.ExportMake, func(w http.ResponseWriter, r *http.Request, c *Call) error {
			p, err := plan(r, c)
			if err != nil {
				return err
			}
			return s.boardExport(w, r, c, p)
		})
	}
	page("/desk/programmes/{programme}", authz.MeasureRead, programmePlan)
	page("/desk/hospitals/{id}", authz.MeasureRead, hospitalPlan)
	page("/desk/comparison", authz.MeasureRead, comparisonPlan)
	page("/desk/flows", authz.MeasureRead, flowsPlan)
	page("/desk/surgeon", authz.MeasureRead, ownPlan)
	page("/desk/surgeons/{id}", authz.SurgeonRead, surgeonPlan)
	rt.get("/desk/surgeons", authz.SurgeonRead, s.surgeons)
	rt.get("/desk/surgeons/export", authz.SurgeonRead, s.surgeonsExport) // who may make files, its service knows
	rt.get("/desk/references", authz.MeasureRead, s.referencesPage)
	rt.post("/desk/references", authz.ReferenceEdit, s.postReference)
}

// heads reports whether somebody leads a hospital and sees its surgeons.
func (s *Server) heads(c *Call) bool { return s.can(c, authz.SurgeonRead) }

// programmeMeasures are the figures of a programme's page, as tiles, in their
// order.
func programmeMeasures(p measure.Programme) []measure.ID {
	switch p {
	case measure.Joint:
		return []measure.ID{"joint.patients", "joint.joints", "joint.reduction_fen", "money.net_median", "joint.complication_90", "joint.readmission_90", "joint.revision_365",
			"joint.score_gain", "joint.satisfied", "joint.death_90", "followup.seen", "access.wait_days"}
	case measure.Cataract:
		return []measure.ID{"cataract.patients", "cataract.eyes", "cataract.net_fen", "money.free_share", "cataract.good_618", "cataract.good_612", "cataract.poor", "cataract.rupture",
			"cataract.va_loss", "cataract.endophthalmitis_42", "followup.seen", "access.wait_days"}
	}
	return []measure.ID{"coronary.person_times", "coronary.procedures", "coronary.patients", "money.net_median", "coronary.success", "coronary.radial", "coronary.mace_30", "coronary.death_hospital",
		"coronary.bleeding_30", "coronary.door_wire", "coronary.contrast", "followup.seen"}
}

// watched are the measures of a programme that are followed case by case.
func watched(p measure.Programme) measure.ID {
	return map[measure.Programme]measure.ID{measure.Joint: "joint.complication_90", measure.Cataract: "cataract.rupture", measure.Coronary: "coronary.mace_30"}[p]
}

// moneyFlow are the layers of a bill, for the waterfall.
func moneyFlow(p measure.Programme) []measure.ID {
	return []measure.ID{measure.ID(string(p) + ".bill_fen"), "money.basic", "money.critical", "money.assistance", "money.other", "money.fund", "money.waiver", measure.ID(string(p) + ".net_fen"), "money.by_fund"}
}

func programmePlan(r *http.Request, _ *Call) (deskPlan, error) {
	p := measure.Programme(chi.URLParam(r, "programme"))
	if !slices.Contains([]measure.Programme{measure.Joint, measure.Cataract, measure.Coronary}, p) {
		return deskPlan{}, errs.Missing("error.not_found")
	}
	return programmeBoard(p), nil
}

func programmeBoard(p measure.Programme) deskPlan {
	tiles := programmeMeasures(p)
	more := map[measure.Programme][]measure.ID{measure.Joint: {"joint.revision_rate", "joint.procedures"}, measure.Cataract: {"cataract.procedures", "cataract.second_eye_days"},
		measure.Coronary: {"coronary.dose", "coronary.door_wire_90"}}[p]
	in := reporting.BoardInput{Measures: slices.Concat(tiles, moneyFlow(p), more), Days: true, Sequences: []measure.ID{watched(p)}, Crossings: []measure.ID{"money.by_fund"},
		Filter: measure.Filter{Programme: p}}
	if p == measure.Joint {
		in.Scores = "knee"
	}
	return deskPlan{page: string(p), at: "/desk/programmes/" + string(p), tab: string(p), fixed: []measure.Dimension{measure.ByProgramme}, tiles: tiles, input: in,
		head: func(b *Base, _ reporting.Board) {
			b.Title, b.Eyebrow = b.T("board.programme."+string(p)), b.T("nav.overview")
		},
		charts: func(c deskCharts) []deskChart { return c.programme(p) },
		tables: func(c deskCharts) []Table { return []Table{c.hospitals(programmeColumns(p))} }}
}

// programmeColumns are the figures of the table of hospitals.
func programmeColumns(p measure.Programme) []measure.ID {
	switch p {
	case measure.Joint:
		return []measure.ID{"joint.patients", "joint.joints", "joint.reduction_fen", "money.net_median", "joint.readmission_90", "joint.complication_90", "joint.score_gain", "followup.seen"}
	case measure.Cataract:
		return []measure.ID{"cataract.patients", "cataract.eyes", "cataract.reduction_fen", "cataract.good_618", "cataract.rupture", "cataract.va_loss", "followup.seen"}
	}
	return []measure.ID{"coronary.person_times", "coronary.procedures", "coronary.reduction_fen", "coronary.success", "coronary.mace_30", "coronary.bleeding_30", "followup.seen"}
}

func hospitalPlan(r *http.Request, _ *Call) (deskPlan, error) {
	id, err := pathID(r, "id")
	return hospitalBoard(id), err
}

func hospitalBoard(id ident.ID) deskPlan {
	tiles := []measure.ID{"all.patients", "all.person_times", "all.procedures", "all.reduction_fen", "access.wait_days", "access.stay_days", "followup.seen", "quality.sheet_complete",
		"joint.complication_90", "cataract.good_618", "coronary.mace_30", "skills.leave_behind"}
	in := reporting.BoardInput{Measures: slices.Concat(tiles, moneyFlow(measure.All), []measure.ID{"quality.operations", "quality.entered_2", "money.settle_days", "followup.in_window"}),
		Hospital: id, By: measure.BySurgeon, Days: true, Sequences: []measure.ID{"joint.complication_90", "cataract.rupture", "coronary.mace_30"}}
	at := "/desk/hospitals/" + id.String()
	return deskPlan{page: "hospital", at: at, tab: "compare", fixed: []measure.Dimension{measure.ByHospital}, tiles: tiles, input: in,
		head: func(b *Base, board reporting.Board) {
			b.Title = board.Hospital.Name
			b.Crumbs = []Link{{Text: b.T("nav.overview"), Href: "/overview"}, {Text: b.T("board.tab.compare"), Href: "/desk/comparison"}, {Text: b.Title}}
		},
		charts: deskCharts.hospital}
}

func comparisonPlan(*http.Request, *Call) (deskPlan, error) { return comparisonBoard(), nil }

func comparisonBoard() deskPlan {
	columns := []measure.ID{"all.patients", "all.procedures", "all.reduction_fen", "access.wait_days", "money.net_median", "followup.seen", "joint.complication_90", "joint.readmission_90",
		"cataract.good_618", "coronary.success", "coronary.mace_30", "quality.sheet_complete"}
	return deskPlan{page: "comparison", at: "/desk/comparison", tab: "compare", input: reporting.BoardInput{Measures: append(slices.Clone(columns), "joint.revision_365")},
		head: func(b *Base, board reporting.Board) {
			b.Title, b.Eyebrow = b.T("board.compare.title", "by", b.T(board.By.NameKey())), b.T("nav.overview")
		},
		charts: deskCharts.comparison,
		tables: func(c deskCharts) []Table {
			t := c.hospitals(columns)
			for _, by := range []measure.Dimension{measure.ByHospital, measure.BySide, measure.BySurgeon, measure.ByCategory} {
				t.Tabs = append(t.Tabs, Tab{Text: c.T(by.NameKey()), Href: "/desk/comparison?" + join(c.b.Filter.Query(), "by="+string(by)), Current: by == c.b.By})
			}
			return []Table{t}
		}}
}

func flowsPlan(*http.Request, *Call) (deskPlan, error) { return flowsBoard(), nil }

func flowsBoard() deskPlan {
	tiles := []measure.ID{"access.townships", "access.elderly_rate", "access.referral_to", "access.referral_accepted", "access.referral_days", "visiting.from", "visiting.led_share", "skills.leave_behind"}
	return deskPlan{page: "flows", at: "/desk/flows", tab: "flows", tiles: tiles,
		input: reporting.BoardInput{Measures: tiles, Crossings: []measure.ID{"access.townships", "access.referral_to", "visiting.from"}},
		head: func(b *Base, _ reporting.Board) {
			b.Title, b.Eyebrow = b.T("board.flows.title"), b.T("nav.overview")
			b.Actions = append(b.Actions, Button{Text: b.T("board.references"), Href: "/desk/references"})
		},
		charts: deskCharts.flows,
		tables: func(c deskCharts) []Table { return c.townships() }}
}

// surgeonTiles are the figures of a surgeon's page: of operations somebody led.
func surgeonTiles() []measure.ID {
	return []measure.ID{"quality.operations", "quality.sheet_complete", "quality.signed", "quality.entered_2", "joint.complication_90", "joint.readmission_90", "joint.score_gain", "joint.satisfied",
		"cataract.good_618", "cataract.rupture", "coronary.success", "coronary.mace_30"}
}

func ownPlan(*http.Request, *Call) (deskPlan, error) {
	p := surgeonBoard("/desk/surgeon", "own")
	p.input.Own = true
	return p, nil
}

func surgeonPlan(r *http.Request, _ *Call) (deskPlan, error) {
	id, err := pathID(r, "id")
	p := surgeonBoard("/desk/surgeons/"+id.String(), "surgeons")
	p.input.Doctor = id
	p.fixed = append(p.fixed, measure.ByHospital)
	return p, err
}

func surgeonBoard(at, tab string) deskPlan {
	return deskPlan{page: "surgeon", at: at, tab: tab, tiles: surgeonTiles(), fixed: []measure.Dimension{measure.BySurgeon},
		input: reporting.BoardInput{Measures: append(surgeonTiles(), "joint.revision_365"), Sequences: []measure.ID{"joint.complication_90", "cataract.rupture", "coronary.mace_30"}, Scores: "knee"},
		head: func(b *Base, board reporting.Board) {
			b.Title, b.Eyebrow = b.T("board.surgeon.title", "name", board.Surgeon.Name), b.T("nav.overview")
			b.Sub = b.T("board.surgeon.sub", "at", instant(board.At.AsOf), "lock", board.At.Lock.String())
			if board.Hospital != nil {
				b.Crumbs = []Link{{Text: b.T("board.tab.surgeons"), Href: "/desk/surgeons"}, {Text: board.Surgeon.Name}}
				b.Sub = b.T("board.surgeon.at", "hospital", board.Hospital.Name, "what", b.Sub)
			}
		},
		charts: deskCharts.surgeon}
}

// surgeons lists the doctors of the hospital its reader heads.
func (s *Server) surgeons(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "overview")
	f, wrong, done, err := s.deskFilter(w, r, c, ofTheHospital())
	if err != nil || done {
		return err
	}
	read := func(f measure.Filter, frame bool) func() (reporting.Surgeons, error) {
		return func() (reporting.Surgeons, error) {
			return s.d.Reporting.Surgeons(r.Context(), c.Who, reporting.SurgeonsInput{Filter: f, Frame: frame})
		}
	}
	fixed := ofTheHospital().fixed
	list, wrong, err := figures(wrong, read(f, false), read(measure.Filter{}, true), s.keeping(r, c, f, fixed))
	if err != nil {
		return err
	}
	form, err := boardForm(c.Base, c, deskFrame{Desk: list.Desk, at: "/desk/surgeons", fixed: fixed}, f, wrong, r)
	if err != nil {
		return err
	}
	p := newSurgeonsPage(c.Base, list, form)
	p.Nav = s.deskTabs(c, "surgeons")
	p.Notes = pageNotes(c, list.Desk, form)
	return s.d.Engine.Render(w, r, form.Status(), "desk/board", p)
}

// ofTheHospital are the conditions of a page of the hospital its reader heads.
func ofTheHospital(more ...string) conditionsOfPage {
	return conditionsOfPage{fixed: []measure.Dimension{measure.ByHospital}, more: more}
}

// surgeonsExport gives the same list as a file.
func (s *Server) surgeonsExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	f, err := ofTheHospital("format").read(r.URL.Query(), c)
	if err != nil {
		return err
	}
	list, err := s.d.Reporting.Surgeons(r.Context(), c.Who, reporting.SurgeonsInput{Filter: f, File: format})
	if err != nil {
		return err
	}
	notes := filingOf(c, list.Partnership, list.At.AsOf, conditions(c.Base, list.Filter, list.Hospitals))
	return sendBook(w, fileName("desk-surgeons", list.At.AsOf, format), sheet.Book{Tables: []sheet.Table{notes.on(c.Base, surgeonsSheet(c.Base, list))}})
}

// surgeonsSheet is the list as a sheet.
func surgeonsSheet(b Base, list reporting.Surgeons) sheet.Table {
	t := sheet.Table{Name: b.T("board.tab.surgeons"), Title: b.T("board.surgeons.title", "hospital", list.Hospital.Name), Total: b.T("report.total"), Notes: []string{profileNote(b, list.Profile)},
		Columns: []sheet.Column{{Header: b.T("board.surgeons.name"), Width: 16}, {Header: b.T("board.surgeons.home"), Width: 30}, {Header: b.T("board.surgeons.kind"), Width: 12},
			{Header: b.T("board.surgeons.cases"), Kind: sheet.IntColumn, Sum: true}, {Header: b.T("board.surgeons.last"), Kind: sheet.DateColumn}}}
	var rows []sheet.Record
	for _, d := range list.List {
		rows = append(rows, sheet.Record{d.Name, d.Home, b.T(surgeonKind(d)), d.Cases, d.Last})
	}
	t.Rows = sheet.Records(rows)
	return t
}

// surgeonKind names whether a doctor is of the hospital or visits it.
func surgeonKind(d reporting.HospitalDoctor) string {
	if d.Visitor {
		return "measure.surgeon.visiting"
	}
	return "measure.surgeon.local"
}

func newSurgeonsPage(b Base, list reporting.Surgeons, form *Form) BoardPage {
	b.Title, b.Eyebrow, b.Sub = b.T("board.surgeons.title", "hospital", list.Hospital.Name), b.T("nav.overview"), b.T("board.surgeons.sub")
	p := BoardPage{Base: b, Filter: form, Refused: !form.OK()}
	if p.Refused {
		return p
	}
	t := Table{Caption: b.T("board.surgeons.list"), Columns: []Column{{Key: "board.surgeons.name", Class: "name-col"}, {Key: "board.surgeons.home", Class: "name-col"}, {Key: "board.surgeons.kind"},
		{Key: "board.surgeons.cases", Align: "right"}, {Key: "board.surgeons.last", Align: "right"}}, Empty: Empty{Title: b.T("report.empty.title"), Text: b.T("report.empty.text")}}
	if list.Rights.Export {
		query := keepOnly(list.Filter.Query(), parametersWithout(ofTheHospital().fixed))
		for _, format := range []string{"xlsx", "csv"} {
			t.Links = append(t.Links, Link{Text: b.T("desk.chart." + format), Href: "/desk/surgeons/export?" + join(query, "format="+format)})
		}
	}
	for _, d := range list.List {
		t.Rows = append(t.Rows, Cells(LinkCell(d.Name, "/desk/surgeons/"+d.ID.String()), TextCell(orDash(d.Home)), TextCell(b.T(surgeonKind(d))), Cell{Text: countText(d.Cases), Nowrap: true}, DateCell(d.Last)))
	}
	p.Tables = []Table{t}
	return p
}
