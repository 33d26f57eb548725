package webui

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// maxDeviceFile is the largest list of devices.
const maxDeviceFile = 4 << 20

// listColumnsOfDevices are the columns of a list in the order the hint names
// them; a list may have fewer, and in any order. Their heads are the labels of
// the form in either language.
func listColumnsOfDevices() []string {
	return []string{"role", "maker", "brand", "catalogue", "di", "registration", "nhsa_code", "size", "diameter", "side", "material", "price", "cemented", "bulk"}
}

func loadForm(b Base, today clock.Date) *Form {
	f := keyed(NewForm(b, today, Field{Name: "file", LabelKey: "device.file", HintKey: "device.file.hint", Kind: KindFile, Accept: ".xlsx,.csv", Focus: true}))
	f.Action = "/devices/load"
	return f
}

func (s *Server) loadDevicesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	b := s.deviceFormBase(c, "device.load", "devices")
	return s.showLoad(w, r, b, loadForm(b, c.Today))
}

func (s *Server) showLoad(w http.ResponseWriter, r *http.Request, b Base, f *Form) error {
	var heads, roles []string
	for _, name := range listColumnsOfDevices() {
		heads = append(heads, b.T("device."+name))
	}
	for _, role := range device.Roles("") {
		roles = append(roles, b.T(role.Label()))
	}
	p := careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("device.load.columns"), Text: strings.Join(heads, b.T("list.separator"))},
		{Label: b.T("device.load.roles"), Text: strings.Join(roles, b.T("list.separator"))}, {Label: b.T("device.load.known"), Text: b.T("device.load.known.text")}}}
	return s.showCareForm(w, r, p, Button{Text: b.T("device.load.go")}, "/devices")
}

func (s *Server) loadDevices(w http.ResponseWriter, r *http.Request, c *Call) error {
	b := s.deviceFormBase(c, "device.load", "devices")
	f := loadForm(b, c.Today)
	rows, err := readDeviceFile(f, r, s.labels())
	if err != nil {
		return err
	}
	if f.OK() {
		done, err := s.d.Implants.LoadLines(r.Context(), c.Who, rows, implant.KeyOf(requestKey(r), rows))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("device.loaded", "added", done.Added, "known", done.Known)})
			return seeOther(w, r, "/devices")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showLoad(w, r, b, f)
}

// readDeviceFile reads the rows of an uploaded list.
func readDeviceFile(f *Form, r *http.Request, words deviceWords) (rows []implant.LoadRow, err error) {
	if err := f.Read(r); err != nil {
		if !errs.Is(err, errs.TooLarge) {
			return nil, err
		}
		f.Fail("file", "error.sheet.too_large", "mb", maxDeviceFile>>20)
		return nil, nil
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		f.Fail("file", "form.error.file")
		return nil, nil
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err = deviceRows(r.Context(), file, head.Size, words)
	if e := errs.Of(err); err != nil && (e.Kind == errs.Invalid || e.Kind == errs.TooLarge) {
		f.Fail("file", e.Key, pairs(e.Args)...)
		return nil, nil
	}
	return rows, err
}

// deviceWords are the words of a list: heads of columns and names of roles,
// materials and sides, in both languages and as codes.
type deviceWords struct {
	heads     map[string]string
	roles     map[string]device.Role
	materials map[string]device.Material
	sides     map[string]procedure.Side
	yes       map[string]bool
}

// labels collects the words from the catalogues, so that a list in the words of
// the page can be read.
func (s *Server) labels() deviceWords {
	w := deviceWords{heads: map[string]string{}, roles: map[string]device.Role{}, materials: map[string]device.Material{}, sides: map[string]procedure.Side{}, yes: map[string]bool{}}
	for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
		p := s.d.Engine.Catalogue().Printer(lang)
		for _, name := range listColumnsOfDevices() {
			w.heads[device.Fold(p.T("device."+name))], w.heads[device.Fold(name)] = name, name
		}
		for _, r := range device.Roles("") {
			w.roles[device.Fold(p.T(r.Label()))], w.roles[device.Fold(string(r))] = r, r
		}
		for _, m := range device.Materials() {
			w.materials[device.Fold(p.T(m.Label()))], w.materials[device.Fold(string(m))] = m, m
		}
		for _, side := range procedure.Sides() {
			w.sides[device.Fold(p.T(side.Label()))], w.sides[device.Fold(string(side))] = side, side
		}
		w.yes[device.Fold(p.T("device.yes"))] = true
	}
	for _, yes := range []string{"1", "Y", "YES", "TRUE", "√", "✓"} {
		w.yes[yes] = true
	}
	return w
}

// deviceRows reads the first tab of a file: a head, then a line for each device.
func deviceRows(ctx context.Context, file io.ReaderAt, size int64, words deviceWords) ([]implant.LoadRow, error) {
	book, err := sheet.OpenReader(file, size, "devices", sheet.Options{MaxBytes: maxDeviceFile})
	if err != nil {
		return nil, err
	}
	sheets := book.Sheets()
	if len(sheets) == 0 {
		return nil, errs.New(errs.Invalid, "error.device.list_empty", nil)
	}
	var out []implant.LoadRow
	var columns map[int]string
	err = sheets[0].Rows(ctx, func(row sheet.Row) error {
		if columns == nil {
			if columns = headsOf(row, words); !slices.Contains(valuesOf(columns), "role") || !slices.Contains(valuesOf(columns), "maker") {
				return errs.New(errs.Invalid, "error.device.list_head", nil)
			}
			return nil
		}
		if len(out) > implant.MaxRows {
			return errs.New(errs.Invalid, "error.device.list_long", errs.Args{"max": implant.MaxRows})
		}
		out = append(out, words.row(row, columns))
		return nil
	})
	return out, err
}

func headsOf(row sheet.Row, words deviceWords) map[int]string {
	out := map[int]string{}
	for _, c := range row.Cells {
		if name := words.heads[device.Fold(c.Text)]; name != "" {
			out[c.Col] = name
		}
	}
	return out
}

func valuesOf(m map[int]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// row reads one line; what cannot be read is noted, the rest is kept.
func (words deviceWords) row(row sheet.Row, columns map[int]string) implant.LoadRow {
	out := implant.LoadRow{Row: row.Number}
	d := &out.Device
	texts := map[string]*string{"maker": &d.Maker, "brand": &d.Brand, "catalogue": &d.Catalogue, "di": &d.DI, "registration": &d.Registration, "nhsa_code": &d.NHSACode, "size": &d.Size}
	for _, c := range row.Cells {
		name, text := columns[c.Col], strings.TrimSpace(c.Text)
		if to := texts[name]; to != nil {
			*to = text
			continue
		}
		if text == "" {
			continue
		}
		ok := true
		switch name {
		case "role":
			d.Role, ok = words.roles[device.Fold(text)]
		case "material":
			d.Material, ok = words.materials[device.Fold(text)]
		case "side":
			d.Side, ok = words.sides[device.Fold(text)]
		case "diameter":
			n, err := strconv.Atoi(text)
			d.Diameter, ok = n, err == nil
		case "price":
			fen, err := money.Parse(text)
			d.Price, ok = fen, err == nil
		case "cemented":
			d.Cemented = words.yes[device.Fold(text)]
		case "bulk":
			d.Bulk = words.yes[device.Fold(text)]
		}
		if !ok {
			out.Wrong.Add(name, "error.device.list_cell")
		}
	}
	return out
}
