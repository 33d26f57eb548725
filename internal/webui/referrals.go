package webui

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// referralRoutes declares the pages about requests between hospitals.
func (s *Server) referralRoutes(rt *router) {
	rt.get("/referrals", authz.CaseRead, s.referralsPage)
	rt.get("/referrals/clock", authz.CaseRead, s.clocksPage)
	rt.post("/referrals/clock", authz.PairingEdit, s.saveClocks)
	rt.get("/referrals/{id}", authz.CaseRead, s.referralPage)
	rt.get("/referrals/{id}/{action}", authz.CaseRead, s.answerPage)
	rt.post("/referrals/{id}/{action}", authz.CaseRead, s.answer)
	rt.get("/second-sides", authz.CaseRead, s.secondPage)
	rt.get("/cases/{id}/refer", authz.CaseJoin, s.referPage)
	rt.post("/cases/{id}/refer", authz.CaseJoin, s.refer)
}

func (s *Server) referralsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	in := care.ReferralsInput{Box: care.Inbox, State: referral.State(r.URL.Query().Get("state")), Page: pageRequest(r)}
	switch box := r.URL.Query().Get("box"); box {
	case string(care.Outbox):
		in.Box = care.Outbox
	case string(care.Late):
		in.Box = care.Late
	}
	if in.State != "" && !slices.Contains(referral.States(), in.State) {
		return errs.Missing("error.not_found")
	}
	list, err := s.d.Care.Referrals(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	s.section(c, "referrals")
	b := c.Base
	b.Title, b.Sub = b.T("nav.referrals"), b.T("referrals.sub")
	b.Actions = []Button{{Text: b.T("referrals.clock"), Icon: "clock", Href: "/referrals/clock"}}
	v := newReferralsView(b, list, in)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "care/referrals", v)
}

// referralsView is one box of requests.
type referralsView struct {
	Base
	Table Table
}

func newReferralsView(b Base, list care.ReferralList, in care.ReferralsInput) referralsView {
	total := func(box map[referral.State]int) (n int) {
		for _, x := range box {
			n += x
		}
		return n
	}
	boxes := []Tab{{Text: b.T("referrals.in"), Href: "/referrals", Count: tabCount(total(list.Counts[care.Inbox])), Current: in.Box == care.Inbox},
		{Text: b.T("referrals.out"), Href: "/referrals?box=out", Count: tabCount(total(list.Counts[care.Outbox])), Current: in.Box == care.Outbox},
		{Text: b.T("referrals.late"), Href: "/referrals?box=late", Count: tabCount(total(list.Counts[care.Late])), Current: in.Box == care.Late}}
	if list.Wide {
		boxes[0].Text = b.T("referrals.all")
		boxes = slices.Delete(boxes, 1, 2)
	}
	b.Tabs = boxes
	t := Table{Caption: b.T("nav.referrals"), Quiet: true, Columns: []Column{{Key: "case.patient", Class: "grow"}, {Key: "referral.what"}, {Key: "referral.from"},
		{Key: "referral.to"}, {Key: "join.state"}, {Key: "referral.due"}, {Key: "join.on"}}, Empty: Empty{Title: b.T("referrals.none"), Text: b.T("referrals.none.text")}}
	if in.Box != care.Late {
		base := "/referrals?box=" + string(in.Box)
		t.Tabs = []Tab{{Text: b.T("list.any"), Href: base, Current: in.State == ""}}
		for _, st := range referral.States() {
			t.Tabs = append(t.Tabs, Tab{Text: b.T(st.Label()), Href: base + "&state=" + string(st), Count: tabCount(list.Counts[in.Box][st]), Current: in.State == st})
		}
	}
	for _, r := range list.Rows {
		t.Rows = append(t.Rows, referralRow(b, r, sides(list.Sides), list.Today))
	}
	return referralsView{Base: b, Table: t}
}

