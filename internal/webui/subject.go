package webui

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/httpx"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
)

// subjectRoutes declares what people ask about the data kept on them.
func (s *Server) subjectRoutes(rt *router) {
	rt.get("/subject-requests", authz.SubjectRead, s.subjectsPage)
	rt.get("/subject-requests/clock", authz.SubjectClock, s.subjectClockPage)
	rt.post("/subject-requests/clock", authz.SubjectClock, s.postSubjectClock)
	rt.get("/patients/{id}/subject-requests", authz.SubjectRegister, s.askSubjectPage)
	rt.post("/patients/{id}/subject-requests", authz.SubjectRegister, s.askSubject)
	rt.get("/subject-requests/{id}", authz.SubjectRead, s.subjectPage)
	rt.post("/subject-requests/{id}/answer", authz.SubjectDecide, s.answerSubject)
	rt.post("/subject-requests/{id}/grant", authz.SubjectRegister, s.answerSubject) // of who wrote it down, which the service knows
	rt.post("/subject-requests/{id}/withdraw", authz.SubjectRegister, s.withdrawSubject)
	rt.post("/subject-requests/{id}/file", authz.SubjectFile, s.fileSubject)
}

func subjectTag(b Base, st subject.State) Tag {
	return Tag{Text: b.T(st.Label()), Kind: map[subject.State]string{subject.Open: "warn", subject.Granted: "ok", subject.Partly: "ok", subject.Refused: "error"}[st]}
}

func newSubjectsView(b Base, list rights.List, waiting bool, today clock.Date) noticeView {
	b.Title, b.Sub = b.T("nav.subject"), b.T("subject.sub")
	if list.MayClock {
		b.Actions = []Button{{Text: b.T("subject.clock"), Icon: "gear", Href: "/subject-requests/clock"}}
	}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "subject.received_on"}, {Key: "subject.kind"}, {Key: "subject.person"}, {Key: "subject.hospital"}, {Key: "subject.asker"}, {Key: "subject.state"}, {Key: "subject.due"}},
		Tabs:  []Tab{{Text: b.T("subject.waiting"), Href: "/subject-requests", Current: waiting}, {Text: b.T("subject.all"), Href: "/subject-requests?all=1", Current: !waiting}},
		Empty: Empty{Title: b.T("subject.empty"), Text: b.T("subject.empty.text")}}
	for _, q := range list.Rows {
		tag, due := subjectTag(b, q.State), DateCell(q.DueOn)
		if q.Overdue(today) {
			due.Sub = b.T("subject.late")
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: q.ReceivedOn.String(), Href: "/subject-requests/" + q.ID.String(), Nowrap: true}, TextCell(b.T(q.Kind.Label())), TextCell(orDash(q.PersonName)), TextCell(q.HospitalName),
			TextCell(b.T(q.Asker.Label())), Cell{Tag: &tag}, due))
	}
	return noticeView{Base: b, Tables: []Table{t}}
}

func (s *Server) subjectsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	waiting := r.URL.Query().Get("all") == ""
	list, err := s.d.Subjects.List(r.Context(), c.Who, rights.Query{Waiting: waiting, Page: pageRequest(r)})
	if err != nil {
		return err
	}
	s.section(c, "subject")
	v := newSubjectsView(c.Base, list, waiting, c.Today)
	v.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.showNotice(w, r, v)
}

