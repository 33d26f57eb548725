package webui

import (
	"errors"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
)

// importRoutes declares the addresses of the history import.
func (s *Server) importRoutes(rt *router) {
	rt.get("/imports", authz.ImportRun, s.importsPage)
	rt.post("/imports", authz.ImportRun, s.uploadLedger)
	rt.get("/imports/{id}", authz.ImportRun, s.importPage)
	rt.post("/imports/{id}/run", authz.ImportRun, s.runImport)
	rt.post("/imports/{id}/hospitals", authz.ImportRun, s.learnNames)
	rt.get("/imports/{id}/columns/{sheet}/{block}", authz.ImportRun, s.columnsPage)
	rt.post("/imports/{id}/columns/{sheet}/{block}", authz.ImportRun, s.correctColumns)
	rt.get("/imports/{id}/refused", authz.ImportRun, s.refusedRows)
	rt.get("/imports/{id}/reverse", authz.ImportReverse, s.askReverse)
	rt.post("/imports/{id}/reverse", authz.ImportReverse, s.reverseImport)
}

// importUploads: a little more than a ledger may have, so that one that is too
// large is refused in the form and not by closing the line.
func importUploads() []httpx.Upload {
	return []httpx.Upload{{Pattern: "/imports", Max: exchange.MaxUpload() + 16<<20}}
}

func importForm(b Base, today clock.Date) *Form {
	f := keyed(NewForm(b, today, Field{Name: "file", LabelKey: "exchange.file", HintKey: "exchange.file.hint", Kind: KindFile, Accept: ".xlsx,.csv", Focus: true}))
	f.Action = "/imports"
	return f
}

func (s *Server) importsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showImports(w, r, c, importForm(c.Base, c.Today))
}

func (s *Server) showImports(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	list, err := s.d.Exchange.List(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "imports")
	v := newImportsView(c.Base, f, list.Rows)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "exchange/list", v)
}

func (s *Server) uploadLedger(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := importForm(c.Base, c.Today)
	in, err := readLedger(f, r)
	if err != nil {
		return err
	}
	if f.OK() {
		id, err := s.d.Exchange.Upload(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			return seeOther(w, r, "/imports/"+id.String())
		}
		if e := errs.Of(err); e.Kind == errs.Invalid || e.Kind == errs.TooLarge {
			f.Fail("file", e.Key, pairs(e.Args)...) // whatever is wrong, it is the file
		} else if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showImports(w, r, c, f)
}

// pairs are the arguments of an error as names and values.
func pairs(args errs.Args) []any {
	var out []any
	for name, v := range args {
		out = append(out, name, v)
	}
	return out
}

// readLedger takes the file out of the form. The parts of a large upload lie in
// temporary files, which are gone when the answer is.
func readLedger(f *Form, r *http.Request) (in exchange.File, err error) {
	mb := exchange.MaxUpload() >> 20
	if err := f.Read(r); err != nil {
		if !errs.Is(err, errs.TooLarge) {
			return in, err
		}
		f.Fail("file", "error.sheet.too_large", "mb", mb)
		return in, nil
	}
	defer func() {
		if r.MultipartForm != nil {
			err = errors.Join(err, r.MultipartForm.RemoveAll())
		}
	}()
	file, head, err := r.FormFile("file")
	if err != nil {
		f.Fail("file", "form.error.file")
		return in, nil
	}
	defer file.Close()
	if head.Size > exchange.MaxUpload() {
		f.Fail("file", "error.sheet.too_large", "mb", mb)
		return in, nil
	}
	in = exchange.File{Name: head.Filename}
	in.Content, err = io.ReadAll(io.LimitReader(file, exchange.MaxUpload()+1))
	return in, err
}

func (s *Server) importPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Exchange.Look(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "imports")
	if v.Job.State.Open() {
		w.Header().Set("Refresh", "3") // works without scripts; the page says that it waits
	}
	p := newImportView(c.Base, c.Today, v)
	p.mayReverse(s.can(c, authz.ImportReverse))
	return s.d.Engine.Render(w, r, http.StatusOK, "exchange/batch", p)
}

func (s *Server) runImport(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.d.Exchange.Start(r.Context(), c.Who, id); err != nil {
		return err
	}
	return seeOther(w, r, "/imports/"+id.String())
}

// learnNames reads one choice for each unknown name of a hospital or category;
// an empty choice leaves a hospital to a provisional organisation and a category
// open.
func (s *Server) learnNames(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := NewForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	names := map[string]ident.ID{}
	for i := 0; f.Raw("name-"+strconv.Itoa(i)) != ""; i++ {
		if org, err := ident.Parse(f.Raw("hospital-" + strconv.Itoa(i))); err == nil {
			names[f.Raw("name-"+strconv.Itoa(i))] = org
		}
	}
	categories := map[string]terminology.Category{}
	for i := 0; f.Raw("group-"+strconv.Itoa(i)) != ""; i++ {
		if c := terminology.Category(f.Raw("category-" + strconv.Itoa(i))); c.Valid() {
			categories[f.Raw("group-"+strconv.Itoa(i))] = c
		}
	}
	if len(names)+len(categories) == 0 { // nothing was chosen
		if _, err := s.d.Exchange.Look(r.Context(), c.Who, id); err != nil {
			return err
		}
	} else {
		if err := s.d.Exchange.Learn(r.Context(), c.Who, id, exchange.Learned{Hospitals: names, Categories: categories}); err != nil {
			return err
		}
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("exchange.names.saved", "n", len(names)+len(categories))})
	}
	return seeOther(w, r, "/imports/"+id.String())
}

