package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// reviewView is the office's queue about who is who.
type reviewView struct {
	Base
	Items []reviewItemView
	Empty Empty
	Pager *Pager
	Key   string
}

// reviewItemView is one question with the two records side by side.
type reviewItemView struct {
	Action  string
	Title   string
	Meta    string
	Reason  string
	Version string
	Tag     Tag
	Left    reviewSide
	Right   *reviewSide
	Buttons []Button
}

// reviewSide is one of the two records.
type reviewSide struct {
	Name  string
	Href  string
	Fix   string // where the identity is corrected
	Facts []Def
}

// reviewStates are the tabs of the queue.
func reviewStates() []string {
	return []string{intake.ReviewOpen, intake.ReviewMerged, intake.ReviewDistinct}
}

func (s *Server) reviewPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state := r.URL.Query().Get("state")
	list, err := s.d.Intake.Reviews(r.Context(), c.Who, state, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "patients")
	v := newReviewView(c.Base, c.Today, state, list)
	v.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "intake/review", v)
}

func newReviewView(b Base, today clock.Date, state string, list page.Result[intake.ReviewItem]) reviewView {
	if state == "" {
		state = intake.ReviewOpen
	}
	b.Title, b.Sub = b.T("review.title"), b.T("review.sub")
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: b.Title}}
	for _, x := range reviewStates() {
		b.Tabs = append(b.Tabs, Tab{Text: b.T("review.state." + x), Href: "/review?state=" + x, Current: x == state})
	}
	v := reviewView{Base: b, Empty: Empty{Title: b.T("review.empty"), Text: b.T("review.empty.text")}}
	for _, x := range list.Rows {
		v.Items = append(v.Items, newReviewItem(b, today, x))
	}
	return v
}

func newReviewItem(b Base, today clock.Date, x intake.ReviewItem) reviewItemView {
	v := reviewItemView{Action: "/review/" + x.ID.String(), Title: b.T("review.kind." + x.Kind), Reason: x.Reason, Version: strconv.Itoa(x.Version),
		Meta: strings.Join(slices.DeleteFunc([]string{x.HospitalName, x.ByName, b.Day(clock.DateOf(x.CreatedAt.In(clock.Shanghai)))},
			func(s string) bool { return s == "" }), " · "), Left: newReviewSide(b, today, x.Person)}
	if x.OtherID != ident.Nil {
		right := newReviewSide(b, today, x.Other)
		v.Right = &right
	}
	v.Tag = Tag{Text: b.T("review.state." + x.State), Kind: "ok"}
	look := Button{Text: b.T("review.compare"), Kind: "primary", Href: v.Action}
	if x.State == intake.ReviewOpen {
		v.Tag.Kind = "warn"
	} else {
		v.Meta += " · " + b.T("review.by", "name", x.DeciderName, "date", b.Day(clock.DateOf(x.DecidedAt.In(clock.Shanghai))))
		look = Button{Text: b.T("review.reopen"), Href: v.Action}
	}
	v.Buttons = []Button{look}
	return v
}

func newReviewSide(b Base, today clock.Date, p intake.ReviewPerson) reviewSide {
	about := b.T(p.Sex.Key())
	if !p.Birth.IsZero() {
		about += " " + p.Birth.String() + " " + b.T("js.age.years", "n", p.Birth.AgeOn(today))
	}
	doc := b.T(p.DocKind.Key())
	if p.DocLast4 != "" {
		doc += " " + MaskID(p.DocLast4)
	}
	if p.DocLast4 != "" && !p.Verified {
		doc += " " + b.T("patients.unverified")
	}
	return reviewSide{Name: p.Name, Href: patientPath(p.ID), Fix: patientPath(p.ID) + "/identity", Facts: []Def{{Label: b.T("patients.sex_age"), Text: about}, {Label: b.T("patients.document"), Text: doc},
		{Label: b.T("patients.place"), Text: p.Villages}, {Label: b.T("patients.hospital"), Text: p.Hospitals}}}
}

