package webui

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// careList is a list with its filter.
type careList struct {
	Base
	Filter *Form
	Table  Table
}

func number(n int) string { return strconv.Itoa(n) }

func programmeOptions(list []procedure.Programme) []Option {
	out := make([]Option, len(list))
	for i, p := range list {
		out[i] = Option{Value: string(p), Key: p.Label()}
	}
	return out
}

func casesFilter(b Base, today clock.Date, hospitals []Option) *Form {
	var states []Option
	for _, st := range casefile.States() {
		states = append(states, Option{Value: string(st), Key: st.Label()})
	}
	fields := []Field{
		{Name: "programme", LabelKey: "case.programme", Kind: KindSelect, Optional: true, Blank: "list.any", Options: programmeOptions(procedure.Programmes())},
		{Name: "state", LabelKey: "case.state", Kind: KindSelect, Optional: true, Blank: "list.any", Options: states}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Optional: true, Blank: "list.any", Options: hospitals})
	}
	fields = append(fields, Field{Name: "from", LabelKey: "care.from", Kind: KindDate, Optional: true}, Field{Name: "to", LabelKey: "care.to", Kind: KindDate, Optional: true})
	f := NewForm(b, today, fields...)
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/cases"
	return f
}

// hospitalOptions are the hospitals a reader may filter by.
func (s *Server) hospitalOptions(r *http.Request, c *Call, perm authz.Permission) ([]Option, error) {
	list, err := s.d.Care.Hospitals(r.Context(), c.Who, perm)
	out := make([]Option, len(list))
	for i, h := range list {
		out[i] = Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)}
	}
	return out, err
}

// offered reads an optional choice of a field that may not be in the form.
func offered(f *Form, name string) ident.ID {
	if !slices.Contains(f.Names(), name) {
		return ident.Nil
	}
	id, _ := ident.Parse(f.Choice(name)) // not offered: noted by Choice
	return id
}

func (s *Server) casesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospitals, err := s.hospitalOptions(r, c, authz.CaseRead)
	if err != nil {
		return err
	}
	f := casesFilter(c.Base, c.Today, hospitals)
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.CasesInput{Programme: procedure.Programme(f.Choice("programme")), State: casefile.State(f.Choice("state")), Hospital: offered(f, "hospital"),
		From: f.Date("from"), To: f.Date("to"), Page: pageRequest(r)}
	list, err := s.d.Care.Cases(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	s.section(c, "cases")
	b := c.Base
	b.Title, b.Tabs = b.T("nav.cases"), caseTabs(c.Base, false)
	v := newCasesView(b, f, list, c.Today)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newCasesView(b Base, f *Form, list care.CaseList, today clock.Date) careList {
	t := Table{Caption: b.T("nav.cases"), Quiet: true, Columns: []Column{{Key: "case.no"}, {Key: "case.patient", Class: "grow"}, {Key: "case.programme"},
		{Key: "case.home"}, {Key: "case.state"}, {Key: "case.opened_on"}}, Empty: Empty{Title: b.T("case.none"), Text: b.T("case.none.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/cases")
	}
	for _, c := range list.Rows {
		tag := caseTag(b, c.State)
		t.Rows = append(t.Rows, Cells(Cell{Text: c.No, Href: "/cases/" + c.ID.String(), Nowrap: true}, Cell{Text: c.PersonName, Sub: identity(b, c.Sex, c.Birth, today)},
			TextCell(b.T(c.Programme.Label())), spot(sides(list.Sides).of(c.Home), c.HomeName), Cell{Tag: &tag}, DateCell(c.OpenedOn)))
	}
	return careList{Base: b, Filter: f, Table: t}
}

// caseTag is the derived state of a case.
func caseTag(b Base, st casefile.State) Tag {
	kind := map[casefile.State]string{casefile.InTreatment: "info", casefile.Waiting: "info", casefile.SecondDue: "warn", casefile.FollowUp: "ok",
		casefile.Ended: "warn"}[st]
	return Tag{Text: b.T(st.Label()), Kind: kind}
}

// caseView is the page of one case.
type caseView struct {
	Base
	Facts      []Def
	Treatments Table
	Operations Table
	Strips     []Strip
	Referrals  *Table
	FollowUps  *Table
	FollowHref string // the follow-up of the case; empty: closed to the reader
}

func (s *Server) readCase(r *http.Request, c *Call) (care.CaseView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return care.CaseView{}, err
	}
	return s.d.Care.Case(r.Context(), c.Who, id)
}

func (s *Server) casePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readCase(r, c)
	if err != nil {
		return err
	}
	x := caseRights{patient: s.can(c, authz.PersonRead), follow: s.can(c, authz.FollowUpRead), estimates: s.can(c, authz.EstimateRead), watches: s.can(c, authz.AuditRead), today: c.Today}
	if x.followUps, err = s.d.Aftercare.Block(r.Context(), c.Who, v.ID); err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/case", newCaseView(s.careBase(c, "cases", v.No), v, x))
}