// newAskView is the form of a request about one person.
func newAskView(b Base, today clock.Date, p rights.Person, hospitals []Option) noticeView {
	b.Title, b.Sub = b.T("subject.new"), b.T("subject.new.sub", "name", p.Name)
	path := "/patients/" + p.ID.String()
	b.Crumbs = []Link{{Text: p.Name, Href: path}, {Text: b.Title}}
	fields := []Field{{Name: "kind", LabelKey: "subject.kind", Kind: KindRadio, Options: optionsOf(subject.Kinds()...)},
		{Name: "asker", LabelKey: "subject.asker", Kind: KindRadio, Options: optionsOf(subject.Askers()...)},
		{Name: "asker_name", LabelKey: "subject.asker_name", HintKey: "subject.asker_name.hint", Kind: KindText, Optional: true, Max: subject.MaxName},
		{Name: "proof", LabelKey: "subject.proof", HintKey: "subject.proof.hint", Kind: KindText, Max: subject.MaxProof},
		{Name: "wish", LabelKey: "subject.wish", HintKey: "subject.wish.hint", Kind: KindArea, Rows: 3, Optional: true, Max: subject.MaxWish},
		{Name: "field", LabelKey: "subject.field", Kind: KindSelect, Blank: "form.pick", Optional: true, Options: optionsOf(subject.Fields()...), Width: 6},
		{Name: "value", LabelKey: "subject.value", HintKey: "subject.value.hint", Kind: KindText, Optional: true, Max: subject.MaxValue, Width: 6},
		{Name: "received_on", LabelKey: "subject.received_on", Kind: KindDate}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "subject.hospital", Kind: KindSelect, Options: hospitals, Blank: "form.pick"})
	}
	f := keyed(NewForm(b, today, fields...)).Put("received_on", today.String()).Put("asker", string(subject.Self))
	f.Action = path + "/subject-requests"
	return noticeView{Base: b, Form: f, Heading: b.T("subject.new"), Alerts: []Alert{{Kind: "info", Title: clockText(b, p.Clock)}},
		Buttons: []Button{{Text: b.T("subject.new.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: path}}}
}

// clockText says the days and where they come from.
func clockText(b Base, c subject.Clock) string {
	source := c.Source
	if !c.Verified {
		source = b.T("care.pair", "a", source, "b", b.T("subject.clock.unverified"))
	}
	return b.T("subject.clock.now", "days", c.Days, "source", source)
}

func (s *Server) askView(r *http.Request, c *Call) (noticeView, rights.Person, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, rights.Person{}, err
	}
	p, err := s.d.Subjects.Person(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, p, err
	}
	all, err := s.hospitalOptions(r, c, authz.SubjectRegister)
	var here []Option
	for _, h := range p.Hospitals {
		for _, o := range all {
			if o.Value == h.String() {
				here = append(here, o)
			}
		}
	}
	s.section(c, "patients")
	return newAskView(c.Base, c.Today, p, here), p, err
}

func (s *Server) askSubjectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, _, err := s.askView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, v)
}

func (s *Server) askSubject(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, p, err := s.askView(r, c)
	if err != nil {
		return err
	}
	f := v.Form
	if err := f.Read(r); err != nil {
		return err
	}
	q := subject.Request{Person: p.ID, Kind: subject.Kind(f.Choice("kind")), Asker: subject.Asker(f.Choice("asker")), AskerName: f.Text("asker_name"), Proof: f.Text("proof"), Wish: f.Text("wish"),
		Field: subject.Field(f.Choice("field")), Value: f.Text("value"), ReceivedOn: f.Date("received_on"), Hospital: offered(f, "hospital")}
	if f.OK() {
		id, err := s.d.Subjects.Ask(r.Context(), c.Who, q, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("subject.asked")})
			return seeOther(w, r, "/subject-requests/"+id.String())
		}
		if err = v.refused(err); err != nil {
			return err
		}
	}
	return s.showNotice(w, r, v)
}

// newSubjectView is one request with its most pressing form: answer, hand out or
// withdraw. Withdrawing is always one button away.
func newSubjectView(b Base, today clock.Date, v rights.View) noticeView {
	b.Title = b.T("subject.one", "kind", b.T(v.Kind.Label()))
	b.Crumbs = []Link{{Text: b.T("nav.subject"), Href: "/subject-requests"}, {Text: b.Title}}
	tag := subjectTag(b, v.State)
	b.Badge = &tag
	p := noticeView{Base: b, Defs: subjectDefs(b, v)}
	if v.Known > 1 {
		p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("subject.known", "n", v.Known)})
	}
	if v.Overdue(today) {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("subject.late"), Text: b.T("subject.late.text")})
	}
	if v.Kind == subject.Erase && (v.MayGrant || v.MayRefuse) {
		p.keeps(v.Keeps, v.Whole)
	}
	if len(v.Outcome.Kept) > 0 {
		p.keeps(v.Outcome.Kept, false)
	}
	path := "/subject-requests/" + v.ID.String()
	version := strconv.FormatInt(v.Version, 10)
	switch {
	case v.MayGrant || v.MayRefuse:
		var choices []Option
		if v.MayGrant {
			choices = append(choices, Option{Value: "grant", Key: "subject.decision.grant"})
		}
		if v.MayRefuse {
			choices = append(choices, Option{Value: "refuse", Key: "subject.decision.refuse"})
		}
		p.Form = keyed(NewForm(p.Base, today, Field{Name: "decision", LabelKey: "subject.decision", Kind: KindRadio, Options: choices},
			Field{Name: "opinion", LabelKey: "subject.opinion", HintKey: "subject.opinion.hint", Kind: KindArea, Rows: 3, Optional: true, Max: 500})).Hide("version", version)
		if len(choices) == 1 {
			p.Form.Put("decision", choices[0].Value)
		}
		act := "/answer"
		if !v.MayRefuse {
			act = "/grant"
		}
		p.Form.Action, p.Heading, p.Buttons = path+act, b.T("subject.decide"), []Button{{Text: b.T("subject.decide.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/subject-requests"}}
		if v.MayWithdraw {
			p.Buttons = append(p.Buttons, Button{Text: b.T("subject.withdraw.do"), Action: path + "/withdraw", NoCheck: true})
		}
	case v.MayFile:
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Icon: "lock", Title: b.T("subject.file"), Text: b.T("subject.file.text", "at", instant(v.FileUntil))})
		p.Form = keyed(NewForm(p.Base, today))
		p.Form.Action, p.Heading, p.Buttons = path+"/file", b.T("subject.file"), []Button{{Text: b.T("subject.file.do"), Kind: "primary"}}
	case v.MayWithdraw:
		p.Form = keyed(NewForm(p.Base, today)).Hide("version", version)
		p.Form.Action, p.Heading, p.Buttons = path+"/withdraw", b.T("subject.withdraw"), []Button{{Text: b.T("subject.withdraw.do")}}
	}
	return p
}