// compareView is two records side by side before the office decides.
type compareView struct {
	Base
	Alerts []Alert
	Facts  Table
	Held   Table
	Form   *Form
	Save   []Button
	Note   []Def
}

func (s *Server) comparePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showCompare(w, r, c, nil)
}

// showCompare renders the comparison; the form keeps what was typed.
func (s *Server) showCompare(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	x, err := s.d.Intake.Compare(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "patients")
	v := newCompareView(c.Base, c.Today, x, f)
	return s.d.Engine.Render(w, r, v.Form.Status(), "intake/compare", v)
}

func verdictForm(b Base, today clock.Date, action string) *Form {
	f := keyed(NewForm(b, today, Field{Name: "reason", LabelKey: "review.why", HintKey: "review.why.hint", Kind: KindArea, Rows: 2, Max: 500, Missing: "error.review.reason"}))
	f.Action = action
	return f
}

func newCompareView(b Base, today clock.Date, x intake.Comparison, f *Form) compareView {
	b.Title, b.Sub = b.T("review.compare"), b.T("review.compare.sub")
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: b.T("review.title"), Href: "/review"}, {Text: b.Title}}
	b.Badge = &Tag{Text: b.T("review.state." + x.State), Kind: "warn"}
	if f == nil {
		f = verdictForm(b, today, "/review/"+x.ID.String())
	}
	f.Hide("version", strconv.Itoa(x.Version))
	v := compareView{Base: b, Form: f}
	verdict := func(kind, key string, value intake.Verdict) Button {
		return Button{Text: b.T(key), Kind: kind, Name: "verdict", Value: string(value)}
	}
	v.Save = []Button{verdict("", "review.reopen.do", intake.Reopen)}
	if x.State == intake.ReviewOpen {
		v.Save = []Button{verdict("", "review.distinct", intake.Distinct)}
		if x.OtherID != ident.Nil {
			v.Save = append([]Button{verdict("primary", "review.merge", intake.Merge)}, v.Save...)
		}
	}
	for _, p := range x.OpenTwice {
		v.Alerts = append(v.Alerts, Alert{Kind: "warn", Title: b.T("review.open_twice", "programme", b.T(p.Label())), Text: b.T("review.open_twice.text")})
	}
	for _, h := range x.SameSide {
		v.Alerts = append(v.Alerts, Alert{Kind: "error", Title: b.T("review.same_side", "operation", heldText(b, h)), Text: b.T("review.same_side.text")})
	}
	if x.Reason != "" {
		v.Note = append(v.Note, Def{Label: b.T("review.raised"), Text: x.Reason})
	}
	if x.Verdict != "" {
		v.Note = append(v.Note, Def{Label: b.T("review.why"), Text: x.Verdict})
	}
	v.Facts = compareFacts(b, today, x)
	v.Held = compareHeld(b, x)
	return v
}