// tabCount is the number beside a box; the reading stops at a hundred.
func tabCount(n int) string {
	switch {
	case n == 0:
		return ""
	case n >= care.BoxCount:
		return strconv.Itoa(care.BoxCount) + "+"
	}
	return strconv.Itoa(n)
}

// referralRow is one request in a list: red where a step is overdue.
func referralRow(b Base, r care.Referral, at sides, today clock.Date) Row {
	who := Cell{Text: r.PersonName, Href: "/referrals/" + r.ID.String(), Sub: r.CaseNo}
	if r.PersonName == "" {
		who.Text = b.T("join.hidden")
	} else if r.CaseNo == "" {
		who.Sub = identity(b, r.Sex, r.Birth, today)
	}
	due := DateCell(r.Due)
	if r.Late(today) {
		due = Cell{Tag: &Tag{Text: b.T("home.late", "n", today.DaysSince(r.Due)), Kind: "error"}}
	}
	row := Cells(who, Cell{Text: purposeText(b, r), Sub: urgencyText(b, r)}, spot(at.of(r.Giver), r.GiverName), spot(at.of(r.Joiner), r.JoinerName),
		Cell{Tag: &Tag{Text: b.T(r.State.Label()), Kind: joinKind(r.State)}}, due, DateCell(r.SentOn))
	row.Alert = r.Late(today)
	return row
}

// purposeText says what a patient is sent for, with the side where one is meant.
func purposeText(b Base, r care.Referral) string {
	if r.Kind == referral.Join {
		return b.T(r.Kind.Label())
	}
	text := b.T(r.Letter.Purpose.Label())
	if r.Letter.Side.Known() {
		text = b.T("care.pair", "a", text, "b", siteText(b, r.Letter.Site, r.Letter.Side))
	}
	return text
}

func urgencyText(b Base, r care.Referral) string {
	if r.Emergency {
		return b.T(referral.Emergency.Label())
	}
	if r.Letter.Urgency == referral.Routine {
		return ""
	}
	return b.T(r.Letter.Urgency.Label())
}

// referralView is the page of one request.
type referralView struct {
	Base
	Alerts []Alert
	Facts  []Def
	Letter []Def
	Steps  []Button
	Events []Event
}

func (s *Server) readReferral(r *http.Request, c *Call) (care.ReferralView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return care.ReferralView{}, err
	}
	return s.d.Care.Referral(r.Context(), c.Who, id)
}

func (s *Server) referralPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readReferral(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/referral", newReferralView(s.careBase(c, "referrals", referralTitle(c.Base, v.Referral)), v))
}

func referralTitle(b Base, r care.Referral) string {
	name := r.PersonName
	if name == "" {
		name = b.T("join.hidden")
	}
	return b.T("referral.title", "kind", b.T(r.Kind.Label()), "name", name)
}

func newReferralView(b Base, v care.ReferralView) referralView {
	r := v.Referral
	b.Badge = &Tag{Text: b.T(r.State.Label()), Kind: joinKind(r.State)}
	p := referralView{Base: b}
	if r.Late(v.Today) {
		key := "referral.late.answer"
		if r.State == referral.Accepted {
			key = "referral.late.reply"
		}
		p.Alerts = append(p.Alerts, Alert{Kind: "error", Title: b.T(key, "n", v.Today.DaysSince(r.Due))})
	}
	if r.State == referral.Accepted && !r.Open.From.IsZero() && !r.Opened(v.Today) {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("referral.period_over"), Text: b.T("referral.period_over.text")})
	}
	p.Facts = referralFacts(b, v)
	l := r.Letter
	for _, x := range []Def{{Label: b.T("join.reason"), Text: r.Reason}, {Label: b.T("referral.summary"), Text: l.Summary}, {Label: b.T("referral.documents"), Text: l.Documents},
		{Label: b.T("join.reply"), Text: r.Reply}, {Label: b.T("referral.closing"), Text: r.Closing}} {
		if x.Text != "" {
			p.Letter = append(p.Letter, x)
		}
	}
	next := slices.IndexFunc(v.Steps, func(row referral.Row) bool { return row.Action != referral.Revoke }) // taking back is nobody's next step
	for i, row := range v.Steps {
		x := Button{Text: b.T(row.Action.Label()), Href: "/referrals/" + r.ID.String() + "/" + string(row.Action)}
		if i == next {
			x.Kind = "primary"
		}
		p.Steps = append(p.Steps, x)
	}
	p.Events = referralEvents(b, v)
	return p
}

