package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
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
	switch x.State {
	case intake.ReviewOpen:
		v.Tag = Tag{Text: b.T("review.state.open"), Kind: "warn"}
		if v.Right != nil {
			v.Buttons = append(v.Buttons, Button{Text: b.T("review.merge"), Kind: "primary", Name: "verdict", Value: string(intake.Merge)})
		}
		v.Buttons = append(v.Buttons, Button{Text: b.T("review.distinct"), Name: "verdict", Value: string(intake.Distinct)})
	default:
		v.Tag = Tag{Text: b.T("review.state." + x.State), Kind: "ok"}
		v.Meta += " · " + b.T("review.by", "name", x.DeciderName, "date", b.Day(clock.DateOf(x.DecidedAt.In(clock.Shanghai))))
		v.Buttons = []Button{{Text: b.T("review.reopen"), Name: "verdict", Value: string(intake.Reopen)}}
	}
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

func (s *Server) decideReview(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(r.PostFormValue("version")) // a wrong one is stale
	verdict := intake.Verdict(r.PostFormValue("verdict"))
	if err := s.d.Intake.Decide(r.Context(), c.Who, id, version, verdict); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("review.done")})
	return seeOther(w, r, "/review")
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
