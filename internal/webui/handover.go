package webui

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// A file of unsent screenings comes on a stick: its owner hands it over in one
// step; somebody else's is opened by the hospital's administrator in two.
func (s *Server) handoverRoutes(rt *router) {
	rt.get("/screenings/handover", authz.ScreeningRecord, s.handoverPage)
	rt.post("/screenings/handover", authz.ScreeningRecord, s.handOver)
	rt.get("/screenings/outboxes", authz.ScreeningRecover, s.outboxesPage)
	rt.post("/screenings/outboxes", authz.ScreeningRecover, s.askOutbox)
	rt.get("/screenings/outboxes/{id}", authz.ScreeningRecover, s.outboxPage)
	rt.post("/screenings/outboxes/{id}", authz.ScreeningRecover, s.recoverOutbox)
}

// handoverView is the page of a file, before and after.
type handoverView struct {
	Base
	Note    *Alert
	Form    *Form
	Button  Button
	Back    Button
	Outcome []Def
	Faults  *Table // forms that were not taken, and why
	Past    *Table // recoveries so far
}

func handoverForm(b Base, today clock.Date, reason bool) *Form {
	fields := []Field{{Name: "file", LabelKey: "outreach.file", HintKey: "outreach.file.hint", Kind: KindFile, Accept: ".shanhai"}}
	if reason {
		fields = append(fields, Field{Name: "reason", LabelKey: "outreach.reason", HintKey: "outreach.reason.hint", Kind: KindArea, Rows: 2, Max: 500})
	}
	return keyed(NewForm(b, today, fields...))
}

func newHandoverView(b Base, f *Form, taken *outreach.HandedOver) handoverView {
	b.Title, b.Sub = b.T("outreach.handover"), b.T("outreach.handover.sub")
	b.Crumbs = []Link{{Text: b.T("nav.screenings"), Href: "/screenings"}, {Text: b.Title}}
	f.Action = "/screenings/handover"
	v := handoverView{Base: b, Form: f, Note: refusal(f), Button: Button{Text: b.T("outreach.handover.do"), Kind: "primary"}, Back: Button{Text: b.T("dialog.back"), Href: "/screenings"}}
	if taken != nil {
		v.took(*taken)
	}
	return v
}

// took says what became of a file, in exact numbers.
func (v *handoverView) took(x outreach.HandedOver) {
	v.Outcome = []Def{{Label: v.T("outreach.count.forms"), Text: strconv.Itoa(len(x.Answers))}, {Label: v.T("outreach.count.created"), Text: strconv.Itoa(x.Count(outreach.Created))},
		{Label: v.T("outreach.count.repeated"), Text: strconv.Itoa(x.Count(outreach.Repeated))}, {Label: v.T("outreach.count.refused"), Text: strconv.Itoa(x.Count(outreach.Refused))},
		{Label: v.T("outreach.count.photos"), Text: strconv.Itoa(x.Photos)}, {Label: v.T("outreach.count.failed"), Text: strconv.Itoa(x.Failed)}}
	t := Table{Caption: v.T("outreach.refused"), Note: v.T("outreach.refused.note"), Columns: []Column{{Key: "register.name"}, {Key: "screening.on"}, {Key: "outreach.why", Class: "grow"}}}
	for _, a := range x.Answers {
		if a.Outcome != outreach.Refused {
			continue
		}
		why := ""
		for _, e := range newFormAnswer(v.Base, keptForm(v.Base, a), a).Fields {
			if why != "" {
				why += v.T("list.semicolon")
			}
			if e.Label != "" {
				e.Detail = v.T("outreach.fault", "label", e.Label, "detail", e.Detail)
			}
			why += e.Detail
		}
		name, on := a.Record.Name, a.Record.On
		if a.Theatre {
			name, on = operationName(v.Base, care.Operation{Procedure: a.Operation}), a.Operation.OperatedOn
		}
		t.Rows = append(t.Rows, Cells(TextCell(name), DateCell(on), TextCell(why)))
	}
	if len(t.Rows) > 0 {
		v.Faults = &t
	}
}

func (s *Server) showHandover(w http.ResponseWriter, r *http.Request, status int, v handoverView) error {
	return s.d.Engine.Render(w, r, status, "screening/handover", v)
}

func (s *Server) handoverPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "screenings")
	return s.showHandover(w, r, http.StatusOK, newHandoverView(c.Base, handoverForm(c.Base, c.Today, false), nil))
}

// readBundle reads the form with its file; nothing when it has none.
func readBundle(r *http.Request, f *Form) ([]byte, error) {
	if err := f.Read(r); err != nil {
		return nil, err
	}
	file, _, err := r.FormFile("file")
	if err != nil { // none was chosen
		f.Fail("file", "form.error.file")
		return nil, nil
	}
	defer func() { _ = file.Close() }() // read only
	var content bytes.Buffer
	if _, err := content.ReadFrom(file); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.form.unreadable", nil)
	}
	return content.Bytes(), nil
}

