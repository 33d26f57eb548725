package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

func libraryFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "q", LabelKey: "device.filter.text", Optional: true, Max: 60},
		Field{Name: "role", LabelKey: "device.role", Kind: KindSelect, Optional: true, Blank: "list.any", Options: roleOptions("")})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/devices"
	return f
}

func (s *Server) libraryPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := libraryFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Implants.Library(r.Context(), c.Who, implant.LibraryInput{Text: f.Text("q"), Role: device.Role(f.Choice("role")), Page: pageRequest(r)})
	if err != nil {
		return err
	}
	v := newLibraryView(s.deviceBase(c, "devices"), f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newLibraryView(b Base, f *Form, list implant.Library) careList {
	if list.Edit {
		b.Actions = []Button{{Text: b.T("device.load"), Icon: "upload", Href: "/devices/load"}, {Text: b.T("device.new"), Icon: "plus", Href: "/devices/new", Kind: "primary"}}
	}
	if list.Full {
		b.Sub = b.T("device.found_many", "n", len(list.Rows))
	}
	t := Table{Caption: b.T("device.tab.devices"), Quiet: true, Columns: []Column{{Key: "device.catalogue"}, {Key: "device.role", Class: "grow"}, {Key: "device.maker"}, {Key: "device.size"},
		{Key: "device.di"}, {Key: "device.price.head", Align: "right"}, {Key: "device.bulk"}}, Empty: Empty{Title: b.T("device.none"), Text: b.T("device.none.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/devices")
	}
	for _, d := range list.Rows {
		price, bulk := TextCell(""), TextCell("")
		if d.Price > 0 {
			price = MoneyCell(d.Price)
		}
		if d.Bulk {
			bulk = TagCell("info", b.T("device.bulk.tag"))
		}
		name := d.Catalogue
		if name == "" {
			name = d.DI
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: name, Href: "/devices/" + d.ID.String(), Nowrap: true}, Cell{Text: b.T(d.Role.Label()), Sub: d.Brand}, TextCell(d.Maker),
			Cell{Text: measureText(b, d.Device), Nowrap: true}, Cell{Text: d.DI, Nowrap: true, Mono: true}, price, bulk))
	}
	return careList{Base: b, Filter: f, Table: t}
}

// measureText is size, diameter and side of a device in one cell.
func measureText(b Base, d device.Device) string {
	var out []string
	if d.Size != "" {
		out = append(out, d.Size)
	}
	if d.Diameter > 0 {
		out = append(out, b.T("device.mm", "n", d.Diameter))
	}
	if d.Side.Known() {
		out = append(out, b.T(d.Side.Label()))
	}
	return strings.Join(out, " · ")
}

