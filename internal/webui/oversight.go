package webui

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
)

// oversightRoutes declares the log, who saw a case, and the anchors.
func (s *Server) oversightRoutes(rt *router) {
	rt.get("/audit", authz.AuditRead, s.logPage)
	rt.get("/audit/cases/{id}", authz.AuditRead, s.whoSawPage)
	rt.get("/audit/anchors", authz.AuditVerify, s.anchorsPage)
	rt.post("/audit/anchors", authz.AuditVerify, s.receiveAnchor)
	rt.get("/audit/anchors/{id}/file", authz.AuditVerify, s.anchorFile)
	rt.get("/audit/held/{id}/file", authz.AuditVerify, s.heldFile)
}

// maxAnchor bounds an anchor with its keys: one line for each chain.
const maxAnchor = 8 << 20

func oversightUploads() []httpx.Upload {
	return []httpx.Upload{{Pattern: "/audit/anchors", Max: maxAnchor}}
}

func logFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today,
		Field{Name: "case", LabelKey: "oversight.case", HintKey: "oversight.case.hint", Max: 40, Optional: true},
		Field{Name: "until", LabelKey: "oversight.until", Kind: KindDate, Optional: true})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/audit"
	return f
}

// logPage shows the log; with the number of a case it leads to who saw it.
func (s *Server) logPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := logFilter(c.Base, c.Today)
	f.raw = r.URL.Query()
	if no := f.Text("case"); no != "" {
		id, err := s.d.Oversight.FindCase(r.Context(), c.Who, no)
		if err == nil {
			return seeOther(w, r, "/audit/cases/"+id.String())
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
		f.Fail("case", "error.case.missing")
	}
	q := oversight.LogQuery{Until: f.Date("until"), Page: pageRequest(r)}
	q.Object, q.Actor = queryID(r, "object"), queryID(r, "actor")
	for _, name := range []string{"object", "actor"} {
		if v := queryID(r, name); v != ident.Nil {
			f.Hide(name, v.String())
		}
	}
	list, err := s.d.Oversight.Log(r.Context(), c.Who, q)
	if err != nil {
		return err
	}
	v := newLogView(s.settingsFrame(c, "settings.audit"), f, list)
	v.Tabs = logTabs(c.Base, s.can(c, authz.AuditVerify), false)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func queryID(r *http.Request, name string) ident.ID {
	id, _ := ident.Parse(r.URL.Query().Get(name)) // a malformed one asks for nothing
	return id
}

func logTabs(b Base, verify, anchors bool) []Tab {
	if !verify {
		return nil
	}
	return []Tab{{Text: b.T("settings.audit"), Href: "/audit", Current: !anchors}, {Text: b.T("anchor.title"), Href: "/audit/anchors", Current: anchors}}
}

func newLogView(b Base, f *Form, list page.Result[oversight.Entry]) directoryList {
	b.Sub = b.T("oversight.sub")
	t := Table{Caption: b.T("settings.audit"), Quiet: true, Dense: true, Columns: []Column{{Key: "oversight.at"}, {Key: "oversight.actor"}, {Key: "oversight.act"},
		{Key: "oversight.object"}, {Key: "oversight.outcome"}, {Key: "oversight.detail", Class: "grow"}},
		Empty: Empty{Title: b.T("oversight.empty"), Text: b.T("oversight.empty.text")}}
	for _, e := range list.Rows {
		outcome := TagCell("ok", b.T(string(e.Outcome.Label())))
		if e.Outcome == audit.Refused {
			outcome = TagCell("warn", b.T(string(e.Outcome.Label())))
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: e.At.In(clock.Shanghai).Format("2006-01-02 15:04:05"), Sub: e.SourceIP, Nowrap: true},
			Cell{Text: actorText(b, e.ActorName), Sub: rolesOfEntry(b, e.Role), Href: "/audit?actor=" + e.ActorID.String()}, TextCell(b.T(string(audit.ActionLabel(e.Action)))),
			objectCell(b, e), outcome, Cell{Text: logReason(b, e), Sub: audit.Summary(e.Detail)}))
	}
	return directoryList{Base: b, Filter: f, Table: t}
}

// actorText names who did something. What acts without a person is kept as its
// code; files and the API keep that, a page says it in words where it has some.
func actorText(b Base, name string) string {
	code, system := strings.CutPrefix(name, "system:")
	if !system {
		return name
	}
	if key := "oversight.system." + code; b.P.Has(key) {
		code = b.T(key)
	}
	return b.T("oversight.system.named", "name", code)
}

