package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// The theatre has one free hand: the record of an operation on a telephone, with
// what the list of the mission and the day say filled in, then the scans, then a
// photo of the stickers. It is the same record as on the desk, saved by the same
// address.
func (s *Server) theatreRoutes(rt *router) {
	rt.get("/treatments/{id}/theatre", authz.ProcedureLog, s.theatrePage)
	rt.get("/operations/{id}/photos", authz.AttachmentAdd, s.operationPhotosPage)
	rt.post("/operations/{id}/photos", authz.AttachmentAdd, s.addOperationPhoto)
}

// theatreView is the record on a telephone.
type theatreView struct {
	Base
	Form  *Form
	Note  *Alert
	Back  string
	Side  string   // the side the list says, one character
	Named string   // what the list says is done
	Who   string   // the patient
	Main  []string // asked in every case
	More  []string // filled in, or rarely needed
}

// Open reports whether what is rarely needed stands open: something in it has to
// be mended.
func (v theatreView) Open() bool { return len(v.Form.errors) > 0 }

// theatreMark is the hidden value by which a refused record comes back in the
// form it was sent from.
const theatreMark = "from"

// theatreFields are the questions of a standard case.
func theatreFields(p procedure.Programme) []string {
	switch p {
	case procedure.Joint:
		return []string{"kind", "side", "indications", "anaesthesia", "fixation"}
	case procedure.Cataract:
		return []string{"kind", "side", "anaesthesia", "lens_power"}
	}
	return []string{"kind", "syndrome", "access", "vessels", "stents", "drug_eluting", "anaesthesia"}
}

// putTheatre fills in what is known before anybody types: the list says what is
// done and on which side, the day's last case how it is done here. What belongs
// to the patient is never taken from another one.
func putTheatre(f *Form, v care.OperationForm, today clock.Date) {
	f.Put("operated_on", today.String())
	if v.Self != ident.Nil {
		f.Put("lead", v.Self.String())
	}
	if p := v.Before; p != nil {
		f.Put("kind", string(p.Kind)).PutAll("anaesthesia", texts(p.Anaesthesia))
		if p.JointPart != nil {
			f.Put("fixation", string(p.JointPart.Fixation))
		}
		if p.HeartPart != nil {
			f.Put("access", string(p.HeartPart.Access))
		}
	}
	if v.Planned.Kind != "" {
		f.Put("kind", string(v.Planned.Kind))
	}
	if v.Planned.Side != "" && slices.Contains(f.Names(), "side") {
		f.Put("side", string(v.Planned.Side))
	}
	for _, x := range v.Surgeons {
		if x.ID == v.Planned.Surgeon {
			f.Put("lead", x.ID.String())
		}
	}
}

// newTheatreView turns the form of an operation into the one for a telephone.
func newTheatreView(b Base, f *Form, v care.OperationForm, today clock.Date) theatreView {
	b.Layout, b.Field, b.Title = "field", true, b.T("operation.new")
	out := theatreView{Base: b, Form: f, Back: "/treatments/" + v.ID.String(), Main: theatreFields(v.Programme), Named: b.Title,
		Who: b.T("care.person", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, today))}
	for _, name := range f.Names() {
		if !slices.Contains(out.Main, name) {
			out.More = append(out.More, name)
		}
		f.Declare(forThumb(f.field(name)))
	}
	if v.Planned.Kind != "" {
		out.Named = operationName(b, care.Operation{Procedure: procedure.Procedure{Kind: v.Planned.Kind, Side: v.Planned.Side, Site: v.Planned.Kind.Site()}})
	}
	if v.Planned.Side.Known() {
		out.Side = b.T("theatre.side." + string(v.Planned.Side))
	}
	return out
}

// forThumb is a question as it is asked on a telephone.
func forThumb(x Field) Field {
	x.Focus, x.Width = false, 12
	if x.Kind == KindSelect { // a list costs two taps
		x.Kind = KindRadio
	}
	return x
}

