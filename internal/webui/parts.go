package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

// partsView is the form that adds parts to an operation; beside it stands what
// is recorded already.
type partsView struct {
	Base
	Form   *Form
	Alerts []Alert
	WhyNot *WhyNot
	Parts  Table
}

// handFields are the fields of a part that is written by hand.
func handFields(site procedure.Site) []Field {
	out := []Field{
		{Name: "role", LabelKey: "device.role", Kind: KindSelect, Options: roleOptions(site), Optional: true, Width: 6},
		{Name: "catalogue", LabelKey: "device.catalogue", HintKey: "device.catalogue.hint", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "maker", LabelKey: "device.maker", Max: device.MaxText, Optional: true, Width: 6},
		{Name: "brand", LabelKey: "device.brand", Max: device.MaxText, Optional: true, Width: 6},
		{Name: "lot", LabelKey: "device.lot", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "serial", LabelKey: "device.serial", Max: device.MaxCode, Optional: true, Width: 6},
		{Name: "expiry", LabelKey: "device.expiry", Kind: KindDate, Optional: true, Width: 6},
		{Name: "quantity", LabelKey: "device.quantity", Kind: KindNumber, Low: 1, High: device.MaxQuantity, Optional: true, Width: 6},
		{Name: "size", LabelKey: "device.size", Max: device.MaxCode, Optional: true, Width: 6}}
	if site.Joint() {
		out = append(out, Field{Name: "diameter", LabelKey: "device.diameter", HintKey: "device.diameter.hint", Kind: KindNumber, Low: 0, High: 80, Suffix: "device.mm.unit", Optional: true, Width: 6},
			Field{Name: "side", LabelKey: "device.side", Kind: KindSelect, Options: deviceSideOptions(), Blank: "device.side.either", Optional: true, Width: 6})
	}
	return append(out, Field{Name: "price", LabelKey: "device.price", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6})
}

func (s *Server) partsForm(r *http.Request, c *Call) (partsView, implant.Sheet, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return partsView{}, implant.Sheet{}, err
	}
	v, err := s.d.Implants.Sheet(r.Context(), c.Who, id)
	if err != nil {
		return partsView{}, v, err
	}
	b := s.careBase(c, "operations", c.P.T("device.part.new"), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + id.String()})
	return newPartsView(b, v, c.Today), v, nil
}

func newPartsView(b Base, v implant.Sheet, today clock.Date) partsView {
	b.Sub, b.Scanner, b.Field = b.T("device.part.sub", "name", v.PersonName, "on", b.Day(v.OperatedOn)), true, true
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("device.part.save"), Kind: "primary"}, {Text: b.T("theatre.photos"), Icon: "camera", Href: "/operations/" + v.ID.String() + "/photos"}, {Text: b.T("dialog.back"), Href: "/operations/" + v.ID.String()}}, Key: "Ctrl+Enter"}
	hand := handFields(v.Site)
	f := keyed(NewForm(b, today, append([]Field{scanField(b, today, true)}, hand...)...))
	f.Action = "/operations/" + v.ID.String() + "/parts"
	f.Hide("version", version(v.Version))
	f.Sections = []Section{{Key: "device.s.scan", Fields: []string{"scans"}, Optional: true}, {Key: "device.s.hand", Fields: namesOf(hand), Optional: true}}
	return partsView{Base: b, Form: f, Parts: partsTable(b, v.Parts, partRights{})}
}

func (s *Server) newPartsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.partsForm(r, c)
	if err != nil {
		return err
	}
	if _, err := v.Signature.Corrected(c.Who.AccountID); err != nil {
		p.WhyNot = whyNot(p.Base, err)
	}
	return s.showParts(w, r, p)
}

func (s *Server) showParts(w http.ResponseWriter, r *http.Request, p partsView) error {
	status := p.Form.Status()
	if p.WhyNot != nil {
		status = http.StatusUnprocessableEntity
	}
	return s.d.Engine.Render(w, r, status, "device/parts", p)
}

// unknownFields ask what neither the label nor the library says about the n-th
// sticker. The form gets them once they are needed, or were posted.
func unknownFields(f *Form, n int, site procedure.Site, what string) {
	prefix := "parts." + strconv.Itoa(n) + "."
	if slices.Contains(f.Names(), prefix+"role") {
		return
	}
	names := []string{prefix + "what"}
	f.Declare(Field{Name: prefix + "what", LabelKey: "device.part.what", Kind: KindStatic, Optional: true})
	f.Put(prefix+"what", what)
	for _, x := range handFields(site) {
		if x.Name == "quantity" || x.Name == "price" {
			continue
		}
		x.Name = prefix + x.Name
		f.Declare(x)
		names = append(names, x.Name)
	}
	f.Sections = slices.Insert(f.Sections, len(f.Sections)-1, Section{Key: "device.s.unknown", Fields: names})
}