// objectCell names what an act was about: a case leads to who saw it, everything
// else to its own events.
func objectCell(b Base, e oversight.Entry) Cell {
	if e.ObjectKind == "" {
		return TextCell("")
	}
	cell := TextCell(b.T(string(audit.ObjectLabel(e.ObjectKind))))
	if e.ObjectID == ident.Nil {
		return cell
	}
	id := e.ObjectID.String()
	cell.Sub, cell.Href = id[len(id)-8:], "/audit?"+url.Values{"object": {id}}.Encode()
	if e.ObjectKind == audit.ObjectCase {
		cell.Href = "/audit/cases/" + id
	}
	return cell
}

func rolesOfEntry(b Base, roles string) string {
	var out []string
	for name := range strings.FieldsSeq(roles) {
		if role := user.Role(name); role != user.Everyone {
			out = append(out, b.T(string(role.Label())))
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

// logReason is what the person gave as reason. Of a refusal it is the sentence
// the person read, where it needs no particulars.
func logReason(b Base, e oversight.Entry) string {
	if e.Outcome != audit.Refused {
		return e.Reason
	}
	if b.P.Has(e.Reason) {
		if text := b.T(e.Reason); !strings.Contains(text, "{") {
			return text
		}
	}
	return ""
}

// whoSawPage answers the question who was at a case.
func (s *Server) whoSawPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Oversight.WhoSaw(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "oversight.who", Link{Text: c.P.T("settings.audit"), Href: "/audit"})
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", newWhoSawView(b, v))
}

func newWhoSawView(b Base, v oversight.Readers) directoryList {
	people := 0
	t := Table{Caption: b.T("oversight.who"), Quiet: true, Columns: []Column{{Key: "oversight.actor"}, {Key: "oversight.acts", Class: "grow"},
		{Key: "oversight.times", Align: "right"}, {Key: "oversight.first"}, {Key: "oversight.last"}},
		Empty: Empty{Title: b.T("oversight.nobody"), Text: b.T("oversight.nobody.text")}}
	for _, x := range v.Readers {
		name := Cell{Text: actorText(b, x.Name), Href: "/audit?actor=" + x.Account.String()}
		var roles []string
		for _, role := range x.Roles {
			roles = append(roles, b.T(string(role.Label())))
		}
		name.Sub = strings.Join(roles, b.T("list.separator"))
		if x.System {
			name.Sub = b.T("oversight.system")
		} else {
			people++
		}
		acts := TextCell(actsText(b, x))
		if x.Refused > 0 {
			acts.Sub = b.T("oversight.refused", "n", x.Refused)
		}
		t.Rows = append(t.Rows, Row{Alert: x.Refused > 0, Cells: []Cell{name, acts, CodeCell(strconv.Itoa(x.Times)), CodeCell(minute(x.First)), CodeCell(minute(x.Last))}})
	}
	b.Title = b.T("oversight.who.case", "no", v.No)
	b.Sub = b.T("oversight.who.sub", "n", people)
	return directoryList{Base: b, Table: t}
}

func actsText(b Base, x oversight.Reader) string {
	var out []string
	for _, a := range x.Acts {
		out = append(out, b.T("oversight.act.times", "act", errs.Key(audit.ActionLabel(a.Action)), "kind", errs.Key(audit.ObjectLabel(a.Kind)), "n", a.Times))
	}
	return strings.Join(out, b.T("list.separator"))
}

func anchorForm(b Base, today clock.Date) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "file", LabelKey: "anchor.file", HintKey: "anchor.file.hint", Kind: KindFile, Accept: ".txt"},
		Field{Name: "keys", LabelKey: "anchor.keys", HintKey: "anchor.keys.hint", Kind: KindArea, Rows: 3, Max: 4000, Optional: true},
		Field{Name: "origin", LabelKey: "anchor.origin", HintKey: "anchor.origin.hint", Max: 60, Optional: true}))
	f.Action = "/audit/anchors"
	return f
}

// anchorsView is the own anchors, those kept for others, and the form to bring one.
type anchorsView struct {
	Base
	Form  *Form // nil on the platform: anchors are exchanged by partnerships
	Table Table
	Held  Table
}

func (s *Server) anchorsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showAnchors(w, r, c, anchorForm(c.Base, c.Today))
}

