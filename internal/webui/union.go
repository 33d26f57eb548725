package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// unionRoutes declares the mergers of two hospitals.
func (s *Server) unionRoutes(rt *router) {
	rt.get("/hospital-merges", authz.HospitalMerge, s.unionsPage)
	rt.post("/hospital-merges", authz.HospitalMerge, s.askUnion)
	rt.get("/hospital-merges/{id}", authz.HospitalMerge, s.unionPage)
	rt.post("/hospital-merges/{id}", authz.HospitalMerge, s.stepUnion)
}

// unionKind is the colour of a state.
func unionKind(s partnership.UnionState) string {
	return map[partnership.UnionState]string{partnership.UnionAsked: "warn", partnership.UnionDone: "ok", partnership.UnionDropped: "plain"}[s]
}

// newUnionsView lists the mergers and asks for one.
func newUnionsView(b Base, today clock.Date, list page.Result[directory.Union], hospitals []Option) noticeView {
	b.Title, b.Sub = b.T("union.title"), b.T("union.sub")
	t := Table{Caption: b.Title, Columns: []Column{{Key: "union.from", Class: "grow"}, {Key: "union.into"}, {Key: "union.on"}, {Key: "union.done"}, {Key: "union.state"}},
		Empty: Empty{Title: b.T("union.none"), Text: b.T("union.none.text")}}
	for _, u := range list.Rows {
		t.Rows = append(t.Rows, Cells(nameCell(u.FromName, "/hospital-merges/"+u.ID.String()), TextCell(u.IntoName), DateCell(u.On), DateCell(u.DoneOn),
			TagCell(unionKind(u.State), b.T(u.State.Label()))))
	}
	v := noticeView{Base: b, Tables: []Table{t}, Heading: b.T("union.ask")}
	v.Form = keyed(NewForm(b, today,
		Field{Name: "from", LabelKey: "union.from", Kind: KindCombo, Options: hospitals, Width: 6},
		Field{Name: "into", LabelKey: "union.into", Kind: KindCombo, Options: hospitals, Width: 6},
		Field{Name: "on", LabelKey: "union.on", HintKey: "union.on.hint", Kind: KindDate, Width: 6},
		Field{Name: "reason", LabelKey: "union.reason", HintKey: "union.reason.hint", Kind: KindArea, Rows: 2, Max: 300}))
	v.Form.Action, v.Buttons = "/hospital-merges", []Button{{Text: v.Heading, Kind: "primary"}}
	return v
}