// askConfirm adds the box that says the warnings were looked at, and the reason.
func askConfirm(f *Form) {
	if slices.Contains(f.Names(), "confirm") {
		return
	}
	f.Declare(Field{Name: "confirm", LabelKey: "device.confirm", Kind: KindCheck, Optional: true})
	f.Declare(Field{Name: "reason", LabelKey: "device.reason", HintKey: "device.reason.hint", Kind: KindArea, Rows: 2, Max: 500, Optional: true})
	f.Sections = append(f.Sections, Section{Key: "operation.s.confirm", Fields: []string{"confirm", "reason"}, Optional: true})
}

// readParts reads the posted form into an input for the service.
func readParts(f *Form, v implant.Sheet, today clock.Date) implant.PartsInput {
	in := implant.PartsInput{Operation: v.ID, Version: f.Version(), Scans: scanLines(f)}
	readings := device.Read(in.Scans, today)
	for n, x := range readings {
		prefix := "parts." + strconv.Itoa(n) + "."
		typed := device.Item{}
		if f.raw.Has(prefix + "role") {
			unknownFields(f, n, v.Site, readingText(f, x))
			typed = readItem(f, prefix)
		}
		in.Typed = append(in.Typed, typed)
	}
	if hand := readItem(f, ""); hand != (device.Item{}) {
		in.ByHand = &hand
	}
	if f.raw.Has("confirm") || f.raw.Has("reason") {
		askConfirm(f)
		in.Confirmed, in.Reason = f.Bool("confirm"), f.Text("reason")
	}
	return in
}

func readItem(f *Form, prefix string) device.Item {
	x := device.Item{Device: readDevice(f, prefix), Lot: f.Text(prefix + "lot"), Serial: f.Text(prefix + "serial"), Expiry: f.Date(prefix + "expiry")}
	if slices.Contains(f.Names(), prefix+"quantity") {
		x.Quantity = f.Int(prefix + "quantity")
	}
	return x
}

// readingText says which sticker it is, by its numbers.
func readingText(f *Form, x device.Reading) string {
	var out []string
	for _, p := range [][2]string{{"device.di.short", x.DI}, {"device.catalogue.short", x.Catalogue}, {"device.lot", x.Lot}, {"device.serial", x.Serial}} {
		if p[1] != "" {
			out = append(out, f.T("device.pair", "name", f.T(p[0]), "value", p[1]))
		}
	}
	line := 0
	if len(x.Lines) > 0 {
		line = x.Lines[0] + 1
	}
	return f.T("device.scan.line", "n", line) + " " + strings.Join(out, f.T("list.separator"))
}

func (s *Server) addParts(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.partsForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := readParts(f, v, c.Today)
	if f.OK() {
		done, err := s.d.Implants.AddParts(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, partsFlash(c.Base, done.Parts))
			return seeOther(w, r, "/operations/"+v.ID.String())
		}
		if err = p.refused(err, v, in, c.Today); err != nil {
			return err
		}
	}
	return s.showParts(w, r, p)
}

// refused takes an answer of the service into the form: fields that are asked
// here, warnings to be confirmed, or why it cannot be done.
func (p *partsView) refused(err error, v implant.Sheet, in implant.PartsInput, today clock.Date) error {
	e := errs.Of(err)
	readings := device.Read(in.Scans, today)
	for _, x := range e.Fields {
		rest, ok := strings.CutPrefix(x.Path, "parts.")
		if n, bad := strconv.Atoi(strings.SplitN(rest, ".", 2)[0]); ok && bad == nil && n < len(readings) {
			unknownFields(p.Form, n, v.Site, readingText(p.Form, readings[n]))
		}
	}
	if e.Rule == implant.RuleConfirm {
		askConfirm(p.Form)
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: p.T("device.confirm.title"), Text: p.T("device.confirm.text")})
	} else if e.Fields.Has("reason") {
		askConfirm(p.Form)
	}
	if err = p.Form.Merge(err); err == nil {
		return nil
	}
	if p.WhyNot = whyNot(p.Base, err); p.WhyNot != nil {
		return nil
	}
	return refused(p.Form, err)
}

