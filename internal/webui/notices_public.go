package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/printout"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
)

// open gives a page for everybody its frame: without a name where nobody is
// signed in.
func open(b Base) Base {
	if b.User == nil {
		b.Layout = "open"
	}
	return b
}

func newBoardView(b Base, list []public.Notice) noticeView {
	b = open(b)
	b.Title, b.Sub = b.T("notice.public"), b.T("notice.public.sub")
	t := Table{Caption: b.Title, Quiet: true, Columns: []Column{{Key: "notice.title", Class: "grow"}, {Key: "notice.place"}, {Key: "notice.until"}},
		Empty: Empty{Title: b.T("notice.public.empty"), Text: b.T("notice.public.empty.text")}}
	for _, n := range list {
		t.Rows = append(t.Rows, Cells(LinkCell(n.Title, "/notices/"+n.ID.String()), TextCell(n.District), DateCell(n.UntilOn)))
	}
	return noticeView{Base: b, Tables: []Table{t}}
}

func (s *Server) boardPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Notices.Published(r.Context())
	if err != nil {
		return err
	}
	return s.showNotice(w, r, newBoardView(c.Base, list))
}

func (s *Server) posted(r *http.Request) (public.Board, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return public.Board{}, err
	}
	return s.d.Notices.Read(r.Context(), id)
}

func newPostedView(b Base, n public.Board) noticeView {
	b = open(b)
	at := "/notices/" + n.ID.String()
	b.Title, b.Sub = n.Title, b.T("notice.posted.sub", "until", b.Day(n.On.UntilOn))
	b.Actions = []Button{{Text: b.T("notice.object"), Kind: "primary", Href: at + "/objection"}, {Text: b.T("notice.print"), Icon: "printer", Href: at + "/print"},
		{Text: b.T("notice.pdf"), Href: at + "/notice.pdf"}}
	return noticeView{Base: b, Tables: []Table{entryTable(b, n.District, n.On.Bands, n.Entries)},
		Defs: []Def{{Label: b.T("notice.published"), Text: b.T("notice.range", "from", n.On.PublishedOn, "to", n.On.UntilOn)}, {Label: b.T("notice.office"), Text: n.Office},
			{Label: b.T("notice.shown"), Text: b.T("notice.shown.text", "cell", n.On.Cell)}}}
}

func (s *Server) postedPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.posted(r)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, newPostedView(c.Base, n))
}

// noticeSheet is a notice on paper, for the board at the village office.
type noticeSheet struct {
	Base
	District   string
	Head       string
	Heads      []string
	Rows       [][]string
	Objections string
	Office     string
	On         string
}

func newNoticeSheet(b Base, n public.Board) noticeSheet {
	b.Layout, b.Title = "print", n.Title
	p := noticeSheet{Base: b, District: n.District, On: b.Day(n.On.PublishedOn), Head: b.T("notice.print.head", "district", n.District, "from", b.Day(n.On.From), "to", b.Day(n.On.To)),
		Objections: b.T("notice.print.object", "from", b.Day(n.On.PublishedOn), "until", b.Day(n.On.UntilOn)), Office: b.T("notice.print.office", "office", n.Office)}
	for _, key := range []string{"no", "name", "place", "class", "amount"} {
		p.Heads = append(p.Heads, b.T("notice."+key))
	}
	for _, e := range n.Entries {
		p.Rows = append(p.Rows, []string{strconv.Itoa(e.No), e.Masked, placeText(n.District, e), b.T("notice.class." + string(e.Programme)), bandText(b, n.On.Bands, e.Band)})
	}
	return p
}

func (s *Server) postedPrint(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.posted(r)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "notice/print", newNoticeSheet(c.Base, n))
}