func subjectDefs(b Base, v rights.View) []Def {
	person := Def{Label: b.T("subject.person"), Text: orDash(v.PersonName)}
	asker := b.T(v.Asker.Label())
	if v.AskerName != "" {
		asker = b.T("care.pair", "a", asker, "b", v.AskerName)
	}
	out := []Def{{Label: b.T("subject.kind"), Text: b.T(v.Kind.Label())}, person, {Label: b.T("subject.asker"), Text: asker}, {Label: b.T("subject.proof"), Text: orDash(v.Proof)}, {Label: b.T("subject.wish"), Text: orDash(v.Wish)}}
	if v.Field != "" {
		out = append(out, Def{Label: b.T("subject.field"), Text: b.T(v.Field.Label())}, Def{Label: b.T("subject.value"), Text: orDash(v.Value)})
	}
	out = append(out, Def{Label: b.T("subject.hospital"), Text: v.HospitalName}, Def{Label: b.T("subject.by"), Text: v.By + " " + instant(v.CreatedAt)},
		Def{Label: b.T("subject.received_on"), Text: v.ReceivedOn.String()}, Def{Label: b.T("subject.due"), Text: b.T("care.pair", "a", v.DueOn, "b", clockText(b, v.Clock))})
	if v.Decider != "" {
		out = append(out, Def{Label: b.T("subject.decider"), Text: v.Decider + " " + instant(v.DecidedAt)}, Def{Label: b.T("subject.opinion"), Text: orDash(v.Opinion)})
	}
	if v.Outcome.Before != "" || v.Outcome.After != "" {
		out = append(out, Def{Label: b.T("subject.before"), Text: orDash(v.Outcome.Before)}, Def{Label: b.T("subject.after"), Text: orDash(v.Outcome.After)})
	}
	for _, table := range sortedKeys(v.Outcome.Gone) {
		if n := v.Outcome.Gone[table]; n > 0 {
			out = append(out, Def{Label: b.T("subject.gone"), Text: b.T("subject.gone.rows", "table", b.T(subject.TableLabel(table)), "n", n)})
		}
	}
	if v.Kind == subject.Access && v.State == subject.Granted {
		text := b.T("subject.file.unread")
		if !v.FetchedAt.IsZero() {
			text = instant(v.FetchedAt)
		}
		out = append(out, Def{Label: b.T("subject.file.fetched"), Text: text})
	}
	return out
}

func sortedKeys(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// keeps lists what the law keeps of somebody who asks for deletion.
func (v *noticeView) keeps(list []subject.Kept, whole bool) {
	b := v.Base
	text := b.T("subject.keep.some")
	if whole {
		text = b.T("subject.keep.none")
	}
	v.Alerts = append(v.Alerts, Alert{Kind: "info", Title: b.T("subject.keep"), Text: text})
	if len(list) == 0 {
		return
	}
	t := Table{Caption: b.T("subject.keep"), Columns: []Column{{Key: "subject.keep.why", Class: "grow"}, {Key: "subject.keep.rows", Align: "right"}, {Key: "subject.keep.until"}}}
	for _, k := range list {
		until := TextCell("–")
		if !k.Until.IsZero() {
			until = DateCell(k.Until)
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(k.Why())), Cell{Text: strconv.Itoa(k.Rows)}, until))
	}
	v.Tables = append(v.Tables, t)
}

