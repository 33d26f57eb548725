package webui

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

func recallFilter(b Base, today clock.Date, hospitals []Option) *Form {
	fields := []Field{{Name: "lot", LabelKey: "device.lot", Optional: true, Max: device.MaxCode}, {Name: "catalogue", LabelKey: "device.catalogue", Optional: true, Max: device.MaxCode},
		{Name: "brand", LabelKey: "device.brand", Optional: true, Max: device.MaxText}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Optional: true, Blank: "list.any", Options: hospitals})
	}
	f := NewForm(b, today, fields...)
	f.ID, f.Get, f.Compact, f.Asks, f.Action = "filter", true, true, true, "/recall"
	return f
}

// recallHref is the address of a recall.
func recallHref(in implant.RecallInput) string { return "/recall?" + recallQuery(in) }

func recallQuery(in implant.RecallInput) string {
	q := url.Values{}
	for name, v := range map[string]string{"lot": in.Lot, "catalogue": in.Catalogue, "brand": in.Brand} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if in.Hospital != ident.Nil {
		q.Set("hospital", in.Hospital.String())
	}
	return q.Encode()
}

func (s *Server) recallInput(r *http.Request, c *Call) (*Form, implant.RecallInput, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.RecallRead)
	if err != nil {
		return nil, implant.RecallInput{}, err
	}
	f := recallFilter(c.Base, c.Today, hospitals)
	if err := f.Read(r); err != nil {
		return f, implant.RecallInput{}, err
	}
	return f, implant.RecallInput{Lot: f.Text("lot"), Catalogue: f.Text("catalogue"), Brand: f.Text("brand"), Hospital: offered(f, "hospital"), Page: pageRequest(r)}, nil
}

func (s *Server) recallPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, in, err := s.recallInput(r, c)
	if err != nil {
		return err
	}
	list, err := s.d.Implants.Recall(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	v := newRecallView(s.deviceBase(c, "recall"), f, in, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newRecallView(b Base, f *Form, in implant.RecallInput, list implant.Recall) careList {
	t := Table{Caption: b.T("device.tab.recall"), Quiet: true, Columns: []Column{{Key: "operation.on"}, {Key: "case.patient", Class: "grow"}, {Key: "case.no"}, {Key: "device.role"}, {Key: "device.lot_serial"},
		{Key: "treatment.hospital"}, {Key: "device.state"}}, Empty: Empty{Title: b.T("device.recall.ask"), Text: b.T("device.recall.ask.text")}}
	if !in.Empty() {
		t.Empty = Empty{Title: b.T("device.recall.none"), Text: b.T("device.recall.none.text")}
		b.Sub = b.T("device.recall.count", "parts", list.Count.Parts, "patients", list.Count.Patients, "hospitals", list.Count.Hospitals, "out", list.Count.Out)
	}
	if list.Count.Parts > 0 {
		b.Actions = []Button{{Text: b.T("device.recall.print"), Icon: "printer", Href: "/recall/sheet?" + recallQuery(in)}}
		if list.Export {
			b.Actions = append(b.Actions, Button{Text: b.T("report.export.xlsx"), Icon: "download", Href: "/recall/export?" + recallQuery(in)})
		}
	}
	for _, x := range list.Rows {
		t.Rows = append(t.Rows, Cells(DateCell(x.On), Cell{Text: x.PersonName, Sub: contactText(x)}, CodeCell(x.CaseNo), Cell{Text: b.T(x.Role.Label()) + " " + deviceCode(x.Device), Sub: x.Maker},
			Cell{Text: x.Lot, Sub: serialText(x), Nowrap: true}, spot(sides(list.Sides).of(x.Hospital), x.HospitalName), recallState(b, x)))
	}
	return careList{Base: b, Filter: f, Table: t}
}

func serialText(x implant.PatientPart) string {
	if x.Serial == "" {
		return ""
	}
	return "SN " + x.Serial
}

// contactText is where a patient lives and the end of the telephone number; the
// whole number is opened on the patient's page, with a reason.
func contactText(x implant.PatientPart) string {
	text := x.Township + x.Village
	if x.PhoneLast4 != "" {
		text += " " + MaskPhone(x.PhoneLast4)
	}
	return strings.TrimSpace(text)
}

func recallState(b Base, x implant.PatientPart) Cell {
	switch {
	case !x.OutOn.IsZero():
		return TextCell(b.T("device.out", "on", x.OutOn))
	case !x.Deceased.IsZero():
		return TextCell(b.T("device.recall.dead", "on", x.Deceased))
	}
	return TagCell("warn", b.T("device.recall.in"))
}

// recallSheetView is the paper with which a hospital calls its patients: one
// table for each hospital, with room for what came of it.
type recallSheetView struct {
	Base
	Hospitals []recallHospital
	What      string
	Note      string
	By        string
	Printed   string
}

type recallHospital struct {
	Name string
	Rows []recallLine
}

// recallLine is one patient on paper.
type recallLine struct {
	No                                           int
	Name, Who, CaseNo, On, Part, Lot, Where, Tel string
	State                                        string
}

func (s *Server) recallSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, in, err := s.recallInput(r, c)
	if err != nil {
		return err
	}
	if in.Whole = "print"; in.Empty() {
		return seeOther(w, r, "/recall")
	}
	list, err := s.d.Implants.Recall(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	p := newRecallSheet(c.Base, in, list, c.Today)
	p.By, p.Printed = c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation), instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, http.StatusOK, "device/recall_sheet", p)
}

