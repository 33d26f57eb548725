package webui

import (
	filename "mime"
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// attachmentView is the preview of one file.
type attachmentView struct {
	Base
	File    string // address of the content
	Picture bool
	Turn    int
	Facts   []Def
	Form    *Form // puts another file in its place; nil when that is not allowed
	Rotate  string
}

func attachForm(b Base, today clock.Date, action string) *Form {
	var kinds []Option
	for _, k := range doc.Kinds() {
		kinds = append(kinds, Option{Value: string(k), Key: k.Label()})
	}
	f := keyed(NewForm(b, today, Field{Name: "kind", LabelKey: "attach.kind", Kind: KindSelect, Options: kinds},
		Field{Name: "file", LabelKey: "attach.file", HintKey: "register.proof.hint", Kind: KindFile, Accept: acceptFiles()}))
	f.Action = action
	return f
}

func (s *Server) attachmentsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	return s.showAttachments(w, r, c, p, attachForm(c.Base, c.Today, patientPath(p.Person.ID)+"/attachments"), http.StatusOK)
}

func (s *Server) showAttachments(w http.ResponseWriter, r *http.Request, c *Call, p intake.Patient, f *Form, status int) error {
	b := s.personFrame(c, p, "attach.title")
	v := newAttachmentsView(b, p)
	if s.can(c, authz.AttachmentAdd) && len(p.Registrations) > 0 {
		v.Form, v.Buttons = f, []Button{{Text: b.T("attach.add"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: patientPath(p.Person.ID)}}
	}
	return s.d.Engine.Render(w, r, status, "intake/person", v)
}

func newAttachmentsView(b Base, p intake.Patient) personView {
	t := Table{Caption: b.T("attach.list"), Columns: []Column{{Key: "attach.file", Class: "grow"}, {Key: "attach.kind"}, {Key: "attach.size", Align: "right"},
		{Key: "attach.by"}, {Key: "attach.at"}, {Key: "attach.state"}}, Empty: Empty{Title: b.T("attach.empty"), Text: b.T("attach.empty.text")}}
	for i := len(p.Attachments) - 1; i >= 0; i-- {
		a := p.Attachments[i]
		state := TextCell("")
		if a.ReplacedBy != ident.Nil {
			state = TagCell("plain", b.T("attach.replaced"))
		}
		file := LinkCell(a.FileName, "/attachments/"+a.ID.String())
		if a.Source != ident.Nil {
			file.Sub = b.T("attach.screened")
		}
		t.Rows = append(t.Rows, Cells(file, TextCell(b.T(a.Kind.Label())), Cell{Text: fileSize(a.Size), Nowrap: true},
			TextCell(a.By), DateCell(clock.DateOf(a.CreatedAt.In(clock.Shanghai))), state))
	}
	v := personView{Base: b, Table: &t}
	if p.NeedsPhoto() {
		v.Note = &Alert{Kind: "warn", Title: b.T("attach.needs_photo"), Text: b.T("attach.needs_photo.text")}
	}
	return v
}

// fileSize is a size as file managers show it.
func fileSize(n int64) string {
	if n < 1<<20 {
		return strconv.FormatInt((n+1023)>>10, 10) + " KB"
	}
	return strconv.FormatInt((n+(1<<20)-1)>>20, 10) + " MB"
}

// readUpload reads the form of a file; the status is the one of a refusal.
func readUpload(r *http.Request, f *Form) (file *intake.File, status int, err error) {
	if err := f.Read(r); err != nil {
		return nil, 0, err
	}
	file, err = readFile(r, f, "file", doc.Kind(f.Choice("kind")))
	status = http.StatusUnprocessableEntity
	switch {
	case f.errors.Has("file"):
		status = http.StatusRequestEntityTooLarge
	case file == nil:
		f.Fail("file", "form.error.file")
	}
	return file, status, err
}

func (s *Server) attach(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.patientOf(r, c)
	if err != nil {
		return err
	}
	f := attachForm(c.Base, c.Today, patientPath(p.Person.ID)+"/attachments")
	file, status, err := readUpload(r, f)
	if err != nil {
		return err
	}
	reg, err := ownRegistration(c, p)
	if err != nil {
		return err
	}
	if f.OK() {
		in := intake.AttachInput{Owner: p.OwnerFor(file.Kind, reg.ID), File: *file}
		_, err := s.d.Intake.Attach(r.Context(), c.Who, requestKey(r), in)
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("attach.saved")})
			return seeOther(w, r, patientPath(p.Person.ID)+"/attachments")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showAttachments(w, r, c, p, f, status)
}

