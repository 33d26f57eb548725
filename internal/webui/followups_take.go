package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

// nobody stands for "put back" in the choice of colleagues.
const nobody = "nobody"

// takeBar is the line under a list of appointments by which the ticked ones are
// given to somebody.
type takeBar struct {
	Colleagues []Option
	Button     Button
}

// newTakeBar offers the own account first, then the colleagues.
func newTakeBar(b Base, own ident.ID, list []aftercare.Colleague) *takeBar {
	bar := &takeBar{Button: Button{Text: b.T("followup.take.next"), Small: true}}
	slices.SortStableFunc(list, func(x, y aftercare.Colleague) int {
		switch own {
		case x.ID:
			return -1
		case y.ID:
			return 1
		}
		return 0
	})
	for _, c := range list {
		bar.Colleagues = append(bar.Colleagues, Option{Value: c.ID.String(), Text: c.Name})
	}
	bar.Colleagues = append(bar.Colleagues, Option{Value: nobody, Text: b.T("followup.take.back")})
	return bar
}

// takeView is what giving would do, to be confirmed.
type takeView struct {
	Base
	Table Table
	Notes []string
	IDs   string
	To    string
	Key   string
	Do    Button
	Back  Button
}

func takeInput(r *http.Request) aftercare.TakeInput {
	in := aftercare.TakeInput{FollowUps: chosen(r)}
	if to := r.PostFormValue("to"); to != nobody {
		in.To, _ = ident.Parse(to) // an unknown account is refused by the service
		if in.To == ident.Nil {
			in.To = ident.ID{1}
		}
	}
	return in
}

// previewTake shows what giving the ticked appointments would do.
func (s *Server) previewTake(w http.ResponseWriter, r *http.Request, c *Call) error {
	in := takeInput(r)
	v, err := s.d.Aftercare.PreviewTake(r.Context(), c.Who, in)
	if errs.Is(err, errs.Invalid) {
		s.flash(r, Flash{Kind: "warn", Title: c.P.Error(err)})
		return seeOther(w, r, "/followups")
	}
	if err != nil {
		return err
	}
	s.section(c, "followups")
	return s.d.Engine.Render(w, r, http.StatusOK, "followup/take", newTakeView(c.Base, v, in, ident.New().String()))
}

func newTakeView(b Base, v aftercare.TakeView, in aftercare.TakeInput, key string) takeView {
	b.Title = b.T("followup.take.title", "name", v.ToName)
	to := in.To.String()
	if in.To == ident.Nil {
		b.Title, to = b.T("followup.take.title.back"), nobody
	}
	b.Crumbs = []Link{{Text: b.T("nav.followups"), Href: "/followups"}, {Text: b.Title}}
	b.Sub = b.T("followup.take.sub", "n", len(v.Rows))
	ids := make([]ident.ID, len(v.Rows))
	t := Table{Caption: b.Title, Quiet: true, Columns: []Column{{Key: "case.patient"}, {Key: "followup.operation", Class: "grow"}, {Key: "followup.step"}, {Key: "followup.window"},
		{Key: "followup.take.before"}, {Key: "followup.hospital"}}, Empty: Empty{Title: b.T("followup.take.none"), Text: b.T("followup.take.none.text")}}
	for i, f := range v.Rows {
		ids[i] = f.ID
		t.Rows = append(t.Rows, Cells(Cell{Text: f.PersonName, Sub: f.CaseNo}, followOperation(b, f), stepCell(b, f), Cell{Text: windowText(b, f), Nowrap: true}, takenCell(b, f),
			spot(sides(v.Sides).of(f.Hospital), f.HospitalName)))
	}
	p := takeView{Base: b, Table: t, IDs: joinIDs(ids), To: to, Key: key, Back: Button{Text: b.T("dialog.back"), Href: "/followups"}}
	if len(v.Rows) > 0 {
		p.Do = Button{Text: b.T("followup.take.do", "n", len(v.Rows)), Kind: "primary"}
	} else {
		p.Sub = ""
	}
	if v.Same > 0 {
		p.Notes = append(p.Notes, b.T("followup.take.same", "n", v.Same))
	}
	if v.Gone > 0 {
		p.Notes = append(p.Notes, b.T("followup.take.gone", "n", v.Gone))
	}
	return p
}

// takenCell says who took an appointment on.
func takenCell(b Base, f aftercare.FollowUp) Cell {
	if f.TakenBy == ident.Nil {
		return Cell{Text: "–"}
	}
	return Cell{Text: f.TakenName}
}

// take gives the appointments; for ten seconds it can be undone.
func (s *Server) take(w http.ResponseWriter, r *http.Request, c *Call) error {
	in := takeInput(r)
	v, err := s.d.Aftercare.PreviewTake(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	done, err := s.d.Aftercare.Take(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in))
	if err != nil {
		return err
	}
	title := c.P.T("followup.take.done", "n", done.Count, "name", v.ToName)
	if in.To == ident.Nil {
		title = c.P.T("followup.take.done.back", "n", done.Count)
	}
	if done.Count > 0 {
		s.flash(r, Flash{Kind: "ok", Title: title, Undo: "/followups/take/undo", Seconds: undoSeconds,
			Fields: map[string]string{"before": beforeText(done.Before), "_key": ident.New().String()}})
	}
	return seeOther(w, r, "/followups")
}

// beforeText writes who had each appointment, for the undo.
func beforeText(list []aftercare.Taking) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.FollowUp.String() + ":" + x.To.String()
	}
	return strings.Join(out, ",")
}

func readBefore(text string) (out []aftercare.Taking) {
	for pair := range strings.SplitSeq(text, ",") {
		id, to, _ := strings.Cut(pair, ":")
		var x aftercare.Taking
		var err error
		if x.FollowUp, err = ident.Parse(id); err != nil {
			continue
		}
		if x.To, err = ident.Parse(to); err == nil {
			out = append(out, x)
		}
	}
	return out
}

func (s *Server) undoTake(w http.ResponseWriter, r *http.Request, c *Call) error {
	before := readBefore(r.PostFormValue("before"))
	done, err := s.d.Aftercare.Restore(r.Context(), c.Who, before, aftercare.KeyOf(requestKey(r), before))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("followup.take.undone", "n", done.FollowUps)})
	return seeOther(w, r, "/followups")
}
