package webui

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Form is the one form machinery of the house. It holds the declared fields and
// every value exactly as it was typed: what a person wrote is never cleared,
// not even when it is wrong. Typed getters note what they cannot read; the
// service's refusals are merged; the page renders both beside their fields.
type Form struct {
	P        Speaker
	Today    clock.Date
	ID       string // id of the form element; default "form"
	Action   string
	Get      bool // a filter: method get, no error summary
	Upload   bool // multipart
	Sections []Section
	Compact  bool // labels small, controls 36 px: filter bars
	Filters  string
	Asks     bool   // a filter before which the list is empty: a phone shows it open until then
	Clear    string // address without any condition; empty: that of the form

	fields []Field
	at     map[string]int
	raw    url.Values
	stored url.Values // what the record held when the post came, see [Form.overtaken]
	errors errs.Fields
	desk   draftDesk
	facts  map[string][]Def
	slots  map[string]template.HTML
	echoes map[string]string
	hidden [][2]string

	settled bool // the draft was looked for
}

// Section is a card of a long form with its number. Optional sections say so in
// the progress list.
type Section struct {
	Key      string // message key of the title
	Text     string // the title itself, where it carries a number
	Fields   []string
	Optional bool
}

// NewForm declares a form. Order of the fields is the order of the page and of
// the error summary.
func NewForm(b Base, today clock.Date, fields ...Field) *Form {
	f := &Form{P: b.P, Today: today, ID: "form", desk: b.drafts, fields: fields, at: map[string]int{}, raw: url.Values{},
		facts: map[string][]Def{}, slots: map[string]template.HTML{}, echoes: map[string]string{}}
	for i, x := range fields {
		f.at[x.Name] = i
		f.Upload = f.Upload || x.Kind == KindFile
	}
	return f
}

// Cleared is the address of the page without any condition.
func (f *Form) Cleared() string {
	if f.Clear != "" {
		return f.Clear
	}
	return f.Action
}

// Read takes the values of a posted form. The body limit is the middleware's; a
// body that cannot be read is an Invalid error, a too large one keeps its kind.
func (f *Form) Read(r *http.Request) error {
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(4 << 20) // #nosec G120 -- the middleware has limited the body
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errs.Wrap(err, errs.TooLarge, "error.too_large", errs.Args{"mb": large.Limit >> 20})
		}
		return errs.Wrap(err, errs.Invalid, "error.form.unreadable", nil)
	}
	f.stored, f.raw = f.raw, r.PostForm
	if f.Get {
		f.raw = r.URL.Query()
	}
	return nil
}

// Put sets the value a field starts with. A posted value wins, because Read
// replaces all.
func (f *Form) Put(name, value string) *Form { f.raw.Set(name, value); return f }

// PutAll sets several values of one field.
func (f *Form) PutAll(name string, values []string) *Form { f.raw[name] = values; return f }

// Hide adds a hidden value, for example the version of the record.
func (f *Form) Hide(name, value string) *Form {
	f.hidden = append(f.hidden, [2]string{name, value})
	return f
}

// Hidden lists the hidden values; a posted one keeps its value.
func (f *Form) Hidden() [][2]string {
	f.settle()
	out := slices.Clone(f.hidden)
	for i, h := range out {
		if f.raw.Has(h[0]) {
			out[i][1] = f.raw.Get(h[0])
		}
	}
	return out
}

// Raw is a value as it was typed.
func (f *Form) Raw(name string) string { return f.raw.Get(name) }

// Text is a value in composed form without outer space. An empty required field
// is noted.
func (f *Form) Text(name string) string {
	s := strings.TrimSpace(norm.NFC.String(f.raw.Get(name)))
	x := f.field(name)
	if s == "" && !x.Optional {
		f.Fail(name, x.missing())
	}
	if x.Max > 0 && len([]rune(s)) > x.Max {
		f.Fail(name, "form.error.long", "max", x.Max)
	}
	return s
}

// Date is a day in any of the spellings of clock.ParseSpelling.
func (f *Form) Date(name string) clock.Date {
	s := f.Text(name)
	if s == "" {
		return clock.Date{}
	}
	d, err := clock.ParseSpelling(s, f.Today)
	if errors.Is(err, clock.ErrNoSuchDay) {
		f.Fail(name, "form.error.no_such_day")
	} else if err != nil {
		f.Fail(name, "form.error.date")
	}
	return d
}

// Money is an amount in yuan. Negative amounts are refused; a correction is
// another form.
func (f *Form) Money(name string) money.Fen {
	s := f.Text(name)
	if s == "" {
		return 0
	}
	v, err := money.Parse(s)
	switch {
	case errors.Is(err, money.ErrFraction):
		f.Fail(name, "form.error.fraction")
	case errors.Is(err, money.ErrRange):
		f.Fail(name, "form.error.range")
	case err != nil:
		f.Fail(name, "form.error.money")
	case v < 0:
		f.Fail(name, "form.error.negative")
	}
	return v
}

