package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// reportingRoutes declares the overview, the lists behind its figures, and both
// as files.
func (s *Server) reportingRoutes(rt *router) {
	s.deskRoutes(rt)
	rt.get("/overview", authz.MeasureRead, s.overview)
	rt.get("/overview/export", authz.ExportMake, s.overviewExport)
	rt.get("/measures", authz.MeasureRead, s.measureDesk)
	rt.get("/measures/export", authz.ExportMake, s.measureExport)
	rt.get("/measures/{id}", authz.MeasureRead, s.measureDetail)
	rt.get("/measures/{id}/export", authz.ExportMake, s.measureDetailExport)
	rt.get("/figures/{id}", authz.ListRead, s.figureList)
	rt.get("/figures/{id}/export", authz.ExportMake, s.figureExport)
}

// figureFilter reads the filter of an address that has more parameters beside its
// conditions. A link of the page carries the canonical one; what a person typed is
// refused at its field.
func figureFilter(r *http.Request, c *Call, more ...string) (measure.Filter, error) {
	return conditionsOfPage{more: more}.read(r.URL.Query(), c)
}

// onlyOwn reads whether only the reader's own operations are asked for.
func onlyOwn(r *http.Request) (bool, error) {
	v := r.URL.Query().Get("own")
	if v != "" && v != "1" {
		return false, errs.Missing("error.not_found")
	}
	return v == "1", nil
}

// figureDimension is the breakdown of the table; an unknown one is an address
// nobody made.
func figureDimension(r *http.Request) (measure.Dimension, error) {
	v := r.URL.Query().Get("by")
	if v == "" {
		return measure.ByHospital, nil
	}
	by, err := measure.ParseDimension(v)
	if err != nil {
		return "", errs.Missing("error.not_found")
	}
	return by, nil
}

// figureFile is the format of an export.
func figureFile(r *http.Request) (string, error) {
	v := r.URL.Query().Get("format")
	if v != "xlsx" && v != "csv" {
		return "", errs.Missing("error.not_found")
	}
	return v, nil
}

// filterForm is the line of conditions above figures. Every field is optional:
// an empty one is no condition. What the page fixes itself is not offered.
func filterForm(b Base, today clock.Date, hospitals []reporting.Hospital, fixed ...measure.Dimension) *Form {
	one := func(name, blank string, options ...Option) Field {
		return Field{Name: name, LabelKey: "report.f." + name, Kind: KindSelect, Optional: true, Blank: blank, Options: options}
	}
	var programmes, places, categories []Option
	for _, p := range measure.Programmes() {
		if p != measure.All {
			programmes = append(programmes, Option{Value: string(p), Key: p.NameKey()})
		}
	}
	for _, h := range hospitals {
		places = append(places, Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)})
	}
	for _, c := range terminology.Categories() {
		categories = append(categories, Option{Value: string(c), Key: categoryKey(string(c))})
	}
	fields := []Field{one("programme", "measure.programme.all", programmes...), one("hospital", "report.f.hospital.all", places...),
		Field{Name: "from", LabelKey: "report.f.from", Kind: KindDate, Optional: true}, Field{Name: "to", LabelKey: "report.f.to", Kind: KindDate, Optional: true},
		one("side", "report.f.any", Option{Value: string(measure.Receiving), Key: "measure.side.receiving"}, Option{Value: string(measure.Donor), Key: "measure.side.donor"}),
		one("category", "report.f.any", categories...),
		one("surgeon", "report.f.any", Option{Value: "visiting", Key: "measure.surgeon.visiting"}, Option{Value: "local", Key: "measure.surgeon.local"})}
	f := NewForm(b, today, slices.DeleteFunc(fields, func(x Field) bool { return slices.Contains(fixed, measure.Dimension(x.Name)) })...)
	f.ID, f.Get, f.Compact = "filter", true, true
	return f
}

// putFilter shows a filter in the form; a month appears as its days.
func putFilter(f *Form, m measure.Filter) {
	from, to := m.Period()
	f.Put("programme", string(m.Programme)).Put("from", from.String()).Put("to", to.String()).Put("side", string(m.Side)).Put("category", m.Category)
	if m.HospitalID != ident.Nil {
		f.Put("hospital", m.HospitalID.String())
	}
	if m.Visiting != nil {
		f.Put("surgeon", map[bool]string{true: "visiting", false: "local"}[*m.Visiting])
	}
}

// categoryKey is the message key of a beneficiary category in a report, where
// "none" includes the ones nobody asked about.
func categoryKey(code string) string {
	if code == measure.NoCategory {
		return "report.category.none"
	}
	return terminology.Category(code).Key()
}

// conditions says a filter in words, one line for each condition.
func conditions(b Base, f measure.Filter, hospitals []reporting.Hospital) []Def {
	var out []Def
	add := func(label, text string) { out = append(out, Def{Label: b.T(label), Text: text}) }
	if f.Programme != "" && f.Programme != measure.All {
		add("report.f.programme", b.T(f.Programme.NameKey()))
	}
	if i := slices.IndexFunc(hospitals, func(h reporting.Hospital) bool { return h.ID == f.HospitalID }); i >= 0 && f.HospitalID != ident.Nil {
		add("report.f.hospital", hospitals[i].Name)
	}
	switch from, to := f.Period(); {
	case !from.IsZero() && !to.IsZero():
		add("report.f.period", b.T("report.period.both", "from", from.String(), "to", to.String()))
	case !from.IsZero():
		add("report.f.period", b.T("report.period.from", "from", from.String()))
	case !to.IsZero():
		add("report.f.period", b.T("report.period.to", "to", to.String()))
	}
	if f.Side != "" {
		add("report.f.side", b.T("measure.side."+string(f.Side)))
	}
	if f.Category != "" {
		add("report.f.category", b.T(categoryKey(f.Category)))
	}
	if f.Visiting != nil {
		add("report.f.surgeon", b.T(map[bool]string{true: "measure.surgeon.visiting", false: "measure.surgeon.local"}[*f.Visiting]))
	}
	return out
}

// instant writes the moment of a snapshot in Shanghai.
func instant(t time.Time) string { return t.In(clock.Shanghai).Format("2006-01-02 15:04") }

// figureText writes a value with its thousands apart; money in yuan to the fen.
func figureText(v measure.Value) string {
	if v.Value.Hidden() {
		return string(withheld)
	}
	if v.Unit == measure.Fen {
		return money.Fen(v.Value.Int64()).String()
	}
	return countText(v.Value.Int64())
}

// countText writes a count for people: thousands apart, and the true minus.
func countText(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return strings.Replace(s, "-", "−", 1)
}

// suffix is a measure's name within its programme: patients, net_fen.
func suffix(d measure.Definition) string {
	return strings.TrimPrefix(string(d.ID), string(d.Programme)+".")
}

// figureURL is the list behind a figure.
func figureURL(d measure.Definition, f measure.Filter) string {
	u := "/figures/" + string(d.ID)
	if f.Programme == d.Programme || f.Programme == measure.All {
		f.Programme = ""
	}
	if q := f.Query(); q != "" {
		u += "?" + q
	}
	return u
}

// hospitalCell is a hospital with the colour of its side.
func hospitalCell(h reporting.Hospital) Cell {
	if h.Side == user.Side("") {
		return TextCell(h.Name)
	}
	return PlaceCell(sideOf(h.Side), h.Name)
}