// block finds one header of the file by its place: tab and number.
func (s *Server) block(r *http.Request, c *Call) (v exchange.View, m history.Mapping, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return v, m, err
	}
	if v, err = s.d.Exchange.Look(r.Context(), c.Who, id); err != nil {
		return v, m, err
	}
	sheet, err1 := strconv.Atoi(pathText(r, "sheet"))
	block, err2 := strconv.Atoi(pathText(r, "block"))
	if errors.Join(err1, err2) != nil || sheet < 0 || sheet >= len(v.Book.Sheets) || block < 0 || block >= len(v.Book.Sheets[sheet].Blocks) {
		return v, m, errs.Missing("error.not_found")
	}
	return v, v.Book.Sheets[sheet].Blocks[block], nil
}

func (s *Server) columnsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, m, err := s.block(r, c)
	if err != nil {
		return err
	}
	return s.showColumns(w, r, c, v, m, columnsForm(c.Base, c.Today, m))
}

func (s *Server) showColumns(w http.ResponseWriter, r *http.Request, c *Call, v exchange.View, m history.Mapping, f *Form) error {
	s.section(c, "imports")
	back := "/imports/" + v.ID.String()
	b := c.Base
	b.Title = b.T("exchange.columns.title", "sheet", m.Sheet)
	b.Sub = b.T("exchange.columns.sub", "first", m.HeaderFirst, "last", m.HeaderLast)
	b.Crumbs = []Link{{Text: b.T("nav.imports"), Href: "/imports"}, {Text: v.File, Href: back}, {Text: b.T("exchange.columns")}}
	return s.formPage(w, r, b, f, Button{Text: b.T("exchange.columns.save")}, back)
}

func (s *Server) correctColumns(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, m, err := s.block(r, c)
	if err != nil {
		return err
	}
	f := columnsForm(c.Base, c.Today, m)
	if err := f.Read(r); err != nil {
		return err
	}
	in := exchange.Correction{Mapping: readColumns(f, m), Keep: f.Bool("keep")}
	if f.OK() {
		if err = s.d.Exchange.Correct(r.Context(), c.Who, v.ID, in); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("exchange.columns.saved")})
			return seeOther(w, r, "/imports/"+v.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showColumns(w, r, c, v, m, f)
}

// refusedRows is the download for the office: refused rows with their reasons.
func (s *Server) refusedRows(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var buf strings.Builder
	b, err := s.d.Exchange.Refused(r.Context(), c.Who, id, c.P, &buf)
	if err != nil {
		return err
	}
	return download(w, c.P.T("exchange.refused.file", "name", strings.TrimSuffix(b.File, ".xlsx"))+".xlsx", buf.String())
}

func (s *Server) askReverse(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return s.askReversal(w, r, c, id, nil)
}

// askReversal asks first; with a refusal it says why not.
func (s *Server) askReversal(w http.ResponseWriter, r *http.Request, c *Call, id ident.ID, refusal error) error {
	v, err := s.d.Exchange.Look(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "imports")
	back := "/imports/" + id.String()
	b := c.Base
	b.Title, b.Sub = b.T("exchange.reverse.title"), b.T("exchange.reverse.text", "n", v.Figures.Added.PersonTimes-len(v.Stayed), "stayed", len(v.Stayed))
	b.Crumbs = []Link{{Text: b.T("nav.imports"), Href: "/imports"}, {Text: v.File, Href: back}, {Text: b.T("exchange.reverse")}}
	f := keyed(NewForm(b, c.Today))
	f.Action = back + "/reverse"
	if refusal != nil {
		if err := refused(f, refusal); err != nil {
			return err
		}
	}
	return s.formPage(w, r, b, f, Button{Text: b.T("exchange.reverse.do"), Kind: "danger"}, back)
}

func (s *Server) reverseImport(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.d.Exchange.StartReverse(r.Context(), c.Who, id); err != nil {
		return s.askReversal(w, r, c, id, err)
	}
	return seeOther(w, r, "/imports/"+id.String())
}

// batchTag is the import's state as a tag.
func batchTag(b Base, s exchange.BatchState) Tag {
	kind := map[exchange.BatchState]string{exchange.BatchPreviewed: "warn", exchange.BatchImported: "ok"}[s]
	if kind == "" {
		kind = "plain"
	}
	return Tag{Text: b.T(s.Label()), Kind: kind}
}