// Choice is one of the field's options; anything else was not made by the page.
func (f *Form) Choice(name string) string {
	s := f.Text(name)
	if s != "" && !f.field(name).offers(s) {
		f.Fail(name, "form.error.choice")
		return ""
	}
	return s
}

// Choices are the ticked options of a group of boxes.
func (f *Form) Choices(name string) []string {
	x := f.field(name)
	var out []string
	for _, s := range f.raw[name] {
		if x.offers(s) {
			out = append(out, s)
		} else if s != "" {
			f.Fail(name, "form.error.choice")
		}
	}
	if len(out) == 0 && !x.Optional && !f.errors.Has(name) {
		f.Fail(name, x.missing())
	}
	return out
}

// IDOf is an id, from a select, a combobox or a hidden value. (A method named
// ID would clash with the element's id.)
func (f *Form) IDOf(name string) ident.ID {
	s := f.Text(name)
	if s == "" {
		return ident.Nil
	}
	id, err := ident.Parse(s)
	if err != nil {
		f.Fail(name, "form.error.choice")
		return ident.Nil
	}
	return id
}

// Bool is a tick box.
func (f *Form) Bool(name string) bool {
	on := f.raw.Get(name) != ""
	if x := f.field(name); !on && !x.Optional {
		f.Fail(name, x.missing())
	}
	return on
}

// Int is a whole number within the field's bounds.
func (f *Form) Int(name string) int {
	s := f.Text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(norm.NFKC.String(s)))
	x := f.field(name)
	switch {
	case err != nil:
		f.Fail(name, "form.error.number")
	case x.High > x.Low && (n < x.Low || n > x.High):
		f.Fail(name, "form.error.between", "low", x.Low, "high", x.High)
	}
	return n
}

// Version is the hidden version of the record that is being changed. A form that
// was given one has to bring one back: without it nobody could say what the
// change was made on.
func (f *Form) Version() int64 { return f.mark("version") }

// mark is a hidden number by which a change that came second is found. Settings
// nobody saved yet have 0, and somebody may have saved them meanwhile: what 0 means
// is for the service to say.
func (f *Form) mark(name string) int64 {
	n, err := strconv.ParseInt(f.raw.Get(name), 10, 64)
	i := slices.IndexFunc(f.hidden, func(h [2]string) bool { return h[0] == name })
	if i >= 0 && (err != nil || n < 0) {
		f.Fail(name, "form.error.version")
		f.raw.Del(name) // the page shows the one the record has now
		return -1       // of no record, should somebody save all the same
	}
	return n
}

// Fail notes one wrong input; the first note of a field stands.
func (f *Form) Fail(name, key string, pairs ...any) {
	if !f.errors.Has(name) {
		f.errors.Add(name, key, pairs...)
	}
}

// Merge takes over the fields of an Invalid error of a service, so that they
// appear beside the inputs, and returns any other error unchanged. An Invalid
// error without fields is noted for the form as a whole.
func (f *Form) Merge(err error) error {
	if err == nil {
		return nil
	}
	e := errs.Of(err)
	if e.Kind != errs.Invalid {
		return err
	}
	if len(e.Fields) == 0 {
		f.errors = append(f.errors, errs.Field{Key: e.Key, Args: e.Args})
	}
	for _, x := range e.Fields {
		if !f.errors.Has(x.Path) {
			f.errors = append(f.errors, x)
		}
	}
	return nil
}

// OK reports whether nothing was noted.
func (f *Form) OK() bool { return len(f.errors) == 0 }

// Status is 200, or 422 when something must be mended.
func (f *Form) Status() int {
	if f.OK() {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// field is a declared field. Asking for another is a mistake of the page.
func (f *Form) field(name string) Field {
	i, ok := f.at[name]
	if !ok {
		panic(fmt.Sprintf("webui: form %q has no field %q", f.ID, name))
	}
	return f.fields[i]
}

// Declare changes the options of a field after the form was made, when they
// depend on what was typed.
func (f *Form) Declare(x Field) {
	if i, ok := f.at[x.Name]; ok {
		f.fields[i] = x
		return
	}
	f.at[x.Name] = len(f.fields)
	f.fields = append(f.fields, x)
}

// SetFacts shows what was derived from a value, under its field.
func (f *Form) SetFacts(name string, facts ...Def) { f.facts[name] = facts }

// SetSlot fills a field of kind slot with a rendered part, such as the banner of
// possible duplicates.
func (f *Form) SetSlot(name string, html template.HTML) { f.slots[name] = html }

// SetEcho says what was understood, in green on the line below the field.
func (f *Form) SetEcho(name, text string) { f.echoes[name] = text }
