package webui

import (
	"net/http"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// signForm is the page on which a second clinician locks a record, or unlocks it:
// beside the form stands what is signed.
func (s *Server) signForm(r *http.Request, c *Call, title string, fields ...Field) (careForm, care.OperationView, error) {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.careBase(c, "operations", c.P.T(title), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + v.ID.String()})
	f := keyed(NewForm(b, c.Today, fields...))
	f.Hide("version", version(v.Version))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f, Facts: append(operationFacts(b, v, c.Today), operationRecord(b, v.Procedure)...)}, v, nil
}

func (s *Server) validation(r *http.Request, c *Call) (careForm, care.OperationView, error) {
	p, v, err := s.signForm(r, c, "operation.sign", Field{Name: "checked", LabelKey: "operation.sign.checked", Kind: KindCheck, Focus: true})
	p.Sub = c.P.T("operation.sign.text")
	return p, v, err
}

func (s *Server) validationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.validation(r, c)
	if err != nil {
		return err
	}
	if _, err := v.Signature.Validated(c.Who.AccountID); err != nil {
		p.WhyNot = whyNot(p.Base, err)
	}
	return s.showSigning(w, r, p, v, "operation.sign")
}

func (s *Server) showSigning(w http.ResponseWriter, r *http.Request, p careForm, v care.OperationView, button string) error {
	return s.showCareForm(w, r, p, Button{Text: p.T(button)}, "/operations/"+v.ID.String())
}

func (s *Server) validateOperation(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.validation(r, c)
	if err != nil {
		return err
	}
	return s.signed(w, r, c, signing{p, v, "operation.sign", "operation.signed"}, func(f *Form) error {
		f.Bool("checked")
		in := care.SignInput{Operation: v.ID, Version: f.Version()}
		if !f.OK() {
			return nil
		}
		_, err := s.d.Care.ValidateOperation(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

func (s *Server) unlocking(r *http.Request, c *Call) (careForm, care.OperationView, error) {
	return s.signForm(r, c, "operation.unlock", Field{Name: "reason", LabelKey: "operation.unlock.reason", HintKey: "operation.unlock.hint", Kind: KindArea, Rows: 2, Max: 500, Focus: true})
}

func (s *Server) unlockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.unlocking(r, c)
	if err != nil {
		return err
	}
	return s.showSigning(w, r, p, v, "operation.unlock")
}

func (s *Server) unlockOperation(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.unlocking(r, c)
	if err != nil {
		return err
	}
	return s.signed(w, r, c, signing{p, v, "operation.unlock", "operation.unlocked"}, func(f *Form) error {
		in := care.SignInput{Operation: v.ID, Version: f.Version(), Reason: f.Text("reason")}
		if !f.OK() {
			return nil
		}
		_, err := s.d.Care.UnlockOperation(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

// signing is what validating and unlocking have in common.
type signing struct {
	p            careForm
	v            care.OperationView
	button, done string // message keys
}

// signed reads the form, lets fn ask the service, and answers.
func (s *Server) signed(w http.ResponseWriter, r *http.Request, c *Call, x signing, fn func(*Form) error) error {
	if err := x.p.Form.Read(r); err != nil {
		return err
	}
	err := fn(x.p.Form)
	if err == nil && x.p.Form.OK() {
		s.flash(r, Flash{Kind: "ok", Title: c.P.T(x.done)})
		return seeOther(w, r, "/operations/"+x.v.ID.String())
	}
	if err != nil {
		if err = refusedCare(&x.p, err); err != nil {
			return err
		}
	}
	return s.showSigning(w, r, x.p, x.v, x.button)
}

// lockTag says whether a second clinician has validated a record.
func lockTag(b Base, o care.Operation) Tag {
	if o.Signature.Locked() {
		return Tag{Text: b.T("operation.locked"), Kind: "ok"}
	}
	return Tag{Text: b.T("operation.unlocked.tag"), Kind: "plain"}
}

// change is one line of a history with its instant, so that what was done to the
// record and to its parts stands in one order.
type change struct {
	at    time.Time
	event Event
}

// operationHistory is what was done to a record and its parts, the latest first.
func operationHistory(b Base, v care.OperationView) []Event {
	all := slices.Concat(recordChanges(b, v.Changes), partChanges(b, v.PartChanges))
	slices.SortStableFunc(all, func(x, y change) int { return y.at.Compare(x.at) })
	out := make([]Event, len(all))
	for i, c := range all {
		out[i] = c.event
	}
	return out
}

func changeEvent(b Base, title, by, reason string, at time.Time) Event {
	at = at.In(clock.Shanghai)
	x := Event{Date: clock.DateOf(at).String(), Title: b.T(title), Kind: "event", Note: b.T("care.by", "who", by, "note", at.Format("15:04"))}
	if reason != "" {
		x.Note = b.T("care.by", "who", by, "note", reason)
	}
	return x
}

// recordChanges is the history of a record, each correction field by field in
// the words of the page.
func recordChanges(b Base, list []care.OperationChange) []change {
	out := make([]change, len(list))
	for i, h := range list {
		x := changeEvent(b, "operation.history."+string(h.Action), h.By, h.Reason, h.At)
		if h.Action == care.RecordCorrected {
			x.Lines = changedFields(b, recordFacts(b, h.Before), recordFacts(b, h.After))
		}
		out[i] = change{h.At, x}
	}
	return out
}

// partChanges is the history of the parts; a removed one says what it was.
func partChanges(b Base, list []care.PartChange) []change {
	out := make([]change, len(list))
	for i, h := range list {
		x := changeEvent(b, "device.history."+h.Action, h.By, h.Reason, h.At)
		switch h.Action {
		case "corrected":
			x.Lines = changedFields(b, itemFacts(b, h.Before), itemFacts(b, h.After))
		case "removed":
			x.Lines = changedFields(b, itemFacts(b, h.Before), nil)
		default:
			x.Lines = []string{b.T(h.Before.Role.Label()) + " " + deviceName(h.Before.Device)}
		}
		out[i] = change{h.At, x}
	}
	return out
}

// recordFacts is everything of a record a correction can change, as the page says it.
func recordFacts(b Base, o care.Operation) []Def {
	out := []Def{{Label: b.T("operation.one"), Text: operationName(b, o)}, {Label: b.T("operation.on"), Text: b.Day(o.OperatedOn)},
		{Label: b.T("operation.lead"), Text: o.LeadName}, {Label: b.T("operation.assistant"), Text: o.AssistantName}, {Label: b.T("operation.supervisor"), Text: o.SupervisorName}}
	return append(out, operationRecord(b, o.Procedure)...)
}

// changedFields are the lines of a difference, in the order of the record.
func changedFields(b Base, before, after []Def) []string {
	say := func(list []Def, label string) string {
		if i := slices.IndexFunc(list, func(d Def) bool { return d.Label == label }); i >= 0 && list[i].Text != "" {
			return list[i].Text
		}
		return b.T("operation.history.empty")
	}
	var out, seen []string
	for _, d := range slices.Concat(after, before) {
		if slices.Contains(seen, d.Label) {
			continue
		}
		seen = append(seen, d.Label)
		if was, is := say(before, d.Label), say(after, d.Label); was != is {
			out = append(out, b.T("operation.history.change", "field", d.Label, "before", was, "after", is))
		}
	}
	return out
}
