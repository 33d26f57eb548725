package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

// visitReportView is the report of a mission: the system writes it from what is
// on record, so that nobody types a figure.
type visitReportView struct {
	Base
	Hospital   string
	What, When string
	Paragraphs []string
	Tables     []reportTable
	Note       string
	By         string
	Printed    string
}

type reportTable struct {
	Title string
	Heads []string
	Rows  [][]string
}

func (s *Server) visitReport(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Visiting.Report(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	p := newVisitReport(c.Base, v)
	p.By, p.Printed = c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation), instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, http.StatusOK, "visiting/report", p)
}

func newVisitReport(b Base, v visiting.VisitView) visitReportView {
	b.Layout, b.Title = "print", b.T("visit.report.title", "title", v.Title)
	p := visitReportView{Base: b, Hospital: v.HospitalName, What: b.T(v.State.Label()), When: b.T("period.span", "from", v.From, "to", v.To), Note: v.Note}
	p.Paragraphs = append(p.Paragraphs, b.T("visit.report.who", "from", b.Day(v.From), "to", b.Day(v.To), "n", len(v.Roster), "hospital", v.HospitalName, "days", v.ServiceDays()))
	done := v.Count(visit.OutcomeDone) + v.Count(visit.OutcomeUnplanned)
	p.Paragraphs = append(p.Paragraphs, b.T("visit.report.done", "planned", len(v.Lines)-v.Count(visit.OutcomeUnplanned), "done", done, "extra", v.Count(visit.OutcomeUnplanned),
		"cancelled", v.Count(visit.OutcomeCancelled), "open", v.Count(visit.OutcomeOpen)))
	if kinds := kindsText(b, v); kinds != "" {
		p.Paragraphs = append(p.Paragraphs, b.T("visit.report.kinds", "list", kinds))
	}
	if done > 0 {
		p.Paragraphs = append(p.Paragraphs, handoverText(b, v))
	}
	if n := len(v.Teaching); n > 0 {
		came := 0
		for _, t := range v.Teaching {
			came += len(t.Attendees) + t.Others
		}
		p.Paragraphs = append(p.Paragraphs, b.T("visit.report.teaching", "n", n, "came", came))
	}
	if v.Reason != "" {
		p.Paragraphs = append(p.Paragraphs, b.T("visit.report.cancelled", "reason", v.Reason))
	}
	p.Tables = []reportTable{reportRoster(b, v), reportLines(b, v), reportSupplies(b, v)}
	return p
}

// kindsText counts the operations by kind, in the order of the programmes.
func kindsText(b Base, v visiting.VisitView) string {
	counts := map[procedure.Kind]int{}
	for _, l := range v.Lines {
		if l.Operation != nil {
			counts[l.Operation.Kind]++
		}
	}
	var out []string
	for _, p := range procedure.Programmes() {
		for _, k := range procedure.Kinds(p) {
			if counts[k] > 0 {
				out = append(out, b.T("visit.report.kind", "kind", b.T(k.Label()), "n", counts[k]))
			}
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

// handoverText says who of the hospital took over how many patients.
func handoverText(b Base, v visiting.VisitView) string {
	var names []string
	counts := map[string]int{}
	seen := map[ident.ID]bool{}
	for _, l := range v.Lines {
		if l.Owner == nil || seen[l.Owner.Case] {
			continue
		}
		seen[l.Owner.Case] = true
		if counts[l.Owner.OwnerName]++; counts[l.Owner.OwnerName] == 1 {
			names = append(names, l.Owner.OwnerName)
		}
	}
	for i, n := range names {
		names[i] = b.T("visit.report.owner", "name", n, "n", counts[n])
	}
	if v.Unowned > 0 {
		return b.T("visit.report.unowned", "n", v.Unowned)
	}
	return b.T("visit.report.owners", "list", strings.Join(names, b.T("list.separator")))
}

func reportRoster(b Base, v visiting.VisitView) reportTable {
	t := reportTable{Title: b.T("visit.roster"), Heads: []string{b.T("practitioner.name"), b.T("practitioner.home"), b.T("visit.duty"), b.T("visit.service_days")}}
	for _, m := range v.Roster {
		t.Rows = append(t.Rows, []string{m.Name, m.HomeName, b.T(m.Duty.Label()), number(visit.ServiceDays(v.Days, m.Practitioner))})
	}
	return t
}

func reportLines(b Base, v visiting.VisitView) reportTable {
	t := reportTable{Title: b.T("visit.list"), Heads: []string{b.T("case.no"), b.T("case.patient"), b.T("operation.on"), b.T("operation.one"), b.T("operation.lead"), b.T("visit.outcome"), b.T("visit.owner")}}
	for _, l := range v.Lines {
		row := []string{l.Patient.CaseNo, l.Patient.Name, "", "", "", b.T(l.Outcome.Label()), ""}
		if l.Entry != nil {
			row[2], row[3], row[4] = l.Entry.On.String(), kindName(b, l.Entry.Kind, l.Entry.Side), l.Entry.SurgeonName
			if l.Entry.Reason != "" {
				row[5] += " " + l.Entry.Reason
			}
		}
		if l.Operation != nil {
			row[2], row[3], row[4] = l.Operation.On.String(), kindName(b, l.Operation.Kind, l.Operation.Side), l.Operation.LeadName
		}
		if l.Owner != nil {
			row[6] = l.Owner.OwnerName
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func reportSupplies(b Base, v visiting.VisitView) reportTable {
	t := reportTable{Title: b.T("visit.supplies"), Heads: []string{b.T("visit.supply.name"), b.T("visit.supply.quantity"), b.T("visit.supply.unit"), b.T("visit.supply.source")}}
	for _, x := range v.Supplies {
		t.Rows = append(t.Rows, []string{x.Name, number(x.Quantity), x.Unit, b.T("visit.supply.source." + x.Source)})
	}
	return t
}
