package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

func (s *Server) stockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Implants.Stock(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newStockView(s.deviceBase(c, "stock"), list, c.Today)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

// deviceList is a list without a filter.
type deviceList struct {
	Base
	Note  *Alert
	Table Table
}

func newStockView(b Base, list implant.StockList, today clock.Date) deviceList {
	if len(list.Edit) > 0 {
		b.Actions = []Button{{Text: b.T("device.stock.new"), Icon: "plus", Href: "/stock/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("device.tab.stock"), Quiet: true, Columns: []Column{{Key: "device.stock.on"}, {Key: "device.catalogue", Class: "grow"}, {Key: "device.lot"}, {Key: "device.expiry"},
		{Key: "device.stock.received", Align: "right"}, {Key: "device.stock.used", Align: "right"}, {Key: "device.stock.left", Align: "right"}, {Key: "treatment.hospital"}, {Key: "care.action", Hidden: true}},
		Empty: Empty{Title: b.T("device.stock.none"), Text: b.T("device.stock.none.text"), Buttons: b.Actions}}
	for _, x := range list.Rows {
		left := x.All - x.Used
		expiry := DateCell(x.Expiry)
		expiry.Bad = !x.Expiry.IsZero() && x.Expiry.Before(today)
		row := Cells(DateCell(x.On), Cell{Text: deviceName(x.Device), Sub: b.T(x.Role.Label()) + " " + measureText(b, x.Device), Href: "/devices/" + x.DeviceID.String()}, CodeCell(x.Lot), expiry,
			Cell{Text: number(x.Received), Nowrap: true}, Cell{Text: number(x.Used), Nowrap: true}, Cell{Text: number(left), Bad: left < 0, Nowrap: true},
			spot(sides(list.Sides).of(x.Hospital), x.HospitalName), TextCell(""))
		for _, h := range list.Edit {
			if h == x.Hospital {
				row.Cells[8] = ButtonCell(Button{Text: b.T("device.stock.withdraw"), Href: "/stock/" + x.ID.String() + "/withdrawal"})
			}
		}
		row.Alert = left < 0 || expiry.Bad
		t.Rows = append(t.Rows, row)
	}
	return deviceList{Base: b, Table: t}
}

// deviceName is the maker's number with the maker, as lists name a device.
func deviceName(d device.Device) string {
	name := d.Catalogue
	if name == "" {
		name = d.DI
	}
	return strings.TrimSpace(d.Maker + " " + name)
}

func (s *Server) stockForm(r *http.Request, c *Call) (careForm, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.StockEdit)
	b := s.deviceFormBase(c, "device.stock.new", "stock")
	return newStockForm(b, c.Today, hospitals), err
}

func newStockForm(b Base, today clock.Date, hospitals []Option) careForm {
	b.Scanner = true
	var fields []Field
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: hospitals})
	}
	fields = append(fields, scanField(b, today, true),
		Field{Name: "catalogue", LabelKey: "device.catalogue", HintKey: "device.stock.hint", Max: device.MaxCode, Optional: true, Width: 6},
		Field{Name: "maker", LabelKey: "device.maker", Max: device.MaxText, Optional: true, Width: 6},
		Field{Name: "lot", LabelKey: "device.lot", Max: device.MaxCode, Optional: true, Width: 6},
		Field{Name: "expiry", LabelKey: "device.expiry", Kind: KindDate, Optional: true, Width: 6},
		Field{Name: "received", LabelKey: "device.stock.received", Kind: KindNumber, Optional: true, Width: 6},
		Field{Name: "on", LabelKey: "device.stock.on", Kind: KindDate, Optional: true, Width: 6},
		Field{Name: "note", LabelKey: "care.note", Max: device.MaxText, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/stock"
	if len(hospitals) == 1 {
		f.Hide("hospital", hospitals[0].Value)
	}
	return careForm{Base: b, Form: f.Put("on", today.String())}
}

func (s *Server) newStockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.stockForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.stock.save")}, "/stock")
}

func (s *Server) addStock(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.stockForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := implant.StockInput{Scans: scanLines(f), Device: device.Device{Catalogue: f.Text("catalogue"), Maker: f.Text("maker")}, Lot: f.Text("lot"),
		Expiry: f.Date("expiry"), On: f.Date("on"), Received: f.Int("received"), Note: f.Text("note")}
	hospitals, err := s.hospitalOptions(r, c, authz.StockEdit)
	if err != nil {
		return err
	}
	if len(hospitals) == 1 {
		in.Hospital, _ = ident.Parse(hospitals[0].Value) // made by the page
	} else {
		in.Hospital = offered(f, "hospital")
	}
	if f.OK() {
		x, err := s.d.Implants.AddStock(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.stock.saved", "name", deviceName(x.Device), "lot", x.Lot, "n", x.Received)})
			return seeOther(w, r, "/stock")
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.stock.save")}, "/stock")
}

// scanLines are the scans of a form, one a line.
func scanLines(f *Form) []string {
	text := f.Raw("scans")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

func (s *Server) withdrawalForm(r *http.Request, c *Call) (careForm, implant.Stock, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, implant.Stock{}, err
	}
	x, err := s.d.Implants.Delivery(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, x, err
	}
	b := s.deviceFormBase(c, "device.stock.withdraw", "stock")
	f := keyed(NewForm(b, c.Today, Field{Name: "reason", LabelKey: "treatment.reason", Kind: KindArea, Rows: 2, Max: 500, Focus: true}))
	f.Hide("version", version(x.Version))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("device.catalogue"), Text: deviceName(x.Device)}, {Label: b.T("device.lot"), Text: x.Lot},
		{Label: b.T("device.stock.received"), Text: number(x.Received)}, {Label: b.T("device.stock.on"), Text: b.Day(x.On)}}}, x, nil
}

func (s *Server) withdrawStockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.withdrawalForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.stock.withdraw"), Kind: "danger"}, "/stock")
}

func (s *Server) withdrawStock(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.withdrawalForm(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := implant.StockStep{ID: x.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		if _, err = s.d.Implants.WithdrawStock(r.Context(), c.Who, in, implant.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.stock.withdrawn")})
			return seeOther(w, r, "/stock")
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("device.stock.withdraw"), Kind: "danger"}, "/stock")
}
