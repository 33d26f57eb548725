package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

// endingRoutes declares the end of a partnership.
func (s *Server) endingRoutes(rt *router) {
	rt.get("/partnership-ending", authz.PartnershipClose, s.endingPage)
	rt.post("/partnership-ending", authz.PartnershipClose, s.postEnding)
}

// newEndingView says what is pending, which cases would go home, and asks for the
// next step.
func newEndingView(b Base, today clock.Date, v directory.EndingView) noticeView {
	b.Title, b.Sub = b.T("partnership.ending"), b.T("partnership.ending.sub")
	self := "/partnerships/" + v.Partnership.ID.String()
	b.Crumbs = []Link{{Text: v.Partnership.Name, Href: self}, {Text: b.Title}}
	stage := v.Ending.Stage()
	b.Badge = &Tag{Text: b.T(stage.Label()), Kind: map[partnership.Stage]string{partnership.Running: "ok", partnership.Closing: "warn"}[stage]}
	p := noticeView{Base: b, Defs: []Def{{Label: b.T("partnership.stage"), Text: b.T(stage.Label())}}}
	for _, d := range []struct {
		key string
		on  clock.Date
	}{{"partnership.ending.asked", v.AskedOn}, {"partnership.ending.closed", v.ClosedOn}, {"partnership.ending.archived", v.ArchivedOn}} {
		if !d.on.IsZero() {
			p.Defs = append(p.Defs, Def{Label: b.T(d.key), Text: b.Day(d.on)})
		}
	}
	if v.Reason != "" {
		p.Defs = append(p.Defs, Def{Label: b.T("partnership.ending.reason"), Text: v.Reason})
	}
	if stage == partnership.Running || stage == partnership.Closing {
		p.Tables = []Table{pendingTable(b, v.Pending), casesTable(b, v)}
	}
	p.endingForm(today, v)
	return p
}

func pendingTable(b Base, list []partnership.Pending) Table {
	t := Table{Caption: b.T("partnership.pending"), Columns: []Column{{Key: "partnership.pending.what", Class: "grow"}, {Key: "partnership.pending.n", Align: "right"}},
		Empty: Empty{Title: b.T("partnership.pending.none"), Text: b.T("partnership.pending.none.text")}}
	for _, x := range list {
		t.Rows = append(t.Rows, Cells(TextCell(b.T(x.Label())), Cell{Text: strconv.Itoa(x.N)}))
	}
	return t
}

func casesTable(b Base, v directory.EndingView) Table {
	t := Table{Caption: b.T("partnership.cases"), Columns: []Column{{Key: "partnership.cases.no"}, {Key: "partnership.cases.state", Class: "grow"}, {Key: "partnership.cases.opened"}, {Key: "partnership.cases.home"}},
		Empty: Empty{Title: b.T("partnership.cases.none"), Text: b.T("partnership.cases.none.text")}}
	for _, c := range v.Cases.Rows {
		t.Rows = append(t.Rows, Cells(LinkCell(c.No, "/cases/"+c.ID.String()), TextCell(b.T(casefile.State(c.State).Label())), DateCell(c.OpenedOn), TextCell(c.Home)))
	}
	return t
}

// endingForm is the next step the reader may take.
func (v *noticeView) endingForm(today clock.Date, e directory.EndingView) {
	b := v.Base
	step := ""
	var fields []Field
	switch {
	case e.MayAsk:
		step, v.Heading = "ask", b.T("partnership.ending.ask")
		fields = []Field{{Name: "reason", LabelKey: "partnership.ending.reason", HintKey: "partnership.ending.reason.hint", Kind: KindArea, Rows: 2, Max: 300}}
	case e.MayConfirm:
		step, v.Heading = "confirm", b.T("partnership.ending.confirm")
		v.Alerts = append(v.Alerts, Alert{Kind: "warn", Icon: "warning", Title: v.Heading, Text: b.T("partnership.ending.confirm.text")})
	case e.Ending.Stage() == partnership.Closing:
		step, v.Heading = "drop", b.T("partnership.ending.drop")
	case e.MayArchive:
		step, v.Heading = "archive", b.T("partnership.ending.archive")
		v.Alerts = append(v.Alerts, Alert{Kind: "warn", Title: v.Heading, Text: b.T("partnership.ending.archive.text")})
	default:
		return
	}
	v.Form = keyed(NewForm(b, today, fields...)).Hide("version", version(e.Partnership.Version)).Hide("step", step)
	v.Form.Action, v.Buttons = "/partnership-ending", []Button{{Text: v.Heading, Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/partnerships/" + e.Partnership.ID.String()}}
}

func (s *Server) endingView(r *http.Request, c *Call) (noticeView, error) {
	v, err := s.d.Directory.Ending(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return noticeView{}, err
	}
	s.section(c, "settings")
	p := newEndingView(c.Base, c.Today, v)
	if len(p.Tables) > 1 {
		p.Tables[1].Pager = NewPager(r.URL, v.Cases.Next, "")
	}
	return p, nil
}

func (s *Server) endingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.endingView(r, c)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, p)
}

func (s *Server) postEnding(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.endingView(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if f == nil { // nothing is left to do
		return s.showNotice(w, r, p)
	}
	if err := f.Read(r); err != nil {
		return err
	}
	reason := ""
	if f.has("reason") {
		reason = f.Text("reason")
	}
	if !f.OK() {
		return s.showNotice(w, r, p)
	}
	if err := s.takeEnding(r, c, f.Raw("step"), reason, f.Version()); err != nil {
		if err = p.refused(err); err != nil {
			return err
		}
		return s.showNotice(w, r, p)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("partnership.ending.done")})
	return seeOther(w, r, "/partnership-ending")
}

func (s *Server) takeEnding(r *http.Request, c *Call, step, reason string, version int64) error {
	ctx, d, key := r.Context(), s.d.Directory, requestKey(r)
	switch step {
	case "confirm":
		return d.ConfirmEnding(ctx, c.Who, version, key)
	case "drop":
		return d.DropEnding(ctx, c.Who, version, key)
	case "archive":
		return d.ArchiveEnding(ctx, c.Who, version, key)
	}
	return d.AskEnding(ctx, c.Who, reason, version, key)
}
