package webui

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	emergency "github.com/shanhai-health/shanhai/internal/service/glass"
)

// glassRoutes declares emergencies: a record of another hospital opened for an
// hour, and the judgement afterwards.
func (s *Server) glassRoutes(rt *router) {
	rt.get("/glass", authz.GlassRead, s.glassesPage)
	rt.get("/glass/new", authz.GlassBreak, s.breakGlassPage)
	rt.post("/glass/new", authz.GlassBreak, s.breakGlass)
	rt.get("/glass/{id}", authz.GlassRead, s.glassPage)
	rt.post("/glass/{id}/close", authz.GlassBreak, s.closeGlass)
	rt.post("/glass/{id}/verdict", authz.GlassJudge, s.judgeGlass)
}

func glassTag(b Base, g glass.Breaking, now time.Time) Tag {
	state := g.StateAt(now)
	if g.Verdict != "" {
		return Tag{Text: b.T(g.Verdict.Label()), Kind: map[glass.Verdict]string{glass.Justified: "ok", glass.Unjustified: "error"}[g.Verdict]}
	}
	return Tag{Text: b.T(state.Label()), Kind: map[glass.State]string{glass.Open: "error", glass.Waiting: "warn"}[state]}
}

func newGlassesView(b Base, list emergency.List, waiting bool) noticeView {
	b.Title, b.Sub = b.T("nav.glass"), b.T("glass.sub")
	if list.MayBreak {
		b.Actions = []Button{{Text: b.T("glass.break"), Icon: "warning", Href: "/glass/new"}}
	}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "glass.opened"}, {Key: "glass.by"}, {Key: "glass.hospital"}, {Key: "glass.reason", Class: "grow"}, {Key: "glass.reads", Align: "right"},
		{Key: "notice.state"}, {Key: "glass.due"}}, Empty: Empty{Title: b.T("glass.empty"), Text: b.T("glass.empty.text")}}
	if list.Judge {
		t.Tabs = []Tab{{Text: b.T("glass.waiting"), Href: "/glass", Current: waiting}, {Text: b.T("glass.all"), Href: "/glass?all=1", Current: !waiting}}
	}
	for _, g := range list.Rows {
		tag := glassTag(b, g.Breaking, list.Now)
		due := Cell{Text: instant(g.DueAt), Nowrap: true}
		if g.Overdue(list.Now) {
			due.Sub = b.T("glass.late")
		}
		t.Rows = append(t.Rows, Cells(LinkCell(instant(g.OpenedAt), "/glass/"+g.ID.String()), TextCell(g.By), TextCell(g.HospitalName), TextCell(g.Reason), Cell{Text: strconv.Itoa(g.Reads)}, Cell{Tag: &tag}, due))
	}
	return noticeView{Base: b, Tables: []Table{t}}
}

func (s *Server) glassesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	waiting := r.URL.Query().Get("all") == "" && !s.can(c, authz.GlassBreak)
	list, err := s.d.Glass.List(r.Context(), c.Who, waiting, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "glass")
	v := newGlassesView(c.Base, list, waiting)
	v.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.showNotice(w, r, v)
}

// newBreakView asks who is there, where and why, and says what will happen.
func newBreakView(b Base, today clock.Date, hospitals []Option) noticeView {
	b.Title, b.Sub = b.T("glass.break"), b.T("glass.break.sub")
	b.Crumbs = []Link{{Text: b.T("nav.glass"), Href: "/glass"}, {Text: b.Title}}
	kinds := docKindOptions()
	fields := []Field{{Name: "doc_kind", LabelKey: "register.doc_kind", Kind: KindSelect, Options: kinds[:len(kinds)-1], Width: 4},
		{Name: "doc_number", LabelKey: "register.doc_number", HintKey: "glass.number.hint", Kind: KindIDCard, Width: 8, Focus: true}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "glass.hospital", Kind: KindSelect, Options: hospitals, Blank: "form.pick"})
	}
	fields = append(fields, Field{Name: "reason", LabelKey: "glass.reason", HintKey: "glass.reason.hint", Kind: KindArea, Rows: 3, Max: glass.MaxReason})
	f := keyed(NewForm(b, today, fields...)).Put("doc_kind", string(patient.DocCitizen))
	f.Action = "/glass/new"
	return noticeView{Base: b, Alerts: []Alert{{Kind: "warn", Icon: "warning", Title: b.T("glass.warn"), Text: b.T("glass.warn.text")}}, Form: f, Heading: b.T("glass.break"),
		Buttons: []Button{{Text: b.T("glass.break.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/glass"}}}
}

