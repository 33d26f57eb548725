package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
)

// packageRoutes declares the auditor's packages.
func (s *Server) packageRoutes(rt *router) {
	rt.get("/audit-packages", authz.AuditPackage, s.packagesPage)
	rt.post("/audit-packages", authz.AuditPackage, s.postPackage)
	rt.post("/audit-packages/proof", authz.AuditVerify, s.postProof)
	rt.get("/audit-packages/{id}/file", authz.AuditPackage, s.packageFile)
}

func packageForm(b Base, today clock.Date, funds []inspection.Fund) *Form {
	options := make([]Option, len(funds))
	for i, f := range funds {
		options[i] = Option{Value: f.ID.String(), Text: f.Name, Sub: f.Code}
	}
	f := keyed(NewForm(b, today,
		Field{Name: "fund", LabelKey: "package.fund", Kind: KindSelect, Options: options, Blank: "form.pick", Focus: true},
		Field{Name: "from", LabelKey: "package.from", Kind: KindDate, Width: 6, Break: true},
		Field{Name: "to", LabelKey: "package.to", HintKey: "package.period.hint", Kind: KindDate, Width: 6}))
	f.Action = "/audit-packages"
	return f.Put("from", clock.MustDate(today.Year(), 1, 1).String()).Put("to", today.String())
}

func (s *Server) packagesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	funds, err := s.d.Inspection.Funds(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.showPackages(w, r, c, packageForm(c.Base, c.Today, funds))
}

func (s *Server) showPackages(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	list, err := s.d.Inspection.List(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "packages")
	v := newPackagesView(c.Base, f, list.Rows)
	v.Proof = s.can(c, authz.AuditVerify)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "paper/packages", v)
}

// packagesView is the list of packages with the form for a new one.
type packagesView struct {
	Base
	Form  *Form
	Proof bool // the reader may have log and ledger proved
	Table Table
}

func newPackagesView(b Base, f *Form, list []inspection.Package) packagesView {
	b.Title, b.Sub = b.T("nav.packages"), b.T("package.sub")
	t := Table{Caption: b.T("package.list"), Columns: []Column{{Key: "package.fund", Class: "grow"}, {Key: "package.period"}, {Key: "package.state"},
		{Key: "package.rows", Align: "right"}, {Key: "package.size", Align: "right"}, {Key: "package.by"}, {Key: "package.at"}},
		Empty: Empty{Title: b.T("package.empty"), Text: b.T("package.empty.text")}}
	for _, p := range list {
		name, rows, size := TextCell(p.FundName), TextCell(""), TextCell("")
		kind, state := "warn", b.T(p.State.Label())
		if p.Failed {
			kind, state = "error", b.T("package.failed")
		}
		if p.State == inspection.Ready {
			kind = "ok"
			name = LinkCell(p.FundName, "/audit-packages/"+p.ID.String()+"/file")
			rows, size = CodeCell(strconv.Itoa(p.LogRows)), CodeCell(fileSize(p.Size))
		}
		t.Rows = append(t.Rows, Cells(name, CodeCell(p.From.String()+" – "+p.To.String()), TagCell(kind, state), rows, size, TextCell(p.By), CodeCell(minute(p.At))))
	}
	return packagesView{Base: b, Form: f, Table: t}
}

func (s *Server) postPackage(w http.ResponseWriter, r *http.Request, c *Call) error {
	funds, err := s.d.Inspection.Funds(r.Context(), c.Who)
	if err != nil {
		return err
	}
	f := packageForm(c.Base, c.Today, funds)
	if err := f.Read(r); err != nil {
		return err
	}
	f.Choice("fund")
	in := inspection.Order{Fund: f.IDOf("fund"), From: f.Date("from"), To: f.Date("to")}
	if f.OK() {
		_, err := s.d.Inspection.Ask(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("package.asked"), Text: c.P.T("package.asked.text")})
			return seeOther(w, r, "/audit-packages")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPackages(w, r, c, f)
}

func (s *Server) packageFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := s.d.Inspection.Download(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(f.Bytes) // the browser went away; nothing to do
	return nil
}

// postProof follows the log and adds up the ledger; the answer stands above the
// page.
func (s *Server) postProof(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.d.Inspection.Prove(r.Context(), c.Who)
	if err != nil {
		return err
	}
	f := Flash{Kind: "ok", Title: c.P.T("package.proof.sound"), Text: c.P.T("package.proof.sound.text")}
	if !p.Sound() {
		f = Flash{Kind: "error", Title: c.P.T("package.proof.bad"), Text: c.P.T("package.proof.ledger", "n", p.Accounts)}
		if p.Chain != nil {
			f.Text = c.P.Error(p.Chain)
		}
	}
	s.flash(r, f)
	return seeOther(w, r, "/audit-packages")
}