func (s *Server) attachmentPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return s.showAttachment(w, r, c, id, attachForm(c.Base, c.Today, "/attachments/"+id.String()+"/replace"), http.StatusOK)
}

func (s *Server) showAttachment(w http.ResponseWriter, r *http.Request, c *Call, id ident.ID, f *Form, status int) error {
	a, err := s.d.Intake.Attachment(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "patients")
	v := newAttachmentView(c.Base, a)
	if s.can(c, authz.AttachmentAdd) && a.ReplacedBy == ident.Nil {
		if f.Raw("kind") == "" {
			f.Put("kind", string(a.Kind))
		}
		v.Form = f
		if v.Picture {
			v.Rotate = "/attachments/" + id.String() + "/rotate"
		}
	}
	return s.d.Engine.Render(w, r, status, "intake/attachment", v)
}

func newAttachmentView(b Base, a intake.Attachment) attachmentView {
	b.Title, b.Sub = a.FileName, b.T(a.Kind.Label())
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: a.FileName}}
	v := attachmentView{Base: b, File: "/attachments/" + a.ID.String() + "/file", Picture: doc.Image(a.Media), Turn: a.Rotation,
		Facts: []Def{{Label: b.T("attach.kind"), Text: b.T(a.Kind.Label())}, {Label: b.T("attach.size"), Text: fileSize(a.Size)},
			{Label: b.T("attach.by"), Text: a.By}, {Label: b.T("attach.at"), Text: b.Day(clock.DateOf(a.CreatedAt.In(clock.Shanghai)))}}}
	if a.Source != ident.Nil {
		from := Def{Label: b.T("attach.source"), Text: b.T("attach.screened")}
		if a.Screening != ident.Nil {
			from.Href = screeningPath(a.Screening)
		}
		v.Facts = append(v.Facts, from)
	}
	if a.Operation != ident.Nil {
		v.Facts = append(v.Facts, Def{Label: b.T("attach.source"), Text: b.T("attach.theatre"), Href: "/operations/" + a.Operation.String()})
	}
	if a.ReplacedBy != ident.Nil {
		v.Facts = append(v.Facts, Def{Label: b.T("attach.state"), Text: b.T("attach.replaced.by"), Href: "/attachments/" + a.ReplacedBy.String()})
	}
	return v
}

// attachmentFile sends the content. Whatever it really is, the browser may only
// show it: no sniffing, no script, no frame, kept nowhere.
func (s *Server) attachmentFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	a, content, err := s.d.Intake.AttachmentFile(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", a.Media)
	h.Set("Content-Disposition", filename.FormatMediaType("inline", map[string]string{"filename": a.FileName}))
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	// #nosec G705 -- served with its own type, nosniff and a policy that runs nothing
	_, _ = w.Write(content) // the browser went away; nothing to do
	return nil
}

func (s *Server) rotateAttachment(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	quarters := 1
	if r.PostFormValue("turn") == "left" {
		quarters = -1
	}
	if err := s.d.Intake.Rotate(r.Context(), c.Who, id, quarters); err != nil {
		return err
	}
	return seeOther(w, r, "/attachments/"+id.String())
}

func (s *Server) replaceAttachment(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := attachForm(c.Base, c.Today, "/attachments/"+id.String()+"/replace")
	file, status, err := readUpload(r, f)
	if err != nil {
		return err
	}
	if f.OK() {
		next, err := s.d.Intake.Replace(r.Context(), c.Who, requestKey(r), id, *file)
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("attach.saved")})
			return seeOther(w, r, "/attachments/"+next.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showAttachment(w, r, c, id, f, status)
}