func referralFacts(b Base, v care.ReferralView) []Def {
	r, at := v.Referral, sides(v.Sides)
	who := Def{Label: b.T("case.patient"), Text: b.T("join.hidden")}
	if r.PersonName != "" {
		who.Text = b.T("care.person", "name", r.PersonName, "who", identity(b, r.Sex, r.Birth, v.Today))
	}
	out := []Def{who, {Label: b.T("referral.from"), HTML: b.Place(at.of(r.Giver), r.GiverName)}, {Label: b.T("referral.to"), HTML: b.Place(at.of(r.Joiner), r.JoinerName)},
		{Label: b.T("referral.what"), Text: purposeText(b, r)}, {Label: b.T("referral.urgency"), Text: b.T(r.Letter.Urgency.Label())}}
	if r.Emergency {
		out[4].Text = b.T(referral.Emergency.Label())
	}
	if r.CaseNo != "" {
		x := Def{Label: b.T("case.no"), Text: r.CaseNo}
		if v.MayOpen {
			x.Href = "/cases/" + r.Case.String()
		}
		out = append(out, x)
	}
	if r.Programme != "" {
		out = append(out, Def{Label: b.T("case.programme"), Text: b.T(r.Programme.Label())})
	}
	if !r.Open.From.IsZero() {
		out = append(out, Def{Label: b.T("referral.period"), Text: b.T("referral.period.days", "from", r.Open.From, "to", r.Open.To)})
	}
	if !r.Due.IsZero() {
		out = append(out, Def{Label: b.T("referral.due"), Text: r.Due.String()})
	}
	return out
}

// referralEvents is the clock of the request: each step with its day and who took it.
func referralEvents(b Base, v care.ReferralView) []Event {
	r, at := v.Referral, sides(v.Sides)
	asker, answerer := r.GiverName, r.JoinerName
	if r.Kind == referral.Join {
		asker, answerer = answerer, asker
	}
	stamp := func(t time.Time) string { return clock.DateOf(t.In(clock.Shanghai)).String() }
	out := []Event{{Date: r.SentOn.String(), Title: b.T("referral.step.sent"), Kind: "event", Side: at.of(r.From), Place: asker, Note: r.AskedBy}}
	if !r.DecidedAt.IsZero() {
		key := "referral.step.accepted"
		if r.State == referral.Rejected {
			key = "referral.step.rejected"
		}
		out = append(out, Event{Date: stamp(r.DecidedAt), Title: b.T(key), Kind: "event", Side: at.of(r.To), Place: answerer, Note: r.AnsweredBy})
	}
	if !r.LeftOn.IsZero() {
		out = append(out, Event{Date: r.LeftOn.String(), Title: b.T("referral.step.left"), Kind: "event", Side: at.of(r.Joiner), Place: r.JoinerName})
	}
	if !r.ClosedAt.IsZero() {
		out = append(out, Event{Date: stamp(r.ClosedAt), Title: b.T("referral.step." + string(r.State)), Kind: "event", Note: r.ClosedBy})
	}
	if !r.Due.IsZero() {
		key := "referral.step.answer_due"
		if r.State == referral.Accepted {
			key = "referral.step.reply_due"
		}
		out = append(out, Event{Date: r.Due.String(), Title: b.T(key), Kind: "due"})
	}
	return out
}