// form is the sheet as a file.
func (p noticeSheet) form() printout.Form {
	widths := []int{1, 2, 4, 3, 4}
	row := func(texts []string, head bool) printout.Row {
		var out printout.Row
		for i, text := range texts {
			out = append(out, printout.Cell{Text: text, Width: widths[i], Head: head})
		}
		return out
	}
	rows := []printout.Row{row(p.Heads, true)}
	for _, r := range p.Rows {
		rows = append(rows, row(r, false))
	}
	return printout.Form{Title: p.Title, Left: p.T("app.name") + " " + p.District, Notes: []string{p.Head}, Tables: [][]printout.Row{rows}, Foot: p.Objections + " " + p.Office,
		Bottom: []string{p.T("notice.print.sign"), p.On}, Pages: func(page, of int) string { return p.T("paper.page", "n", page, "of", of) },
		Rare: func(list string) string { return p.T("paper.rare", "list", list) }}
}

func (s *Server) postedPDF(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.posted(r)
	if err != nil {
		return err
	}
	f := newNoticeSheet(c.Base, n).form()
	f.Made = n.On.PublishedOn.Start()
	return servePDF(w, "notice", f)
}

// objectFields are what somebody is asked who objects.
func objectFields(focus bool) []Field {
	return []Field{{Name: "no", LabelKey: "notice.object.no", HintKey: "notice.object.no.hint", Kind: KindNumber, Low: 1, High: 2000, Width: 6, Optional: true, Focus: focus},
		{Name: "text", LabelKey: "notice.object.text", HintKey: "notice.object.text.hint", Kind: KindArea, Rows: 5, Max: 1000},
		{Name: "name", LabelKey: "notice.object.name", HintKey: "notice.object.name.hint", Max: 40, Width: 6, Optional: true, Break: true},
		{Name: "contact", LabelKey: "notice.object.contact", HintKey: "notice.object.contact.hint", Max: 80, Width: 6, Optional: true}}
}

func newObjectView(b Base, today clock.Date, n public.Board) noticeView {
	b = open(b)
	b.Title, b.Sub = b.T("notice.object"), b.T("notice.object.sub", "title", n.Title, "until", b.Day(n.On.UntilOn))
	f := keyed(NewForm(b, today, objectFields(true)...))
	f.Action = "/notices/" + n.ID.String() + "/objection"
	return noticeView{Base: b, Form: f, Buttons: []Button{{Text: b.T("notice.object.send"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/notices/" + n.ID.String()}}}
}

func newTakenView(b Base, n public.Board, receipt string) noticeView {
	b = open(b)
	b.Title = b.T("notice.taken")
	return noticeView{Base: b, Alerts: []Alert{{Kind: "ok", Title: b.T("notice.taken.no", "receipt", receipt), Text: b.T("notice.taken.text", "office", n.Office)}}}
}

func (s *Server) objectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.posted(r)
	if err != nil {
		return err
	}
	return s.showNotice(w, r, newObjectView(c.Base, c.Today, n))
}

// said reads the fields of an objection.
func said(f *Form) public.Said {
	return public.Said{No: f.Int("no"), Name: f.Text("name"), Contact: f.Text("contact"), Text: f.Text("text")}
}

// postObject takes an objection from anybody. The limit is per address: whoever
// wants to drown the office has to come by.
func (s *Server) postObject(w http.ResponseWriter, r *http.Request, c *Call) error {
	n, err := s.posted(r)
	if err != nil {
		return err
	}
	v := newObjectView(c.Base, c.Today, n)
	if err := v.Form.Read(r); err != nil {
		return err
	}
	in := said(v.Form)
	in.Notice = n.ID
	if v.Form.OK() {
		if err := s.objections.Allow(httpx.ClientKey(r)); err != nil {
			return err
		}
		taken, err := s.d.Notices.Object(r.Context(), in, requestKey(r))
		if err == nil {
			return s.showNotice(w, r, newTakenView(c.Base, n, taken.Receipt))
		}
		if err = v.refused(err); err != nil {
			return err
		}
	}
	return s.showNotice(w, r, v)
}
