package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

// partForm is a form about one part, with what is recorded beside it.
func (s *Server) partForm(r *http.Request, c *Call, title string, fields func(implant.PartView) []Field) (careForm, implant.PartView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, implant.PartView{}, err
	}
	v, err := s.d.Implants.Part(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.careBase(c, "operations", c.P.T(title), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + v.Procedure.String()})
	f := keyed(NewForm(b, c.Today, fields(v)...))
	f.Hide("version", version(v.Version))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f, Facts: partFacts(b, v.Part)}, v, nil
}

// partFacts are all that is recorded about a part.
func partFacts(b Base, x implant.Part) []Def {
	var out []Def
	add := func(key, text string) {
		if text != "" {
			out = append(out, Def{Label: b.T(key), Text: text})
		}
	}
	add("device.role", b.T(x.Role.Label()))
	add("device.maker", x.Maker)
	add("device.brand", x.Brand)
	add("device.catalogue", x.Catalogue)
	add("device.di", x.DI)
	add("device.lot", x.Lot)
	add("device.serial", x.Serial)
	add("device.expiry", x.Expiry.String())
	add("device.measure", measureText(b, x.Device))
	add("device.registration", x.Registration)
	if x.Price > 0 {
		add("device.price", b.Yuan(x.Price))
	}
	for _, m := range x.Marks {
		add("device.mark", b.T("mark."+m))
	}
	add("device.reason", x.Reason)
	add("device.raw", x.RawScan)
	add("device.entered", x.Entered)
	return out
}

// itemFacts are the facts of a part a change can touch, for its history.
func itemFacts(b Base, x device.Item) []Def {
	if x.Role == "" {
		return nil
	}
	return slices.DeleteFunc(partFacts(b, implant.Part{Item: x}), func(d Def) bool { return d.Text == "" })
}

func reasonField(focus bool) Field {
	return Field{Name: "reason", LabelKey: "device.change.reason", HintKey: "device.change.hint", Kind: KindArea, Rows: 2, Max: 500, Focus: focus}
}

func (s *Server) correctionOfPart(r *http.Request, c *Call) (careForm, implant.PartView, error) {
	p, v, err := s.partForm(r, c, "device.part.edit", func(v implant.PartView) []Field {
		return append(handFields(v.Operation.Site), reasonField(false))
	})
	if err != nil {
		return p, v, err
	}
	p.Form.Action = "/parts/" + v.ID.String()
	return p, v, nil
}

func putItem(f *Form, x device.Item) {
	putDevice(f, x.Device)
	f.Put("lot", x.Lot).Put("serial", x.Serial).Put("expiry", x.Expiry.String()).Put("quantity", number(x.Quantity))
}

func (s *Server) editPartPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.correctionOfPart(r, c)
	if err != nil {
		return err
	}
	putItem(p.Form, v.Item)
	if _, err := v.Operation.Signature.Corrected(c.Who.AccountID); err != nil {
		p.WhyNot = whyNot(p.Base, err)
	}
	return s.showPart(w, r, p, v)
}

func (s *Server) showPart(w http.ResponseWriter, r *http.Request, p careForm, v implant.PartView) error {
	p = p.with(Button{Text: p.T("device.part.save")}, "/operations/"+v.Procedure.String())
	p.Buttons = append(p.Buttons, Button{Text: p.T("device.part.remove"), Href: "/parts/" + v.ID.String() + "/removal"})
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) correctPart(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.correctionOfPart(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	putItem(f, v.Item) // what the record holds now, should somebody have been faster
	if err := f.Read(r); err != nil {
		return err
	}
	x := v.Item
	typed := readItem(f, "")
	keep := x.Device
	x.Device = typed.Device
	x.DI, x.Registration, x.NHSACode, x.Material, x.Cemented, x.Bulk = keep.DI, keep.Registration, keep.NHSACode, keep.Material, keep.Cemented, keep.Bulk
	x.Lot, x.Serial, x.Expiry, x.Quantity = typed.Lot, typed.Serial, typed.Expiry, typed.Quantity
	if device.Fold(x.Catalogue) != device.Fold(keep.Catalogue) { // another device: its identifier is another one too
		x.DI, x.Registration, x.NHSACode = "", "", ""
	}
	in := implant.PartInput{Part: v.ID, Version: f.Version(), Item: x, Sticker: v.Sticker, Reason: f.Text("reason")}
	if f.raw.Has("confirm") {
		declareConfirm(f)
		in.Confirmed = f.Bool("confirm")
	}
	if f.OK() {
		done, err := s.d.Implants.CorrectPart(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, partsFlash(c.Base, []implant.Part{done}))
			return seeOther(w, r, "/operations/"+v.Procedure.String())
		}
		if errs.Of(err).Rule == implant.RuleConfirm {
			declareConfirm(f)
			p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: p.T("device.confirm.title"), Text: p.T("device.confirm.text")})
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showPart(w, r, p, v)
}

func declareConfirm(f *Form) {
	f.Declare(Field{Name: "confirm", LabelKey: "device.confirm", Kind: KindCheck, Optional: true})
}

func (s *Server) removalOfPart(r *http.Request, c *Call) (careForm, implant.PartView, error) {
	return s.partForm(r, c, "device.part.remove", func(implant.PartView) []Field { return []Field{reasonField(true)} })
}

func (s *Server) removePartPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.removalOfPart(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.part.remove"), Kind: "danger"}, "/operations/"+v.Procedure.String())
}