func newRecallSheet(b Base, in implant.RecallInput, list implant.Recall, today clock.Date) recallSheetView {
	b.Layout, b.Title = "print", b.T("device.recall.sheet")
	p := recallSheetView{Base: b, What: recallWhat(b, in), Note: b.T("device.recall.sheet.note")}
	at := map[string]int{}
	for _, x := range list.Rows {
		i, ok := at[x.HospitalName]
		if !ok {
			i = len(p.Hospitals)
			at[x.HospitalName] = i
			p.Hospitals = append(p.Hospitals, recallHospital{Name: x.HospitalName})
		}
		h := &p.Hospitals[i]
		line := recallLine{No: len(h.Rows) + 1, Name: x.PersonName, CaseNo: x.CaseNo, On: x.On.String(), Part: b.T(x.Role.Label()) + " " + deviceName(x.Device),
			Lot: strings.TrimSpace(x.Lot + " " + serialText(x)), Where: x.Township + x.Village + x.Address, Tel: MaskPhone(x.PhoneLast4), State: recallState(b, x).Text}
		if x.PhoneLast4 == "" {
			line.Tel = ""
		}
		if x.Sex != "" {
			line.Who = identity(b, x.Sex, x.Birth, today)
		}
		h.Rows = append(h.Rows, line)
	}
	return p
}

// recallWhat says what a recall is about.
func recallWhat(b Base, in implant.RecallInput) string {
	var out []string
	for _, x := range [][2]string{{"device.lot", in.Lot}, {"device.catalogue", in.Catalogue}, {"device.brand", in.Brand}} {
		if x[1] != "" {
			out = append(out, b.T("device.pair", "name", b.T(x[0]), "value", x[1]))
		}
	}
	return strings.Join(out, b.T("list.separator"))
}

func (s *Server) recallExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, in, err := s.recallInput(r, c)
	if err != nil {
		return err
	}
	if in.Whole = "xlsx"; in.Empty() {
		return errs.Missing("error.not_found")
	}
	list, err := s.d.Implants.Recall(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	return sendBook(w, fileName("recall", now, "xlsx"), recallBook(c, in, list, now))
}

func recallBook(c *Call, in implant.RecallInput, list implant.Recall, at time.Time) sheet.Book {
	b := c.Base
	notes := exportNotes(c, c.Who.Organisation, at, []Def{{Label: b.T("device.recall.what"), Text: recallWhat(b, in)}})
	t := sheet.Table{Name: b.T("device.tab.recall"), Title: b.T("device.recall.sheet"), Notes: notes, Columns: []sheet.Column{{Header: b.T("treatment.hospital"), Width: 18}, {Header: b.T("case.no"), Width: 18},
		{Header: b.T("case.patient"), Width: 12}, {Header: b.T("operation.on"), Kind: sheet.DateColumn}, {Header: b.T("device.role"), Width: 14}, {Header: b.T("device.maker"), Width: 18}, {Header: b.T("device.catalogue"), Width: 16},
		{Header: b.T("device.lot"), Width: 16}, {Header: b.T("device.serial"), Width: 16}, {Header: b.T("device.expiry"), Kind: sheet.DateColumn}, {Header: b.T("device.state"), Width: 14}}}
	var rows []sheet.Record
	for _, x := range list.Rows {
		state := recallState(b, x)
		text := state.Text
		if state.Tag != nil {
			text = state.Tag.Text
		}
		rows = append(rows, sheet.Record{x.HospitalName, x.CaseNo, x.PersonName, x.On, b.T(x.Role.Label()), x.Maker, x.Catalogue, x.Lot, x.Serial, x.Expiry, text})
	}
	t.Rows = sheet.Records(rows)
	return sheet.Book{Tables: []sheet.Table{t}}
}