// compareFacts puts the identities beside each other; what differs is marked.
func compareFacts(b Base, today clock.Date, x intake.Comparison) Table {
	t := Table{Caption: b.T("review.identity"), Columns: []Column{{Key: "review.field"}, {Text: x.Person.Name}, {Text: x.Other.Name}, {Key: "review.differs"}}}
	left, right := newReviewSide(b, today, x.Person), newReviewSide(b, today, x.Other)
	rows := [][3]string{{b.T("case.patient"), left.Name, right.Name}}
	for i := range left.Facts {
		rows = append(rows, [3]string{left.Facts[i].Label, left.Facts[i].Text, right.Facts[i].Text})
	}
	for i, r := range rows {
		row := Cells(TextCell(r[0]), TextCell(r[1]), TextCell(r[2]), TextCell(""))
		if i == 0 {
			row.Cells[1].Href, row.Cells[2].Href = left.Href, right.Href
		}
		if r[1] != r[2] {
			row.Cells[3], row.Alert = TagCell("warn", b.T("review.different")), true
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// compareHeld lists what stands on each record: nothing of it moves.
func compareHeld(b Base, x intake.Comparison) Table {
	t := Table{Caption: b.T("review.held"), Note: b.T("review.held.note"), Columns: []Column{{Key: "review.what"}, {Text: x.Person.Name}, {Text: x.Other.Name}}}
	for _, what := range []string{"registration", "case", "operation", "bill"} {
		row := Cells(TextCell(b.T("review.held." + what)))
		for _, id := range []ident.ID{x.PersonID, x.OtherID} {
			var lines []string
			for _, h := range x.Held[id] {
				if h.What == what {
					lines = append(lines, heldText(b, h))
				}
			}
			row.Cells = append(row.Cells, TextCell(strings.Join(lines, b.T("list.semicolon"))))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// heldText is one thing on record in words.
func heldText(b Base, h intake.Held) string {
	what := h.No
	switch h.What {
	case "case":
		what = b.T("care.pair", "a", h.No, "b", b.T(procedure.Programme(h.Code).Label()))
		if h.Open {
			what = b.T("care.pair", "a", what, "b", b.T("review.case_open"))
		}
	case "operation":
		o := procedure.Procedure{Kind: procedure.Kind(h.Code), Site: procedure.Kind(h.Code).Site(), Side: procedure.Side(h.Side)}
		what = operationName(b, care.Operation{Procedure: o})
	case "bill":
		what = b.T("review.bill", "amount", b.Yuan(h.Amount))
	}
	return b.T("review.held.line", "on", h.On, "place", h.Place, "what", what)
}

func (s *Server) decideReview(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := verdictForm(c.Base, c.Today, r.URL.Path)
	if err := f.Read(r); err != nil {
		return err
	}
	in := intake.VerdictInput{Review: id, Version: int(f.Version()), Verdict: intake.Verdict(r.PostFormValue("verdict")), Reason: f.Text("reason")}
	if f.OK() {
		done, err := s.d.Intake.Decide(r.Context(), c.Who, requestKey(r), in)
		if err == nil {
			flash := Flash{Kind: "ok", Title: c.P.T("review.done")}
			if in.Verdict != intake.Reopen { // taking a merge back separates the records again
				flash.Undo, flash.Seconds = "/review/"+id.String(), undoSeconds
				flash.Fields = map[string]string{"verdict": string(intake.Reopen), "reason": c.P.T("undo.reason"), "version": strconv.Itoa(done.Version), "_key": ident.New().String()}
			}
			s.flash(r, flash)
			return seeOther(w, r, "/review")
		}
		if err = f.Merge(err); err != nil {
			return err
		}
	}
	return s.showCompare(w, r, c, f)
}

// samePersonForm asks the office whether another record is the same person.
func (s *Server) samePersonForm(r *http.Request, c *Call) (careForm, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, id, err
	}
	v, err := s.d.Care.Patient(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, id, err
	}
	b := s.careBase(c, "patients", c.P.T("review.ask"), Link{Text: v.Name, Href: "/patients/" + id.String()})
	b.Sub = b.T("review.ask.sub")
	f := keyed(NewForm(b, c.Today, Field{Name: "other", LabelKey: "review.other", HintKey: "review.other.hint", Max: 40, Width: 6, Focus: true},
		Field{Name: "reason", LabelKey: "review.why", Kind: KindArea, Rows: 2, Max: 500}))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f}, id, nil
}

func (s *Server) samePersonPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.samePersonForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("review.compare")}, "/patients/"+id.String())
}

func (s *Server) samePerson(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.samePersonForm(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	other, reason := p.Form.Text("other"), p.Form.Text("reason")
	if p.Form.OK() {
		review, err := s.d.Intake.Ask(r.Context(), c.Who, requestKey(r), intake.AskInput{Person: id, Other: other, Reason: reason})
		if err == nil {
			return seeOther(w, r, "/review/"+review.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("review.compare")}, "/patients/"+id.String())
}

// pairWindow is how far back one look for cross-hospital pairs goes.
const pairWindow = 366

func (s *Server) findPairs(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.d.Intake.FindPairs(r.Context(), c.Who, c.Today.AddDays(-pairWindow))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("review.found", "n", n)})
	return seeOther(w, r, "/review")
}
