package webui

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
)

// screeningRoutes declares the pages of outreach days.
func (s *Server) screeningRoutes(rt *router) {
	rt.get("/screenings", authz.ScreeningRead, s.screeningsPage)
	rt.get("/screenings/new", authz.ScreeningRecord, s.newScreeningPage)
	rt.post("/screenings", authz.ScreeningRecord, s.recordScreening)
	rt.get("/screenings/{id}", authz.ScreeningRead, s.screeningPage)
	rt.post("/screenings/{id}/registration", authz.PersonRegister, s.linkScreening)
	rt.get("/screenings/{id}/withdrawal", authz.ScreeningRecord, s.withdrawScreeningPage)
	rt.post("/screenings/{id}/withdrawal", authz.ScreeningRecord, s.withdrawScreening)
}

// villageValue is a place as the value of an option; the sign between the two
// parts is in no name.
func villageValue(p screening.Place) string { return p.Township + "|" + p.Village }

func villageOf(value string) screening.Place {
	township, village, _ := strings.Cut(value, "|")
	return screening.Place{Township: township, Village: village}
}

func screeningFilter(b Base, today clock.Date, hospitals, places []Option) *Form {
	fields := []Field{{Name: "on", LabelKey: "screening.on", Kind: KindDate, Optional: true},
		{Name: "place", LabelKey: "screening.place", Kind: KindSelect, Optional: true, Blank: "list.any", Options: places},
		{Name: "triage", LabelKey: "screening.triage", Kind: KindSelect, Optional: true, Blank: "list.any", Options: optionsOf(screening.Triages()...)},
		{Name: "answer", LabelKey: "screening.answer", Kind: KindSelect, Optional: true, Blank: "list.any", Options: optionsOf(screening.Answers()...)},
		{Name: "open", LabelKey: "screening.state", Kind: KindSelect, Optional: true, Blank: "list.any", Options: []Option{{Value: "yes", Key: "screening.open"}}}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Optional: true, Blank: "list.any", Options: hospitals})
	}
	f := NewForm(b, today, fields...)
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/screenings"
	return f
}

// placeOptions are the places to choose from; one that was asked for stays among
// them however long ago it was.
func placeOptions(list []outreach.DayPlace, chosen string) (out []Option) {
	for _, p := range list {
		out = append(out, Option{Value: villageValue(p.Place), Text: p.String()})
		if villageValue(p.Place) == chosen {
			chosen = ""
		}
	}
	if chosen != "" {
		out = append(out, Option{Value: chosen, Text: villageOf(chosen).String()})
	}
	return out
}