// newUnionView says what goes over, what stays and what has to be finished first,
// and asks for the next step.
func newUnionView(b Base, today clock.Date, u directory.UnionView) noticeView {
	b.Title = b.T("union.pair", "from", u.FromName, "into", u.IntoName)
	b.Crumbs = []Link{{Text: b.T("union.title"), Href: "/hospital-merges"}, {Text: b.Title}}
	b.Badge = &Tag{Text: b.T(u.State.Label()), Kind: unionKind(u.State)}
	v := noticeView{Base: b, Defs: []Def{{Label: b.T("union.from"), Text: u.FromName}, {Label: b.T("union.into"), Text: u.IntoName}, {Label: b.T("union.on"), Text: b.Day(u.On)},
		{Label: b.T("union.asked"), Text: instant(u.AskedAt)}, {Label: b.T("union.reason"), Text: u.Reason}}}
	switch u.State {
	case partnership.UnionDone:
		v.Alerts = []Alert{sinceAlert(b, u.Union)}
		v.Tables = []Table{carriedTable(b, b.T("union.moved", "name", u.IntoName), u.Moves)}
		return v
	case partnership.UnionDropped:
		return v
	}
	v.Tables = []Table{unionPendingTable(b, u.Pending), carriedTable(b, b.T("union.moves", "name", u.IntoName), u.Moves), carriedTable(b, b.T("union.stays", "name", u.FromName), u.Stays)}
	step := "drop"
	if u.MayConfirm {
		step = "confirm"
		v.Alerts = []Alert{{Kind: "warn", Icon: "warning", Title: b.T("union.confirm"), Text: b.T("union.confirm.text", "from", u.FromName, "into", u.IntoName)}}
	}
	v.Heading = b.T("union." + step)
	v.Form = keyed(NewForm(b, today)).Hide("version", version(u.Version)).Hide("step", step)
	v.Form.Action, v.Buttons = "/hospital-merges/"+u.ID.String(), []Button{{Text: v.Heading, Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/hospital-merges"}}
	return v
}

// sinceAlert says since when a hospital is another one.
func sinceAlert(b Base, u directory.Union) Alert {
	return Alert{Kind: "info", Title: b.T("union.since", "date", b.Day(u.DoneOn), "into", u.IntoName), Text: b.T("union.since.text", "from", u.FromName, "into", u.IntoName),
		Links: []Link{{Text: u.IntoName, Href: "/organisations/" + u.Into.String()}}}
}

func unionPendingTable(b Base, list []partnership.Pending) Table {
	t := Table{Caption: b.T("union.pending"), Columns: []Column{{Key: "union.pending.what", Class: "wide"}, {Key: "partnership.pending.n", Align: "right"}},
		Empty: Empty{Title: b.T("union.pending.none"), Text: b.T("union.pending.none.text")}}
	for _, x := range list {
		t.Rows = append(t.Rows, Cells(Cell{Text: b.T(x.Label()), Sub: b.T("remedy.union." + x.Kind)}, Cell{Text: strconv.Itoa(x.N)}))
	}
	return t
}

func carriedTable(b Base, caption string, list []partnership.Carried) Table {
	t := Table{Caption: caption, Columns: []Column{{Key: "union.part.what", Class: "grow"}, {Key: "union.part.n", Align: "right"}},
		Empty: Empty{Title: b.T("union.part.none"), Text: b.T("union.part.none.text")}}
	for _, x := range list {
		t.Rows = append(t.Rows, Cells(TextCell(b.T(x.Label())), Cell{Text: strconv.FormatInt(x.N, 10)}))
	}
	return t
}

func (s *Server) unionsView(r *http.Request, c *Call) (noticeView, error) {
	ctx := r.Context()
	list, err := s.d.Directory.Unions(ctx, c.Who, pageRequest(r))
	if err != nil {
		return noticeView{}, err
	}
	members, err := s.d.Directory.Hospitals(ctx, c.Who, c.Today)
	if err != nil {
		return noticeView{}, err
	}
	s.section(c, "settings")
	v := newUnionsView(c.Base, c.Today, list, hospitalOptions(members, ""))
	v.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return v, nil
}

func (s *Server) unionsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.unionsView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, v)
}

func (s *Server) askUnion(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.unionsView(r, c)
	if err != nil {
		return err
	}
	f := v.Form
	if err := f.Read(r); err != nil {
		return err
	}
	u := partnership.Union{From: f.IDOf("from"), Into: f.IDOf("into"), On: f.Date("on"), Reason: f.Text("reason")}
	if !f.OK() {
		return s.showNotice(w, r, v)
	}
	id, err := s.d.Directory.AskUnion(r.Context(), c.Who, u, requestKey(r))
	if err != nil {
		if err = v.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, v)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("union.saved")})
	return seeOther(w, r, "/hospital-merges/"+id.String())
}

func (s *Server) unionView(r *http.Request, c *Call) (directory.UnionView, noticeView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return directory.UnionView{}, noticeView{}, err
	}
	u, err := s.d.Directory.Union(r.Context(), c.Who, id)
	if err != nil {
		return u, noticeView{}, err
	}
	s.section(c, "settings")
	return u, newUnionView(c.Base, c.Today, u), nil
}

func (s *Server) unionPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, v, err := s.unionView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, v)
}

func (s *Server) stepUnion(w http.ResponseWriter, r *http.Request, c *Call) error {
	u, v, err := s.unionView(r, c)
	if err != nil {
		return err
	}
	f := v.Form
	if f == nil { // nothing is left to do
		return s.showNotice(w, r, v)
	}
	if err := f.Read(r); err != nil {
		return err
	}
	step := s.d.Directory.ConfirmUnion
	if f.Raw("step") == "drop" {
		step = s.d.Directory.DropUnion
	}
	if err := step(r.Context(), c.Who, u.ID, f.Version(), requestKey(r)); err != nil {
		if err = v.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, v)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("union.saved")})
	return seeOther(w, r, "/hospital-merges/"+u.ID.String())
}