// partsFlash says what was saved, and under which marks.
func partsFlash(b Base, list []implant.Part) Flash {
	f := Flash{Kind: "ok", Title: b.T("device.part.saved", "n", len(list))}
	var marks []string
	for _, x := range list {
		if x.Claim == device.Disputed {
			return Flash{Kind: "warn", Title: b.T("device.part.disputed"), Text: b.T("device.part.disputed.text")}
		}
		for _, m := range x.Marks {
			if text := b.T("mark." + m); !slices.Contains(marks, text) {
				marks = append(marks, text)
			}
		}
	}
	if len(marks) > 0 {
		f.Kind, f.Text = "warn", b.T("operation.marked", "marks", strings.Join(marks, b.T("list.separator")))
	}
	return f
}

// partRights are what a reader may do in a table of parts.
type partRights struct {
	edit   bool
	review bool
	reader ident.ID
}

// partsTable lists the parts of an operation.
func partsTable(b Base, list []implant.Part, may partRights) Table {
	t := Table{Caption: b.T("device.parts"), Columns: []Column{{Key: "device.role", Class: "grow"}, {Key: "device.catalogue"}, {Key: "device.lot_serial"}, {Key: "device.expiry"},
		{Key: "device.measure"}, {Key: "device.state"}}, Empty: Empty{Title: b.T("device.parts.none"), Text: b.T("device.parts.none.text")}}
	if may.edit || may.review {
		t.Columns = append(t.Columns, Column{Key: "care.action", Hidden: true})
	}
	for _, x := range list {
		lot := Cell{Text: x.Lot, Nowrap: true, Mono: true}
		switch {
		case x.Lot == "":
			lot.Text = "SN " + x.Serial
		case x.Serial != "":
			lot.Sub = "SN " + x.Serial
		}
		role := Cell{Text: b.T(x.Role.Label()), Sub: strings.TrimSpace(x.Maker + " " + x.Brand)}
		if x.Quantity > 1 {
			role.Text = b.T("device.times", "name", role.Text, "n", x.Quantity)
		}
		row := Cells(role, CodeCell(deviceCode(x.Device)), lot, DateCell(x.Expiry), Cell{Text: measureText(b, x.Device), Nowrap: true}, partState(b, x))
		row.Alert = x.Claim == device.Disputed || x.Review == device.ReviewOpen
		switch {
		case may.review && x.Review == device.ReviewOpen && x.EnteredBy != may.reader:
			row.Cells = append(row.Cells, ButtonCell(Button{Text: b.T("device.review"), Href: "/parts/" + x.ID.String() + "/review"}))
		case may.edit:
			row.Cells = append(row.Cells, ButtonCell(Button{Text: b.T("device.part.edit"), Href: "/parts/" + x.ID.String() + "/edit"}))
		case may.review:
			row.Cells = append(row.Cells, TextCell(""))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func deviceCode(d device.Device) string {
	if d.Catalogue != "" {
		return d.Catalogue
	}
	return d.DI
}

// partState is what stands against a part, or that it was taken out.
func partState(b Base, x implant.Part) Cell {
	var marks []string
	for _, m := range x.Marks {
		marks = append(marks, b.T("mark."+m))
	}
	note := strings.Join(marks, b.T("list.separator"))
	switch {
	case x.Claim == device.Disputed:
		return Cell{HTML: b.Chip(Tag{Text: b.T("mark.device.serial_disputed"), Kind: "error"})}
	case x.Review == device.ReviewOpen:
		return Cell{HTML: b.Chip(Tag{Text: note, Kind: "warn"})}
	case !x.OutOn.IsZero():
		return TextCell(b.T("device.out", "on", x.OutOn))
	}
	if x.Review == device.ReviewDone {
		return Cell{Text: note, Sub: b.T("device.reviewed", "who", x.Reviewer)}
	}
	return TextCell(note)
}

// explantsTable lists what an operation took out.
func explantsTable(b Base, list []implant.Explant) Table {
	t := Table{Caption: b.T("device.explants"), Columns: []Column{{Key: "device.role", Class: "grow"}, {Key: "device.catalogue"}, {Key: "device.lot_serial"}, {Key: "device.put_in"}, {Key: "care.note"}},
		Empty: Empty{Title: b.T("device.explants.none")}}
	for _, e := range list {
		put := TextCell(b.T("device.put_in.unknown"))
		if !e.PutIn.IsZero() {
			put = DateCell(e.PutIn)
		}
		lot := e.Lot
		if e.Serial != "" {
			lot = strings.TrimSpace(lot + " SN " + e.Serial)
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(e.Role.Label())), CodeCell(strings.TrimSpace(e.Maker+" "+e.Catalogue)), CodeCell(lot), put, TextCell(e.Note)))
	}
	return t
}