func (s *Server) removePart(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.removalOfPart(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := implant.PartInput{Part: v.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		if _, err = s.d.Implants.RemovePart(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.part.removed")})
			return seeOther(w, r, "/operations/"+v.Procedure.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.part.remove"), Kind: "danger"}, "/operations/"+v.Procedure.String())
}

func (s *Server) reviewOfPart(r *http.Request, c *Call) (careForm, implant.PartView, error) {
	p, v, err := s.partForm(r, c, "device.review", func(implant.PartView) []Field {
		return []Field{{Name: "note", LabelKey: "device.review.note", HintKey: "device.review.hint", Kind: KindArea, Rows: 3, Max: 500, Focus: true}}
	})
	p.Sub = c.P.T("device.review.sub")
	return p, v, err
}

func (s *Server) reviewPartPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.reviewOfPart(r, c)
	if err != nil {
		return err
	}
	if err := device.Reviewed(v.Part.Review == device.ReviewOpen, v.EnteredBy, c.Who.AccountID, "-"); err != nil {
		p.WhyNot = whyNot(p.Base, err)
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.review.done")}, "/alarms")
}

func (s *Server) reviewPart(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.reviewOfPart(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := implant.ReviewInput{Part: v.ID, Version: p.Form.Version(), Note: p.Form.Text("note")}
	if p.Form.OK() {
		if _, err = s.d.Implants.ReviewPart(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.review.saved")})
			return seeOther(w, r, "/alarms")
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.review.done")}, "/alarms")
}

// explantsView is the form of what was taken out, and what is noted already.
type explantsView struct {
	Base
	Form    *Form
	WhyNot  *WhyNot
	Table   Table
	Keys    []*Form // takes a line back
	Buttons []Button
}

func (s *Server) explantsForm(r *http.Request, c *Call) (explantsView, implant.Sheet, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return explantsView{}, implant.Sheet{}, err
	}
	v, err := s.d.Implants.Sheet(r.Context(), c.Who, id)
	if err != nil {
		return explantsView{}, v, err
	}
	b := s.careBase(c, "operations", c.P.T("device.explant.new"), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + id.String()})
	return newExplantsView(b, v, c.Today), v, nil
}

func newExplantsView(b Base, v implant.Sheet, today clock.Date) explantsView {
	b.Sub = b.T("device.part.sub", "name", v.PersonName, "on", b.Day(v.OperatedOn))
	var carried []Option
	for _, x := range v.InPlace {
		carried = append(carried, Option{Value: x.ID.String(), Text: b.T(x.Role.Label()) + " " + deviceName(x.Device), Sub: b.T("device.put_in.on", "on", x.On, "lot", x.Lot+x.Serial)})
	}
	fields := []Field{{Name: "role", LabelKey: "device.explant.other", HintKey: "device.explant.hint", Kind: KindSelect, Options: roleOptions(v.Site), Blank: "list.none", Optional: true, Width: 6},
		{Name: "note", LabelKey: "device.explant.note", Max: 500, Optional: true}}
	if len(carried) > 0 {
		fields = append([]Field{{Name: "parts", LabelKey: "device.explant.parts", Kind: KindChecks, Options: carried, Optional: true}}, fields...)
	}
	f := keyed(NewForm(b, today, fields...)).Hide("version", version(v.Version))
	f.Action = "/operations/" + v.ID.String() + "/explants"
	p := explantsView{Base: b, Form: f, Table: explantsTable(b, v.Explants), Buttons: []Button{{Text: b.T("device.explant.save"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: "/operations/" + v.ID.String()}}}
	p.Table.Columns = append(p.Table.Columns, Column{Key: "care.action", Hidden: true})
	for i, e := range v.Explants {
		k := keyed(NewForm(b, today)).Hide("version", version(v.Version))
		k.ID, k.Action = "back-"+e.ID.String(), f.Action+"/"+e.ID.String()+"/removal"
		p.Keys = append(p.Keys, k)
		p.Table.Rows[i].Cells = append(p.Table.Rows[i].Cells, ButtonCell(Button{Text: b.T("device.explant.back"), Form: k.ID}))
	}
	return p
}

func (s *Server) showExplants(w http.ResponseWriter, r *http.Request, p explantsView) error {
	return s.d.Engine.Render(w, r, p.Form.Status(), "device/explants", p)
}

func (s *Server) newExplantsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.explantsForm(r, c)
	if err != nil {
		return err
	}
	return s.showExplants(w, r, p)
}

func (s *Server) addExplants(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.explantsForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := implant.ExplantInput{Operation: v.ID, Version: f.Version(), Role: device.Role(f.Choice("role")), Note: f.Text("note")}
	if slices.Contains(f.Names(), "parts") {
		for _, text := range f.Choices("parts") {
			if id, err := ident.Parse(text); err == nil {
				in.Parts = append(in.Parts, id)
			}
		}
	}
	if f.OK() {
		if _, err = s.d.Implants.AddExplants(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.explant.saved")})
			return seeOther(w, r, "/operations/"+v.ID.String())
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showExplants(w, r, p)
}

// removeExplant takes a line back. When somebody changed the record meanwhile the
// page comes again as it is now, and says so.
func (s *Server) removeExplant(w http.ResponseWriter, r *http.Request, c *Call) error {
	explant, err := pathID(r, "explant")
	if err != nil {
		return err
	}
	p, v, err := s.explantsForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form // every line carries the version of the record, as the form does
	if err := f.Read(r); err != nil {
		return err
	}
	in := implant.ExplantRemoval{Operation: v.ID, Explant: explant, Version: f.Version()}
	if f.OK() {
		if _, err = s.d.Implants.RemoveExplant(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.explant.removed")})
			return seeOther(w, r, f.Action+"/new")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showExplants(w, r, p)
}