func (s *Server) breakView(r *http.Request, c *Call) (noticeView, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.GlassBreak)
	s.section(c, "glass")
	return newBreakView(c.Base, c.Today, hospitals), err
}

func (s *Server) breakGlassPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.breakView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, v)
}

func (s *Server) breakGlass(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.breakView(r, c)
	if err != nil {
		return err
	}
	f := v.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := emergency.Input{DocKind: patient.DocumentKind(f.Choice("doc_kind")), DocNumber: f.Text("doc_number"), Reason: f.Text("reason")}
	in.Hospital = offered(f, "hospital")
	if f.OK() {
		id, err := s.d.Glass.Break(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			return seeOther(w, r, "/glass/"+id.String())
		}
		if err = v.refused(err); err != nil {
			return err
		}
	}
	return s.showNotice(w, r, v)
}

func newGlassView(b Base, today clock.Date, v emergency.View) noticeView {
	b.Title = b.T("glass.one", "at", instant(v.OpenedAt))
	b.Crumbs = []Link{{Text: b.T("nav.glass"), Href: "/glass"}, {Text: b.Title}}
	now := v.OpenedAt
	if v.State != glass.Open {
		now = v.UntilAt
	}
	tag := glassTag(b, v.Breaking, now)
	b.Badge = &tag
	p := noticeView{Base: b, Defs: []Def{{Label: b.T("glass.by"), Text: v.By}, {Label: b.T("glass.hospital"), Text: v.HospitalName}, {Label: b.T("glass.reason"), Text: v.Reason},
		{Label: b.T("glass.opened"), Text: instant(v.OpenedAt)}, {Label: b.T("glass.until"), Text: instant(v.EndsAt())}, {Label: b.T("glass.reads"), Text: strconv.Itoa(v.Reads)},
		{Label: b.T("glass.due"), Text: instant(v.DueAt)}}}
	if v.Verdict != "" {
		p.Defs = append(p.Defs, Def{Label: b.T("glass.opinion"), Text: v.Opinion}, Def{Label: b.T("glass.judge"), Text: v.Judge + " " + instant(v.JudgedAt)})
	}
	if v.Overdue {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("glass.late"), Text: b.T("glass.late.text")})
	}
	if v.Record != nil {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Icon: "warning", Title: b.T("glass.open.until", "at", instant(v.UntilAt)), Text: b.T("glass.open.text")})
		p.recordOf(*v.Record, today)
	}
	version := strconv.FormatInt(v.Version, 10)
	switch {
	case v.MayClose:
		p.Form = keyed(NewForm(p.Base, today)).Hide("version", version)
		p.Form.Action, p.Heading, p.Buttons = "/glass/"+v.ID.String()+"/close", b.T("glass.close"), []Button{{Text: b.T("glass.close.do")}}
	case v.MayJudge:
		p.Form = keyed(NewForm(p.Base, today, Field{Name: "verdict", LabelKey: "glass.verdict", Kind: KindRadio, Options: optionsOf(glass.Verdicts()...)},
			Field{Name: "opinion", LabelKey: "glass.opinion", HintKey: "glass.opinion.hint", Kind: KindArea, Rows: 3, Max: 500})).Hide("version", version)
		p.Form.Action, p.Heading = "/glass/"+v.ID.String()+"/verdict", b.T("glass.verdict")
		p.Buttons = []Button{{Text: b.T("glass.verdict.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/glass"}}
	}
	return p
}