func deviceLineForm(b Base, today clock.Date, d implant.Line, edit bool) *Form {
	fields := []Field{
		{Name: "role", LabelKey: "device.role", Kind: KindSelect, Options: roleOptions(""), Width: 6, Focus: true},
		{Name: "maker", LabelKey: "device.maker", Max: device.MaxText, Width: 6},
		{Name: "brand", LabelKey: "device.brand", HintKey: "device.brand.hint", Max: device.MaxText, Optional: true, Width: 6},
		{Name: "catalogue", LabelKey: "device.catalogue", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "di", LabelKey: "device.di", HintKey: "device.di.hint", Max: 40, Optional: true, Width: 6},
		{Name: "registration", LabelKey: "device.registration", HintKey: "device.registration.hint", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "nhsa_code", LabelKey: "device.nhsa_code", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "size", LabelKey: "device.size", Max: device.MaxCode, Optional: true, Width: 3},
		{Name: "diameter", LabelKey: "device.diameter", Kind: KindNumber, Low: 0, High: 80, Suffix: "device.mm.unit", Optional: true, Width: 3},
		{Name: "side", LabelKey: "device.side", Kind: KindSelect, Options: deviceSideOptions(), Blank: "device.side.either", Optional: true, Width: 6},
		{Name: "material", LabelKey: "device.material", Kind: KindSelect, Options: optionsOf(device.Materials()...), Blank: "list.none", Optional: true, Width: 6},
		{Name: "price", LabelKey: "device.price", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6},
		{Name: "cemented", LabelKey: "device.cemented", Kind: KindCheck, Optional: true, Width: 6},
		{Name: "bulk", LabelKey: "device.bulk", Kind: KindCheck, Optional: true, Width: 6},
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/devices"
	if d.ID != ident.Nil {
		f.Action = "/devices/" + d.ID.String()
		f.Hide("version", version(d.Version))
	}
	putDevice(f, d.Device)
	if !edit {
		for _, name := range f.Names() {
			x := f.field(name)
			x.ReadOnly = true
			f.Declare(x)
		}
	}
	return f
}

// putDevice fills the fields of a form that says what a device is; fields the
// form does not have are left out.
func putDevice(f *Form, d device.Device) {
	put := func(name, value string) {
		if value != "" && slices.Contains(f.Names(), name) {
			f.Put(name, value)
		}
	}
	put("role", string(d.Role))
	put("maker", d.Maker)
	put("brand", d.Brand)
	put("catalogue", d.Catalogue)
	put("di", d.DI)
	put("registration", d.Registration)
	put("nhsa_code", d.NHSACode)
	put("size", d.Size)
	put("side", string(d.Side))
	put("material", string(d.Material))
	if d.Diameter > 0 {
		put("diameter", number(d.Diameter))
	}
	if d.Price > 0 {
		put("price", d.Price.String())
	}
	if d.Cemented {
		put("cemented", "yes")
	}
	if d.Bulk {
		put("bulk", "yes")
	}
}

// readDevice reads what a form says about a device; the names of its fields may
// have a prefix.
func readDevice(f *Form, prefix string) device.Device {
	has := func(name string) bool { return slices.Contains(f.Names(), prefix+name) }
	text := func(name string) string {
		if has(name) {
			return f.Text(prefix + name)
		}
		return ""
	}
	choice := func(name string) string {
		if has(name) {
			return f.Choice(prefix + name)
		}
		return ""
	}
	d := device.Device{Role: device.Role(choice("role")), Maker: text("maker"), Brand: text("brand"), Catalogue: text("catalogue"), DI: text("di"),
		Registration: text("registration"), NHSACode: text("nhsa_code"), Size: text("size"), Side: procedure.Side(choice("side")), Material: device.Material(choice("material"))}
	if has("diameter") {
		d.Diameter = f.Int(prefix + "diameter")
	}
	if has("price") {
		d.Price = f.Money(prefix + "price")
	}
	if has("cemented") {
		d.Cemented = f.Bool(prefix + "cemented")
	}
	if has("bulk") {
		d.Bulk = f.Bool(prefix + "bulk")
	}
	return d
}

func (s *Server) newDevicePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	b := s.deviceFormBase(c, "device.new", "devices")
	return s.showDevice(w, r, b, deviceLineForm(b, c.Today, implant.Line{}, true), true)
}

func (s *Server) showDevice(w http.ResponseWriter, r *http.Request, b Base, f *Form, edit bool) error {
	p := careForm{Base: b, Form: f}
	p = p.with(Button{Text: b.T("directory.save")}, "/devices")
	switch {
	case !edit:
		p.Buttons = p.Buttons[1:]
	case f.Action != "/devices":
		p.Buttons = append(p.Buttons, Button{Text: b.T("device.withdraw"), Kind: "danger", Name: "withdraw", Value: "yes", NoCheck: true})
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) createDevice(w http.ResponseWriter, r *http.Request, c *Call) error {
	b := s.deviceFormBase(c, "device.new", "devices")
	return s.saveDevice(w, r, c, deviceSaving{b, deviceLineForm(b, c.Today, implant.Line{}, true), ident.Nil})
}

// deviceSaving is a line of the library on its way into the service.
type deviceSaving struct {
	b  Base
	f  *Form
	id ident.ID
}

func (s *Server) saveDevice(w http.ResponseWriter, r *http.Request, c *Call, x deviceSaving) error {
	if err := x.f.Read(r); err != nil {
		return err
	}
	in := implant.LineInput{ID: x.id, Version: x.f.Version(), Withdraw: x.id != ident.Nil && r.PostFormValue("withdraw") != ""}
	if !in.Withdraw {
		in.Device = readDevice(x.f, "")
	}
	if x.f.OK() {
		_, err := s.d.Implants.SaveLine(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in))
		if err == nil {
			done := "directory.saved"
			if in.Withdraw {
				done = "device.withdrawn"
			}
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(done)})
			return seeOther(w, r, "/devices")
		}
		if err = refused(x.f, err); err != nil {
			return err
		}
	}
	return s.showDevice(w, r, x.b, x.f, true)
}

func (s *Server) devicePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	d, edit, err := s.d.Implants.Line(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	b := s.deviceFormBase(c, "device.one", "devices")
	if s.can(c, authz.RecallRead) && d.Catalogue != "" {
		b.Actions = []Button{{Text: b.T("device.tab.recall"), Icon: "search", Href: recallHref(implant.RecallInput{Catalogue: d.Catalogue})}}
	}
	return s.showDevice(w, r, b, deviceLineForm(b, c.Today, d, edit), edit)
}

func (s *Server) editDevice(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	d, _, err := s.d.Implants.Line(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	b := s.deviceFormBase(c, "device.one", "devices")
	return s.saveDevice(w, r, c, deviceSaving{b, deviceLineForm(b, c.Today, d, true), id})
}