func (s *Server) theatrePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	b, f, v, err := s.operationFormOf(r, c, id, clock.Date{})
	if err != nil {
		return err
	}
	putTheatre(f, v, c.Today)
	f.Hide(theatreMark, "theatre")
	return s.d.Engine.Render(w, r, http.StatusOK, "care/theatre", newTheatreView(b, f, v, c.Today))
}

// asked adds the question whether the marks were looked at.
func (v theatreView) asked(confirm bool) theatreView {
	if !confirm {
		return v
	}
	askToConfirm(v.Form)
	v.Main = append(v.Main, "confirm")
	if !slices.Contains(v.More, "reason") {
		v.Main = append(v.Main, "reason")
	}
	v.Note = &Alert{Kind: "warn", Title: v.T("operation.marks"), Text: v.T("operation.marks.text")}
	return v
}

// photosView is the page of an operation's photos.
type photosView struct {
	Base
	Form   *Form
	Back   string
	Who    string
	Photos []Def
}

// operationPhotos are what is photographed in a theatre.
func operationPhotos() []doc.Kind { return []doc.Kind{doc.Sticker, doc.Consent, doc.Medical} }

func photoForm(b Base, today clock.Date) *Form {
	f := keyed(NewForm(b, today, Field{Name: "kind", LabelKey: "attach.kind", Kind: KindRadio, Options: photoKinds(operationPhotos()...)},
		Field{Name: "file", LabelKey: "theatre.photo", HintKey: "theatre.photo.hint", Kind: KindFile, Accept: "image/*", Data: map[string]string{"shrink": b.T("theatre.photo.bad")}}))
	return f.Put("kind", string(doc.Sticker))
}

func newPhotosView(b Base, f *Form, v care.OperationView, today clock.Date, list []intake.Attachment) photosView {
	b.Layout, b.Field = "field", true
	b.Title = b.T("theatre.photos")
	f.Action = "/operations/" + v.ID.String() + "/photos"
	out := photosView{Base: b, Form: f, Back: "/operations/" + v.ID.String(), Who: b.T("care.person", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, today))}
	for _, a := range list {
		if a.ReplacedBy == ident.Nil {
			text := instant(a.CreatedAt) + " " + fileSize(a.Size)
			if a.Operation != ident.Nil {
				text += " " + b.T("attach.theatre")
			}
			out.Photos = append(out.Photos, Def{Label: b.T(a.Kind.Label()), Text: text, Href: "/attachments/" + a.ID.String()})
		}
	}
	return out
}

func (s *Server) showOperationPhotos(w http.ResponseWriter, r *http.Request, c *Call, v care.OperationView, f *Form) error {
	var list []intake.Attachment
	if s.can(c, authz.AttachmentRead) {
		var err error
		if list, err = s.d.Intake.Attachments(r.Context(), c.Who, intake.Owner{Kind: intake.OwnerTreatment, ID: v.Treatment}); err != nil {
			return err
		}
	}
	return s.d.Engine.Render(w, r, f.Status(), "care/photos", newPhotosView(c.Base, f, v, c.Today, list))
}

func (s *Server) operationPhotosPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return err
	}
	return s.showOperationPhotos(w, r, c, v, photoForm(c.Base, c.Today))
}

// addOperationPhoto keeps a photo with the treatment: whoever sees the treatment
// sees it.
func (s *Server) addOperationPhoto(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return err
	}
	f := photoForm(c.Base, c.Today)
	file, _, err := readUpload(r, f)
	if err != nil {
		return err
	}
	if f.OK() {
		in := intake.AttachInput{Owner: intake.Owner{Kind: intake.OwnerTreatment, ID: v.Treatment}, Operation: v.ID, File: *file}
		if _, err = s.d.Intake.Attach(r.Context(), c.Who, requestKey(r), in); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("attach.saved")})
			return seeOther(w, r, "/operations/"+v.ID.String()+"/photos")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showOperationPhotos(w, r, c, v, f)
}