// caseRights is what the page needs besides the case.
type caseRights struct {
	patient   bool // the reader may open the page of record
	follow    bool // and the follow-up
	followUps []aftercare.FollowUp
	today     clock.Date
	estimates bool // the reader may see estimates
	watches   bool // the reader may ask who saw it
}

func newCaseView(b Base, v care.CaseView, x caseRights) caseView {
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, x.today), "programme", b.T(v.Programme.Label()))
	tag := caseTag(b, v.State)
	b.Badge = &tag
	b.Actions = caseActions(b, v)
	if at := len(v.Treatments) - 1; x.estimates && at >= 0 && !v.Treatments[at].Place.State.Final() {
		b.Actions = append(b.Actions, Button{Text: b.T("estimate.title"), Icon: "yuan", Href: estimateHref(v.Treatments[at].ID)})
	}
	if x.watches {
		b.Actions = append(b.Actions, Button{Text: b.T("oversight.who"), Icon: "eye", Href: "/audit/cases/" + v.ID.String()})
	}
	p := caseView{Base: b, Facts: caseFacts(b, v, x)}
	p.Treatments = treatmentsTable(b, v.Treatments, v.Sides, v.CanRead)
	p.Operations = operationsTable(b, v.Operations, v.Sides, x.today, false)
	p.Operations.Caption, p.Operations.Quiet = b.T("nav.operations"), false
	p.Strips = strips(b, v.Treatments, v.Bills, v.Sides)
	if len(v.Referrals) > 0 {
		t := referralsTable(b, v.Referrals, v.Sides, x.today)
		p.Referrals = &t
	}
	if x.follow && len(v.Operations)+len(x.followUps) > 0 {
		t := caseFollowTable(b, nearFollowUps(x.followUps, x.today), x.today, false)
		p.FollowUps, p.FollowHref = &t, caseFollowUps(v.ID.String())
		t.Links = []Link{{Text: b.T("followup.open"), Href: p.FollowHref}}
	}
	return p
}

func caseActions(b Base, v care.CaseView) []Button {
	base := "/cases/" + v.ID.String()
	var out []Button
	if len(v.CanOpen) > 0 {
		treat := Button{Text: b.T("case.treat"), Icon: "plus", Kind: "primary", Href: base + "/treatments/new"}
		if v.State == casefile.FollowUp { // possible, but not what comes next
			treat.Kind = ""
		}
		out = append(out, treat)
	}
	if v.CanClose && v.Programme != procedure.Coronary {
		out = append(out, Button{Text: b.T("case.second"), Href: base + "/second"})
	}
	if v.Programme == procedure.Cataract {
		out = append(out, Button{Text: b.T("acuity.one"), Href: base + "/acuity"})
	}
	if v.CanRefer {
		out = append(out, Button{Text: b.T("referral.send"), Icon: "swap", Href: base + "/refer"})
	}
	if v.CanClose {
		out = append(out, Button{Text: b.T("case.close"), Href: base + "/close"})
	}
	if v.CanReopen {
		out = append(out, Button{Text: b.T("case.reopen"), Href: base + "/reopen"})
	}
	return append(out, Button{Text: b.T("correct.title"), Icon: "undo", Href: base + "/correct"})
}

func caseFacts(b Base, v care.CaseView, x caseRights) []Def {
	who := Def{Label: b.T("case.patient"), Text: v.PersonName}
	if x.patient {
		who.Href = "/patients/" + v.Person.String()
	}
	out := []Def{who, {Label: b.T("case.home"), HTML: b.Place(sides(v.Sides).of(v.Home), v.HomeName)}, {Label: b.T("case.opened_on"), Text: b.Day(v.OpenedOn)}}
	if v.Diagnosis != "" {
		out = append(out, Def{Label: b.T("case.diagnosis"), Text: v.Diagnosis})
	}
	if v.Second != nil {
		plan := Def{Label: b.T("case.second.planned"), Text: siteText(b, v.Second.Site, v.Second.Side)}
		if v.SecondName != "" {
			plan.Text = b.T("care.pair", "a", plan.Text, "b", v.SecondName)
		}
		if !v.Second.From.IsZero() {
			plan.Text = b.T("care.pair", "a", plan.Text, "b", v.Second.From)
		}
		out = append(out, plan)
	}
	if !v.Open() {
		out = append(out, Def{Label: b.T("case.closed_on"), Text: b.Day(v.ClosedOn)}, Def{Label: b.T("case.closure"), Text: b.T(v.Closure.Label())})
		if v.ClosureNote != "" {
			out = append(out, Def{Label: b.T("care.note"), Text: v.ClosureNote})
		}
	}
	return out
}