// answerFields are what each step asks for.
func answerFields(v care.ReferralView, action referral.Action) []Field {
	words := Field{Name: "reason", LabelKey: "join.reply", HintKey: "join.reply.hint", Kind: KindArea, Rows: 3, Max: 500, Focus: true}
	switch action {
	case referral.Accept:
		words.Optional, words.Focus = true, false
		to := Field{Name: "open_to", LabelKey: "referral.open_to", HintKey: "referral.open_to.hint", Kind: KindDate, Width: 6, Optional: v.Kind == referral.Join}
		fields := []Field{{Name: "open_from", LabelKey: "referral.open_from", Kind: KindDate, Width: 6, Focus: true}, to}
		if v.Kind == referral.Refer {
			fields = append(fields, Field{Name: "basis", LabelKey: "referral.basis", HintKey: "referral.basis.hint", Kind: KindRadio,
				Options: []Option{{Value: string(patient.BasisConsent), Key: patient.BasisConsent.Key()}, {Value: string(patient.BasisStatutory), Key: patient.BasisStatutory.Key()}}})
		}
		return append(fields, words)
	case referral.Finish:
		words.LabelKey, words.HintKey = "referral.closing", "referral.closing.hint"
	case referral.Revoke:
		words.LabelKey, words.HintKey, words.Optional = "join.reason", "", v.State == referral.Sent
	}
	return []Field{words}
}

// answerForm prepares the form of one step.
func (s *Server) answerForm(r *http.Request, c *Call) (careForm, care.ReferralView, referral.Action, error) {
	action := referral.Action(chi.URLParam(r, "action"))
	if !slices.Contains(referral.Actions(), action) {
		return careForm{}, care.ReferralView{}, action, errs.Missing("error.not_found")
	}
	v, err := s.readReferral(r, c)
	if err != nil {
		return careForm{}, v, action, err
	}
	b := s.careBase(c, "referrals", c.P.T(action.Label()), Link{Text: referralTitle(c.Base, v.Referral), Href: "/referrals/" + v.ID.String()})
	f := keyed(NewForm(b, c.Today, answerFields(v, action)...))
	f.Hide("version", version(v.Version))
	f.Action = r.URL.Path
	if action == referral.Accept {
		f.Put("open_from", c.Today.String())
		if v.Kind == referral.Refer {
			f.Put("open_to", c.Today.AddDays(v.Clock.OpenDays).String()).Put("basis", string(patient.BasisConsent))
		}
	}
	return careForm{Base: b, Form: f, Facts: referralFacts(b, v)}, v, action, nil
}

func answerButton(b Base, a referral.Action) Button {
	x := Button{Text: b.T(a.Label())}
	if a == referral.Reject || a == referral.Revoke {
		x.Kind = "danger"
	}
	return x
}

func (s *Server) answerPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, action, err := s.answerForm(r, c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(v.Steps, func(row referral.Row) bool { return row.Action == action }) { // answered meanwhile, or not the reader's to take
		return seeOther(w, r, "/referrals/"+v.ID.String())
	}
	return s.showCareForm(w, r, p, answerButton(p.Base, action), "/referrals/"+v.ID.String())
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, action, err := s.answerForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.AnswerInput{Referral: v.ID, Version: f.Version(), Action: action, Reply: f.Text("reason")}
	if action == referral.Accept {
		in.Open = referral.Period{From: f.Date("open_from"), To: f.Date("open_to")}
		if v.Kind == referral.Refer {
			in.Basis = patient.LegalBasis(f.Choice("basis"))
		}
	}
	if f.OK() {
		done, err := s.d.Care.Answer(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("join.done." + string(done.State))})
			return seeOther(w, r, "/referrals/"+v.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, answerButton(p.Base, action), "/referrals/"+v.ID.String())
}