func (s *Server) handOver(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "screenings")
	f := handoverForm(c.Base, c.Today, false)
	content, err := readBundle(r, f)
	if err != nil {
		return err
	}
	if f.OK() {
		got, err := s.d.Screenings.HandOver(r.Context(), c.Who, content)
		if err == nil {
			return s.showHandover(w, r, http.StatusOK, newHandoverView(c.Base, handoverForm(c.Base, c.Today, false), &got))
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showHandover(w, r, f.Status(), newHandoverView(c.Base, f, nil))
}

func newOutboxesView(b Base, f *Form, past []outreach.Recovery) handoverView {
	b.Title, b.Sub = b.T("outreach.recovery"), b.T("outreach.recovery.sub")
	b.Crumbs = []Link{{Text: b.T("nav.settings"), Href: "/settings"}, {Text: b.Title}}
	f.Action = "/screenings/outboxes"
	v := handoverView{Base: b, Form: f, Note: refusal(f), Button: Button{Text: b.T("outreach.recovery.ask"), Kind: "primary"}, Back: Button{Text: b.T("dialog.back"), Href: "/settings"}}
	t := Table{Caption: b.T("outreach.recovery.past"), Columns: []Column{{Key: "outreach.asked_at"}, {Key: "outreach.whose"}, {Key: "outreach.count.forms", Align: "right"}, {Key: "outreach.count.photos", Align: "right"},
		{Key: "outreach.reason", Class: "grow"}, {Key: "outreach.asked_by"}, {Key: "outreach.state"}}, Empty: Empty{Title: b.T("outreach.recovery.none"), Text: b.T("outreach.recovery.none.text")}}
	for _, x := range past {
		state := TagCell("warn", b.T("outreach.state.asked"))
		if x.Done() {
			state = TagCell("ok", b.T("outreach.state.done"))
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: instant(x.AskedAt), Href: "/screenings/outboxes/" + x.ID.String(), Nowrap: true}, TextCell(x.AccountName),
			Cell{Text: strconv.Itoa(x.Forms)}, Cell{Text: strconv.Itoa(x.Photos)}, TextCell(x.Reason), TextCell(x.AskedBy), state))
	}
	v.Past = &t
	return v
}

func (s *Server) showOutboxes(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	s.section(c, "settings")
	past, err := s.d.Screenings.Recoveries(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.showHandover(w, r, f.Status(), newOutboxesView(c.Base, f, past))
}

func (s *Server) outboxesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showOutboxes(w, r, c, handoverForm(c.Base, c.Today, true))
}

func (s *Server) askOutbox(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := handoverForm(c.Base, c.Today, true)
	content, err := readBundle(r, f)
	if err != nil {
		return err
	}
	if reason := f.Text("reason"); f.OK() {
		x, err := s.d.Screenings.AskRecovery(r.Context(), c.Who, outreach.AskInput{Content: content, Reason: reason}, requestKey(r))
		if err == nil {
			return seeOther(w, r, "/screenings/outboxes/"+x.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showOutboxes(w, r, c, f)
}

// newOutboxView is the page of one file; who asked for it does not open it.
func newOutboxView(b Base, today clock.Date, x outreach.Recovery, taken *outreach.HandedOver) handoverView {
	b.Title, b.Sub = b.T("outreach.recovery.of", "name", x.AccountName), b.T("outreach.recovery.of.sub", "forms", x.Forms, "photos", x.Photos)
	b.Crumbs = []Link{{Text: b.T("outreach.recovery"), Href: "/screenings/outboxes"}, {Text: b.Title}}
	f := NewForm(b, today).Hide("version", version(x.Version))
	f.Action = "/screenings/outboxes/" + x.ID.String()
	v := handoverView{Base: b, Form: f, Button: Button{Text: b.T("outreach.recovery.do"), Kind: "primary"}, Back: Button{Text: b.T("dialog.back"), Href: "/screenings/outboxes"},
		Outcome: []Def{{Label: b.T("outreach.asked_by"), Text: x.AskedBy + " " + instant(x.AskedAt)}, {Label: b.T("outreach.reason"), Text: x.Reason}}}
	if x.Done() {
		v.Outcome = append(v.Outcome, Def{Label: b.T("outreach.done_by"), Text: x.DoneBy + " " + instant(x.DoneAt)}, Def{Label: b.T("outreach.count.created"), Text: strconv.Itoa(x.Added)},
			Def{Label: b.T("outreach.count.repeated"), Text: strconv.Itoa(x.Repeated)}, Def{Label: b.T("outreach.count.refused"), Text: strconv.Itoa(x.Refused)})
		v.Button = Button{}
	} else {
		v.Note = &Alert{Kind: "warn", Title: b.T("outreach.recovery.look"), Text: b.T("outreach.recovery.look.text")}
	}
	if taken != nil {
		v.took(*taken)
	}
	return v
}

func (s *Server) outboxPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	x, err := s.d.Screenings.Recovery(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "settings")
	v := newOutboxView(c.Base, c.Today, x, nil)
	v.waits(x.Asker == c.Who.AccountID && !x.Done())
	return s.showHandover(w, r, http.StatusOK, v)
}

// waits takes the button away from who asked: the file waits for somebody else.
func (v *handoverView) waits(own bool) {
	if own {
		v.Button, v.Note = Button{}, &Alert{Kind: "info", Title: v.T("outreach.recovery.waits"), Text: v.T("remedy.outreach.two_persons")}
	}
}

func (s *Server) recoverOutbox(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := NewForm(c.Base, c.Today).Hide("version", "")
	if err := f.Read(r); err != nil {
		return err
	}
	got, err := s.d.Screenings.Recover(r.Context(), c.Who, id, f.Version())
	if err != nil {
		return err
	}
	x, err := s.d.Screenings.Recovery(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "settings")
	return s.showHandover(w, r, http.StatusOK, newOutboxView(c.Base, c.Today, x, &got))
}