func (s *Server) showAnchors(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	list, held, err := s.d.Oversight.Anchors(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "anchor.title", Link{Text: c.P.T("settings.audit"), Href: "/audit"})
	b.Tabs = logTabs(b, s.can(c, authz.AuditRead), true)
	status := f.Status()
	if c.Who.PartnershipID == ident.Nil {
		f = nil
	}
	v := newAnchorsView(b, f, list.Rows, held)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, status, "account/anchors", v)
}

func newAnchorsView(b Base, f *Form, list []oversight.Anchor, held []oversight.Held) anchorsView {
	b.Sub = b.T("anchor.sub")
	columns := []Column{{Key: "anchor.at"}, {Key: "anchor.chains", Align: "right"}, {Key: "anchor.rows", Align: "right"}, {Key: "anchor.digest", Class: "grow"}}
	v := anchorsView{Base: b, Form: f,
		Table: Table{Caption: b.T("anchor.own"), Columns: columns, Empty: Empty{Title: b.T("anchor.empty"), Text: b.T("anchor.empty.text")}},
		Held: Table{Caption: b.T("anchor.held"), Note: b.T("anchor.held.note"), Columns: append([]Column{{Key: "anchor.origin"}}, columns...),
			Empty: Empty{Title: b.T("anchor.held.empty"), Text: b.T("anchor.held.empty.text")}}}
	if f == nil {
		v.Held.Empty.Text = b.T("anchor.held.empty.elsewhere")
	}
	for _, a := range list {
		v.Table.Rows = append(v.Table.Rows, Cells(Cell{Text: minute(a.At), Href: "/audit/anchors/" + a.ID.String() + "/file", Nowrap: true},
			CodeCell(strconv.Itoa(a.Chains)), CodeCell(strconv.FormatInt(a.Links, 10)), digestCell(a.Digest)))
	}
	for _, h := range held {
		v.Held.Rows = append(v.Held.Rows, Cells(TextCell(h.Origin), Cell{Text: minute(h.At), Href: "/audit/held/" + h.ID.String() + "/file", Nowrap: true},
			CodeCell(strconv.Itoa(h.Chains)), CodeCell(strconv.FormatInt(h.Links, 10)), digestCell(h.Digest)))
	}
	return v
}

// digestCell shows enough of a digest to compare two by eye.
func digestCell(d []byte) Cell {
	return Cell{Text: hex.EncodeToString(d[:min(len(d), 12)]), Mono: true}
}

// receiveAnchor takes an anchor in; the answer stands above the page.
func (s *Server) receiveAnchor(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := anchorForm(c.Base, c.Today)
	in, err := readAnchor(f, r)
	if err != nil {
		return err
	}
	if f.OK() {
		got, err := s.d.Oversight.Receive(r.Context(), c.Who, in)
		if err == nil {
			s.flash(r, anchorFlash(c, got))
			return seeOther(w, r, "/audit/anchors")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showAnchors(w, r, c, f)
}

func anchorFlash(c *Call, got oversight.Received) Flash {
	switch {
	case got.Own && got.Report.Fault != nil:
		return Flash{Kind: "error", Title: c.P.T("anchor.differs"), Text: c.P.Error(got.Report.Fault.Err())}
	case got.Own:
		return Flash{Kind: "ok", Title: c.P.T("anchor.agrees"), Text: c.P.T("anchor.agrees.text", "rows", got.Report.Rows, "anchors", got.Report.Anchors)}
	case got.Kept:
		return Flash{Kind: "ok", Title: c.P.T("anchor.kept")}
	}
	return Flash{Kind: "ok", Title: c.P.T("anchor.known")}
}

func readAnchor(f *Form, r *http.Request) (in oversight.Offer, err error) {
	if err := f.Read(r); err != nil {
		return in, err
	}
	defer func() {
		if r.MultipartForm != nil {
			err = errors.Join(err, r.MultipartForm.RemoveAll())
		}
	}()
	in.Keys, in.Origin = f.Text("keys"), f.Text("origin")
	file, _, err := r.FormFile("file")
	if err != nil {
		f.Fail("file", "form.error.file")
		return in, nil
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxAnchor))
	in.Text = string(raw)
	return in, err
}

func (s *Server) anchorFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := s.d.Oversight.Fetch(r.Context(), c.Who, id)
	return sendAnchor(w, f, err)
}

func (s *Server) heldFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := s.d.Oversight.FetchHeld(r.Context(), c.Who, id)
	return sendAnchor(w, f, err)
}

func sendAnchor(w http.ResponseWriter, f oversight.File, err error) error {
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, f.Text) // the browser went away; nothing to do
	return nil
}