// siteText names a joint or eye with its side.
func siteText(b Base, site procedure.Site, side procedure.Side) string {
	switch {
	case site == procedure.Eye && side.Known():
		return b.T(side.EyeLabel())
	case side.Known():
		return b.T("care.sided", "side", b.T(side.Label()), "site", b.T(site.Label()))
	}
	return b.T(site.Label())
}

func treatmentsTable(b Base, list []care.Treatment, at sides, open bool) Table {
	t := Table{Caption: b.T("treatment.list"), Columns: []Column{{Key: "treatment.plan", Class: "grow"}, {Key: "treatment.hospital"}, {Key: "treatment.state"},
		{Key: "treatment.path"}, {Key: "treatment.admitted_on"}, {Key: "treatment.operated_on"}, {Key: "treatment.discharged_on"}},
		Empty: Empty{Title: b.T("treatment.none"), Text: b.T("treatment.none.text")}}
	for _, x := range list {
		what := TextCell(treatmentName(b, x))
		if open {
			what.Href = "/treatments/" + x.ID.String()
		}
		tag := stateTag(b, x.Place)
		t.Rows = append(t.Rows, Cells(what, spot(at.of(x.Hospital), x.HospitalName), Cell{Tag: &tag}, CodeCell(b.T(x.Place.Path.Label())),
			DateCell(x.AdmittedOn), DateCell(x.OperatedOn), DateCell(x.DischargedOn)))
	}
	return t
}

// treatmentName is what a treatment is called: its plan, or its programme.
func treatmentName(b Base, t care.Treatment) string {
	if t.Plan != "" {
		return t.Plan
	}
	return b.T(t.Programme.Label())
}

func referralsTable(b Base, list []care.Referral, at sides, today clock.Date) Table {
	t := Table{Caption: b.T("nav.referrals"), Columns: []Column{{Key: "referral.what", Class: "grow"}, {Key: "referral.from"}, {Key: "referral.to"}, {Key: "join.state"},
		{Key: "referral.due"}, {Key: "join.on"}}}
	for _, r := range list {
		row := referralRow(b, r, at, today)
		row.Cells = row.Cells[1:]
		row.Cells[0].Href = "/referrals/" + r.ID.String()
		t.Rows = append(t.Rows, row)
	}
	return t
}

func joinKind(st referral.State) string {
	return map[referral.State]string{referral.Sent: "warn", referral.Accepted: "ok", referral.Rejected: "error"}[st]
}

// strips are the bills of treatments, a total first when there are several.
func strips(b Base, list []care.Treatment, bills []care.Bill, at sides) []Strip {
	var out []Strip
	total := Strip{Title: b.T("strip.total", "n", len(bills)), Joint: true}
	for _, x := range bills {
		st := Strip{Title: b.T("treatment.one"), Note: b.T("strip.settled", "on", x.SettledOn), Bill: x.Bill, Shares: []Share{{Layer: LayerBasic, Amount: x.Basic},
			{Layer: LayerCritical, Amount: x.Critical}, {Layer: LayerAid, Amount: x.Assistance}, {Layer: LayerOther, Amount: x.Other},
			{Layer: LayerFund, Amount: x.Fund}, {Layer: LayerWaiver, Amount: x.Waiver}, {Layer: LayerSelf, Amount: x.Net}}}
		if i := slices.IndexFunc(list, func(t care.Treatment) bool { return t.ID == x.Treatment }); i >= 0 {
			st.Title, st.Side, st.Place = treatmentName(b, list[i]), at.of(list[i].Hospital), list[i].HospitalName
		}
		total.Bill += st.Bill
		if total.Shares == nil {
			total.Shares = slices.Clone(st.Shares)
		} else {
			for i := range st.Shares {
				total.Shares[i].Amount += st.Shares[i].Amount
			}
		}
		out = append(out, st)
	}
	if len(out) > 1 {
		out = append([]Strip{total}, out...)
	}
	for i := range out {
		out[i].Shares = slices.DeleteFunc(out[i].Shares, func(x Share) bool { return x.Layer == LayerOther && x.Amount == 0 })
	}
	return out
}