// recordOf puts the record of the patient on the page.
func (v *noticeView) recordOf(rec glass.Record, today clock.Date) {
	b := v.Base
	v.Title = rec.Person.Name
	about := b.T(patient.Sex(rec.Person.Sex).Key())
	if !rec.Person.Birth.IsZero() {
		about += " " + b.T("js.age.years", "n", rec.Person.Birth.AgeOn(today))
	}
	if !rec.Person.Deceased.IsZero() {
		about += " " + b.T("glass.deceased", "on", rec.Person.Deceased)
	}
	v.Sub = about
	day := func(d clock.Date) Cell {
		if d.IsZero() {
			return TextCell("–")
		}
		return DateCell(d)
	}
	ops := Table{Caption: b.T("glass.operations"), Columns: []Column{{Key: "glass.on"}, {Key: "glass.operation"}, {Key: "glass.implants", Class: "grow"}, {Key: "glass.trouble"}, {Key: "glass.hospital"}, {Key: "glass.surgeon"}},
		Empty: Empty{Title: b.T("glass.operations.none")}}
	for _, o := range rec.Operations {
		var parts, trouble []string
		for _, x := range o.Parts {
			parts = append(parts, strings.Join(strings.Fields(strings.Join([]string{b.T(device.Role(x.Role).Label()), x.Maker, x.Brand, x.Catalogue, x.Size, x.Lot, x.Serial}, " ")), " "))
		}
		for _, x := range o.Trouble {
			trouble = append(trouble, b.T(complication.Type(x.Type).Label())+" "+x.On.String())
		}
		ops.Rows = append(ops.Rows, Cells(day(o.On), Cell{Text: b.T(procedure.Kind(o.Kind).Label()), Sub: b.T(procedure.Side(o.Side).Label()) + " " + strings.Join(o.Diagnoses, " ")},
			TextCell(orDash(strings.Join(parts, "；"))), TextCell(orDash(strings.Join(trouble, "；"))), TextCell(o.Hospital), TextCell(o.Surgeon)))
	}
	stays := Table{Caption: b.T("glass.stays"), Columns: []Column{{Key: "glass.admitted"}, {Key: "glass.discharged"}, {Key: "glass.plan", Class: "grow"}, {Key: "notice.state"}, {Key: "glass.hospital"}}, Empty: Empty{Title: b.T("glass.stays.none")}}
	for _, x := range rec.Stays {
		stays.Rows = append(stays.Rows, Cells(day(x.Admitted), day(x.Discharged), TextCell(orDash(x.Plan)), TextCell(b.T(treatment.State(x.State).Label())), TextCell(x.Hospital)))
	}
	cases := Table{Caption: b.T("glass.cases"), Columns: []Column{{Key: "funding.case"}, {Key: "glass.programme"}, {Key: "glass.diagnosis", Class: "grow"}, {Key: "glass.on"}, {Key: "glass.hospital"}}, Empty: Empty{Title: b.T("glass.cases.none")}}
	for _, x := range rec.Cases {
		cases.Rows = append(cases.Rows, Cells(CodeCell(x.No), TextCell(b.T(procedure.Programme(x.Programme).Label())), TextCell(orDash(x.Diagnosis)), day(x.Opened), TextCell(x.Hospital)))
	}
	v.Tables = append(v.Tables, ops, stays, cases)
}

func (s *Server) readGlass(r *http.Request, c *Call) (noticeView, emergency.View, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, emergency.View{}, err
	}
	v, err := s.d.Glass.One(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, v, err
	}
	s.section(c, "glass")
	return newGlassView(c.Base, c.Today, v), v, nil
}

func (s *Server) glassPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readGlass(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) closeGlass(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.atVersion(w, r, c, s.d.Glass.Close, "glass.closed", "/glass")
}

func (s *Server) judgeGlass(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readGlass(r, c)
	if err != nil {
		return err
	}
	in := emergency.Judgement{Glass: v.ID, Version: v.Version}
	if f := p.Form; f != nil && v.MayJudge {
		if err := f.Read(r); err != nil {
			return err
		}
		in.Verdict, in.Opinion, in.Version = glass.Verdict(f.Choice("verdict")), f.Text("opinion"), f.Version()
		if !f.OK() {
			return s.showNotice(w, r, p)
		}
	}
	if err := s.d.Glass.Judge(r.Context(), c.Who, in, requestKey(r)); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("glass.verdict.done")})
	return seeOther(w, r, "/glass")
}