func (s *Server) screeningsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospitals, err := s.hospitalOptions(r, c, authz.ScreeningRead)
	if err != nil {
		return err
	}
	place := r.URL.Query().Get("place")
	f := screeningFilter(c.Base, c.Today, hospitals, placeOptions(nil, place))
	if err := f.Read(r); err != nil {
		return err
	}
	in := outreach.ListInput{Hospital: offered(f, "hospital"), On: f.Date("on"), Triage: screening.Triage(f.Choice("triage")), Answer: screening.Answer(f.Choice("answer")),
		Open: f.Choice("open") != "", Page: pageRequest(r)}
	if place != "" {
		in.Place = villageOf(place)
	}
	list, err := s.d.Screenings.List(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	x := f.field("place")
	x.Options = placeOptions(list.Places, place)
	f.Declare(x)
	s.section(c, "screenings")
	b := c.Base
	b.Tabs = screeningTabs(b, in)
	v := newScreeningsView(b, f, list, screeningRights{register: s.can(c, authz.PersonRegister), record: s.can(c, authz.ScreeningRecord), wide: len(hospitals) > 1})
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

// screeningTabs lead to everybody, and to those who are to be called in.
func screeningTabs(b Base, in outreach.ListInput) []Tab {
	due := in.Open && in.Answer == screening.Willing
	return []Tab{{Text: b.T("screening.tab.all"), Href: "/screenings", Current: !due}, {Text: b.T("screening.tab.due"), Href: "/screenings?answer=WILLING&open=yes", Current: due}}
}

// screeningRights is what the reader may do from the list.
type screeningRights struct {
	register, record bool
	wide             bool // several hospitals
}

func newScreeningsView(b Base, f *Form, list outreach.List, may screeningRights) careList {
	b.Title, b.Sub = b.T("nav.screenings"), screeningDay(b, list.Day, list.Count)
	if may.record {
		b.Actions = []Button{{Text: b.T("outreach.open"), Href: "/outreach"}, {Text: b.T("outreach.handover"), Icon: "upload", Href: "/screenings/handover"},
			{Text: b.T("screening.new"), Icon: "plus", Href: "/screenings/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("nav.screenings"), Quiet: true, Columns: []Column{{Key: "screening.on"}, {Key: "register.name"}, {Key: "screening.place"},
		{Key: "screening.finding", Class: "grow"}, {Key: "screening.triage"}, {Key: "screening.answer"}, {Key: "screening.state"}},
		Empty: Empty{Title: b.T("screening.none"), Text: b.T("screening.none.text"), Buttons: b.Actions[max(0, len(b.Actions)-1):]}}
	if may.wide {
		t.Columns = append(t.Columns, Column{Key: "case.hospital"})
	}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/screenings")
	}
	for _, x := range list.Rows {
		name := Cell{Text: x.Name, Href: screeningPath(x.ID), Sub: bornText(b, x)}
		if x.Alike > 0 {
			name.Sub += b.T("list.comma") + b.T("screening.alike.n", "n", x.Alike)
		}
		finding := Cell{Text: b.T(x.Programme.Label()), Sub: findingText(b, x.Finding)}
		row := Cells(DateCell(x.On), name, CodeCell(x.Place.String()), finding, triageCell(b, x), TextCell(willText(b, x)), screeningState(b, x, may.register))
		if may.wide {
			row.Cells = append(row.Cells, Cell{Text: x.HospitalName, Nowrap: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return careList{Base: b, Filter: f, Table: t}
}

func screeningPath(id ident.ID) string { return "/screenings/" + id.String() }

// registerPath begins a registration with a screening: the address carries the
// id only, the server fills the form.
func registerPath(id ident.ID) string {
	return address("/patients/register", url.Values{"screening": {id.String()}})
}

// bornText is sex and age on the day of the screening.
func bornText(b Base, x outreach.Screening) string { return identity(b, x.Sex, x.Birth, x.On) }

func triageCell(b Base, x outreach.Screening) Cell {
	kind := map[screening.Triage]string{screening.Advised: "warn", screening.Further: "info"}[x.Triage]
	return TagCell(kind, b.T(x.Triage.Label()))
}

// willText is what the person says to the advice, or nothing.
func willText(b Base, x outreach.Screening) string {
	if x.Answer == "" {
		return ""
	}
	text := b.T(x.Answer.Label())
	if x.Reason != "" {
		text += b.T("list.comma") + b.T(x.Reason.Label())
	}
	if x.ReasonText != "" {
		text += b.T("list.comma") + x.ReasonText
	}
	return text
}

func screeningState(b Base, x outreach.Screening, register bool) Cell {
	switch {
	case x.Converted():
		return Cell{Text: b.T("screening.registered"), Href: patientPath(x.Person), Nowrap: true}
	case register && x.Registrable():
		return ButtonCell(Button{Text: b.T("screening.register"), Href: registerPath(x.ID)})
	}
	return CodeCell(b.T("screening.open"))
}

// findingText is what was found in one line.
func findingText(b Base, f screening.Finding) string {
	var out []string
	switch {
	case f.Joint != nil:
		out = append(out, b.T("screening.joint", "side", b.T(f.Joint.Side.Label()), "site", b.T(f.Joint.Site.Label())))
		if f.Joint.Pain != nil {
			out = append(out, b.T("screening.pain.said", "n", *f.Joint.Pain))
		}
		if f.Joint.Walking != "" {
			out = append(out, b.T(f.Joint.Walking.Label()))
		}
	case f.Eyes != nil:
		if e := f.Eyes.Right; e != nil {
			out = append(out, b.T("screening.eye.right", "value", e.Raw))
		}
		if e := f.Eyes.Left; e != nil {
			out = append(out, b.T("screening.eye.left", "value", e.Raw))
		}
	case f.Heart != nil:
		out = append(out, b.T(f.Heart.ChestPain.Label()))
		if p := pressureText(f.Heart); p != "" {
			out = append(out, b.T("screening.pressure.said", "value", p))
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

func pressureText(h *screening.Heart) string {
	if h.Systolic == 0 {
		return ""
	}
	return strconv.Itoa(h.Systolic) + "/" + strconv.Itoa(h.Diastolic)
}

// screeningView is the page of one screening.
type screeningView struct {
	Base
	Facts  []Def
	Alike  *Table
	Photos *Table
}

func (s *Server) readScreened(r *http.Request, c *Call) (outreach.View, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return outreach.View{}, err
	}
	return s.d.Screenings.Screening(r.Context(), c.Who, id)
}

func (s *Server) screeningPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readScreened(r, c)
	if err != nil {
		return err
	}
	s.section(c, "screenings")
	return s.d.Engine.Render(w, r, http.StatusOK, "screening/view", newScreeningView(c.Base, v))
}

func newScreeningView(b Base, v outreach.View) screeningView {
	b.Title, b.Sub = v.Name, b.T("screening.sub", "who", bornText(b, v.Screening), "date", b.Day(v.On), "place", v.Place.String())
	b.Crumbs = []Link{{Text: b.T("nav.screenings"), Href: "/screenings"}, {Text: v.Name}}
	if v.Withdraw {
		b.Actions = append(b.Actions, Button{Text: b.T("screening.withdraw"), Href: screeningPath(v.ID) + "/withdrawal"})
	}
	if v.Register {
		b.Actions = append(b.Actions, Button{Text: b.T("screening.register"), Icon: "plus", Href: registerPath(v.ID), Kind: "primary"})
	}
	p := screeningView{Base: b, Facts: screeningFacts(b, v.Screening)}
	if len(v.Alike) > 0 {
		t := Table{Caption: b.T("screening.alike"), Note: b.T("screening.alike.note"), Columns: []Column{{Key: "screening.on"}, {Key: "register.name", Class: "grow"}, {Key: "screening.place"},
			{Key: "screening.programme"}, {Key: "screening.triage"}, {Key: "screening.answer"}, {Key: "screening.state"}}}
		for _, x := range v.Alike {
			t.Rows = append(t.Rows, Cells(DateCell(x.On), Cell{Text: x.Name, Href: screeningPath(x.ID), Sub: bornText(b, x)}, TextCell(x.Place.String()),
				TextCell(b.T(x.Programme.Label())), triageCell(b, x), TextCell(willText(b, x)), screeningState(b, x, false)))
		}
		p.Alike = &t
	}
	if len(v.Photos) > 0 {
		p.Photos = photosTable(b, v)
	}
	return p
}

// photosTable lists the photos of an outreach day; they open for who may read
// attachments.
func photosTable(b Base, v outreach.View) *Table {
	t := Table{Caption: b.T("outreach.count.photos"), Columns: []Column{{Key: "attach.kind", Class: "grow"}, {Key: "attach.size", Align: "right"}, {Key: "attach.by"}, {Key: "attach.at"}}}
	for _, a := range v.Photos {
		kind := Cell{Text: b.T(a.Kind.Label())}
		if v.Open {
			kind.Href = "/attachments/" + a.ID.String()
		}
		t.Rows = append(t.Rows, Cells(kind, Cell{Text: fileSize(a.Size), Nowrap: true}, TextCell(a.By), Cell{Text: instant(a.CreatedAt), Nowrap: true}))
	}
	return &t
}

func screeningFacts(b Base, x outreach.Screening) []Def {
	born := b.Day(x.Birth)
	if x.BirthEstimated {
		born = b.T("screening.birth.age", "n", x.On.Year()-x.Birth.Year())
	}
	out := []Def{{Label: b.T("register.birth"), Text: born}}
	if x.DocLast4 != "" {
		out = append(out, Def{Label: b.T(x.DocKind.Key()), Text: MaskID(x.DocLast4)})
	}
	if x.PhoneLast4 != "" {
		out = append(out, Def{Label: b.T("register.phone"), Text: MaskPhone(x.PhoneLast4)})
	}
	out = append(out, Def{Label: b.T("screening.programme"), Text: b.T(x.Programme.Label())}, Def{Label: b.T("screening.finding"), Text: findingText(b, x.Finding)})
	out = append(out, eyeFacts(b, x.Finding)...)
	out = append(out, Def{Label: b.T("screening.triage"), Text: b.T(x.Triage.Label())})
	if x.Answer != "" {
		out = append(out, Def{Label: b.T("screening.answer"), Text: willText(b, x)})
	}
	if x.Note != "" {
		out = append(out, Def{Label: b.T("register.note"), Text: x.Note})
	}
	basis := b.T(x.LegalBasis.Key())
	if x.ConsentNote != "" {
		basis += b.T("list.comma") + x.ConsentNote
	}
	out = append(out, Def{Label: b.T("register.legal_basis"), Text: basis})
	if x.Guardian != "" {
		out = append(out, Def{Label: b.T("register.guardian"), Text: x.Guardian})
	}
	out = append(out, Def{Label: b.T("case.hospital"), Text: x.HospitalName}, Def{Label: b.T("screening.by"), Text: x.By + " " + instant(x.CreatedAt)})
	if x.Converted() {
		out = append(out, Def{Label: b.T("screening.state"), Text: b.T("screening.registered") + " " + instant(x.ConvertedAt), Href: patientPath(x.Person)})
		if x.CaseNo != "" {
			out = append(out, Def{Label: b.T("case.no"), Text: x.CaseNo, Href: "/cases/" + x.Case.String()})
		}
	}
	return out
}

// eyeFacts are the readings in all notations, where a chart said one.
func eyeFacts(b Base, f screening.Finding) (out []Def) {
	if f.Eyes == nil {
		return nil
	}
	for _, x := range []struct {
		key string
		eye *screening.Eye
	}{{"screening.acuity_right", f.Eyes.Right}, {"screening.acuity_left", f.Eyes.Left}} {
		if x.eye != nil {
			out = append(out, Def{Label: b.T(x.key), Text: acuitySaid(b, acuity.Value(x.eye.Value))})
		}
	}
	return out
}

func (s *Server) screeningToWithdraw(r *http.Request, c *Call) (careForm, outreach.View, error) {
	v, err := s.readScreened(r, c)
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "screenings")
	b := c.Base
	b.Title = b.T("screening.withdraw")
	b.Crumbs = []Link{{Text: b.T("nav.screenings"), Href: "/screenings"}, {Text: v.Name, Href: screeningPath(v.ID)}, {Text: b.Title}}
	p := withdrawal(b, c.Today, screeningFacts(b, v.Screening), v.Version)
	p.Form.Action = r.URL.Path
	return p, v, nil
}

func (s *Server) withdrawScreeningPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.screeningToWithdraw(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("screening.withdraw"), Kind: "danger"}, screeningPath(v.ID))
}

func (s *Server) withdrawScreening(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.screeningToWithdraw(r, c)
	if err != nil {
		return s.screeningWithdrawn(w, r, c, err)
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := outreach.WithdrawInput{ID: v.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		if _, err = s.d.Screenings.Withdraw(r.Context(), c.Who, in, outreach.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("screening.withdrawn")})
			return seeOther(w, r, "/screenings")
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("screening.withdraw"), Kind: "danger"}, screeningPath(v.ID))
}

// fromScreening fills the form of a registration from a screening. Its numbers
// do not leave the store: the boxes stay empty and say that what was noted is
// taken over.
func (s *Server) fromScreening(r *http.Request, c *Call, f *Form, text string) (outreach.Screening, error) {
	id, err := ident.Parse(text)
	if err != nil {
		return outreach.Screening{}, nil
	}
	x, err := s.d.Intake.Screened(r.Context(), c.Who, id)
	if err != nil {
		return x, err
	}
	f.Hide("screening", id.String())
	c.Base.Sub = c.P.T("screening.from.text", "date", x.On, "place", x.Place.String())
	carryNumbers(f, x)
	return x, nil
}

func carryNumbers(f *Form, x outreach.Screening) {
	for name, tail := range map[string]string{"doc_number": MaskID(x.DocLast4), "phone": MaskPhone(x.PhoneLast4)} {
		if name == "doc_number" && x.DocLast4 == "" || name == "phone" && x.PhoneLast4 == "" {
			continue
		}
		field := f.field(name)
		field.HintKey, field.HintArgs, field.Optional, field.Focus = "screening.carry", map[string]any{"number": tail}, true, false
		f.Declare(field)
	}
}

// putScreening fills in what is not secret.
func putScreening(f *Form, x outreach.Screening) {
	f.Put("name", x.Name).Put("sex", map[patient.Sex]string{patient.Male: "male", patient.Female: "female"}[x.Sex]).Put("birth", x.Birth.String())
	if x.BirthEstimated {
		f.Put("estimated", "yes")
	}
	if x.DocKind != patient.DocNone {
		f.Put("doc_kind", string(x.DocKind))
	}
	f.Put("hospital", x.Hospital.String()).Put("township", x.Place.Township).Put("village", x.Place.Village)
	f.Put("legal_basis", string(x.LegalBasis)).Put("consent_note", x.ConsentNote).Put("guardian", x.Guardian)
	if f.has("programme") {
		f.Put("programme", string(x.Programme))
	}
}

// linkScreening notes that the screened person is a patient already: a button of
// the banner of likely duplicates.
func (s *Server) linkScreening(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	in := intake.LinkInput{Screening: id}
	in.Registration, _ = ident.Parse(r.PostFormValue("registration")) // not made by the page: there is none
	key := requestKey(r)
	if key != "" { // the form's own key belongs to registering
		key += "/link"
	}
	person, err := s.d.Intake.LinkScreening(r.Context(), c.Who, key, in)
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("screening.linked")})
	return seeOther(w, r, patientPath(person))
}

// screeningWithdrawn answers the same withdrawal a second time.
func (s *Server) screeningWithdrawn(w http.ResponseWriter, r *http.Request, c *Call, missing error) error {
	id, err := pathID(r, "id")
	if err != nil {
		return missing
	}
	if err := again(r, c, missing, func(v int64, reason string) error {
		in := outreach.WithdrawInput{ID: id, Version: v, Reason: reason}
		_, err := s.d.Screenings.Withdraw(r.Context(), c.Who, in, outreach.KeyOf(requestKey(r), in))
		return err
	}); err != nil {
		return err
	}
	return seeOther(w, r, "/screenings")
}