func referFields(v care.SendView) []Field {
	var to, from, purposes, urgencies []Option
	for _, h := range v.To {
		to = append(to, Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)})
	}
	for _, x := range referral.Purposes() {
		purposes = append(purposes, Option{Value: string(x), Key: x.Label()})
	}
	for _, x := range referral.Urgencies() {
		urgencies = append(urgencies, Option{Value: string(x), Key: x.Label()})
	}
	fields := []Field{{Name: "to", LabelKey: "referral.to", Kind: KindCombo, Options: to, Width: 6, Focus: true}}
	if len(v.From) > 1 {
		for _, h := range v.From {
			from = append(from, Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)})
		}
		fields = append(fields, Field{Name: "from", LabelKey: "referral.from", Kind: KindSelect, Options: from, Width: 6})
	}
	fields = append(fields, Field{Name: "purpose", LabelKey: "referral.what", Kind: KindSelect, Options: purposes, Width: 6},
		Field{Name: "urgency", LabelKey: "referral.urgency", Kind: KindRadio, Options: urgencies})
	if v.Programme == procedure.Joint {
		fields = append(fields, Field{Name: "site", LabelKey: "operation.site", Kind: KindRadio, Width: 6, Optional: true,
			Options: []Option{{Value: string(procedure.Knee), Key: procedure.Knee.Label()}, {Value: string(procedure.Hip), Key: procedure.Hip.Label()}}})
	}
	if v.Programme != procedure.Coronary {
		fields = append(fields, Field{Name: "side", LabelKey: "operation.side", Kind: KindRadio, Width: 6, Optional: true, Options: sideOptions(v.Programme)})
	}
	return append(fields, Field{Name: "reason", LabelKey: "join.reason", HintKey: "referral.reason.hint", Kind: KindArea, Rows: 2, Max: 500},
		Field{Name: "summary", LabelKey: "referral.summary", HintKey: "referral.summary.hint", Kind: KindArea, Rows: 3, Max: 500, Optional: true},
		Field{Name: "documents", LabelKey: "referral.documents", HintKey: "referral.documents.hint", Max: 500, Optional: true})
}

// referForm prepares the form of a referral of a case.
func (s *Server) referForm(r *http.Request, c *Call) (careForm, care.SendView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, care.SendView{}, err
	}
	v, err := s.d.Care.SendForm(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.careBase(c, "cases", c.P.T("referral.send"), Link{Text: v.No, Href: "/cases/" + v.ID.String()})
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, c.Today), "programme", b.T(v.Programme.Label()))
	f := keyed(NewForm(b, c.Today, referFields(v)...))
	f.Action = r.URL.Path
	f.Put("urgency", string(referral.Routine)).Put("summary", v.Diagnosis)
	if v.Second != nil {
		f.Put("purpose", string(referral.ForSecondSide)).Put("side", string(v.Second.Side))
		if v.Programme == procedure.Joint {
			f.Put("site", string(v.Second.Site))
		}
		if v.Second.Hospital != ident.Nil {
			f.Put("to", v.Second.Hospital.String())
		}
	}
	return careForm{Base: b, Form: f}, v, nil
}

func (s *Server) referPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.referForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("referral.send")}, "/cases/"+v.ID.String())
}

func (s *Server) refer(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.referForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.SendInput{Case: v.ID, To: f.IDOf("to"), From: offered(f, "from"), Reason: f.Text("reason"), Letter: referral.Letter{Purpose: referral.Purpose(f.Choice("purpose")),
		Urgency: referral.Urgency(f.Choice("urgency")), Summary: f.Text("summary"), Documents: f.Text("documents")}}
	switch v.Programme {
	case procedure.Joint:
		in.Letter.Site = procedure.Site(f.Choice("site"))
		in.Letter.Side = procedure.Side(f.Choice("side"))
	case procedure.Cataract:
		if in.Letter.Side = procedure.Side(f.Choice("side")); in.Letter.Side != "" {
			in.Letter.Site = procedure.Eye
		}
	}
	if f.OK() {
		sent, err := s.d.Care.Send(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("referral.sent", "hospital", sent.JoinerName, "date", sent.Due)})
			return seeOther(w, r, "/referrals/"+sent.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("referral.send")}, "/cases/"+v.ID.String())
}