func (s *Server) readSubject(r *http.Request, c *Call) (noticeView, rights.View, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return noticeView{}, rights.View{}, err
	}
	v, err := s.d.Subjects.One(r.Context(), c.Who, id)
	if err != nil {
		return noticeView{}, v, err
	}
	s.section(c, "subject")
	return newSubjectView(c.Base, c.Today, v), v, nil
}

func (s *Server) subjectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readSubject(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) answerSubject(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.readSubject(r, c)
	if err != nil {
		return err
	}
	in := subject.Decision{Request: v.ID, Version: v.Version}
	if f := p.Form; f != nil && (v.MayGrant || v.MayRefuse) {
		if err := f.Read(r); err != nil {
			return err
		}
		in.Grant, in.Opinion, in.Version = f.Choice("decision") == "grant", f.Text("opinion"), f.Version()
		if !f.OK() {
			return s.showNotice(w, r, p)
		}
	}
	if err := s.d.Subjects.Decide(r.Context(), c.Who, in, requestKey(r)); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("subject.decided")})
	return seeOther(w, r, "/subject-requests/"+v.ID.String())
}

func (s *Server) withdrawSubject(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.atVersion(w, r, c, s.d.Subjects.Withdraw, "subject.withdrawn", "/subject-requests")
}

// fileTime is how long one file of the copy may take on its way.
const fileTime = 2 * time.Minute

// fileSubject makes the copy and hands it out. That every file in it can be read was
// looked at before it counted as handed out; each gets the time a slow line needs.
func (s *Server) fileSubject(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	all, err := s.d.Subjects.File(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="personal-data-`+all.On.String()+`.zip"`)
	h.Set("Cache-Control", "no-store")
	return writeCopy(w, c.Base, all, func(f rights.CopiedFile) ([]byte, error) {
		httpx.AllowTime(w, fileTime)
		return s.d.Subjects.Content(f)
	})
}

func newSubjectClockView(b Base, today clock.Date, now subject.Clock) noticeView {
	b.Title, b.Sub = b.T("subject.clock"), b.T("subject.clock.sub")
	b.Crumbs = []Link{{Text: b.T("nav.subject"), Href: "/subject-requests"}, {Text: b.Title}}
	f := keyed(NewForm(b, today, Field{Name: "days", LabelKey: "subject.clock.days", Kind: KindNumber, Width: 6}, Field{Name: "file_days", LabelKey: "subject.clock.file_days", Kind: KindNumber, Width: 6},
		Field{Name: "source", LabelKey: "subject.clock.source", Kind: KindText, Max: subject.MaxProof}, Field{Name: "verified", LabelKey: "subject.clock.verified", Kind: KindCheck, Optional: true}))
	f.Put("days", strconv.Itoa(now.Days)).Put("file_days", strconv.Itoa(now.FileDays)).Put("source", now.Source).Hide("version", strconv.Itoa(now.Version))
	if now.Verified {
		f.Put("verified", "yes")
	}
	f.Action = "/subject-requests/clock"
	return noticeView{Base: b, Alerts: []Alert{{Kind: "info", Title: clockText(b, now)}}, Form: f, Heading: b.T("subject.clock"),
		Buttons: []Button{{Text: b.T("subject.clock.do"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/subject-requests"}}}
}

func (s *Server) subjectClockView(r *http.Request, c *Call) (noticeView, error) {
	list, err := s.d.Subjects.List(r.Context(), c.Who, rights.Query{Waiting: true})
	s.section(c, "subject")
	return newSubjectClockView(c.Base, c.Today, list.Clock), err
}

func (s *Server) subjectClockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.subjectClockView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, v)
}

func (s *Server) postSubjectClock(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.subjectClockView(r, c)
	if err != nil {
		return err
	}
	f := v.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := subject.Clock{Version: int(f.Version()), Days: f.Int("days"), FileDays: f.Int("file_days"), Source: f.Text("source"), Verified: f.Bool("verified")}
	if f.OK() {
		err := s.d.Subjects.SetClock(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("subject.clock.saved")})
			return seeOther(w, r, "/subject-requests")
		}
		if err = v.refused(err); err != nil {
			return err
		}
	}
	return s.showNotice(w, r, v)
}
