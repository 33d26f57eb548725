package webui

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Kind is the control of a field.
type Kind string

// The controls.
const (
	KindText     Kind = "text"
	KindDate     Kind = "date"     // one box, every spelling, echo below
	KindMoney    Kind = "money"    // right aligned, unit in the label
	KindNumber   Kind = "number"   // whole number
	KindSelect   Kind = "select"   // more than five options
	KindRadio    Kind = "radio"    // up to five: joined segments with digit keys
	KindCheck    Kind = "check"    // one tick box
	KindChecks   Kind = "checks"   // several tick boxes
	KindArea     Kind = "area"     // several lines
	KindFile     Kind = "file"     // upload
	KindCombo    Kind = "combo"    // select with type-ahead by name, pinyin, code
	KindIDCard   Kind = "idcard"   // identity number: masked after blur, derived facts below
	KindPassword Kind = "password" // with a show button
	KindPhone    Kind = "phone"
	KindSlot     Kind = "slot"   // no control: a place for a rendered part
	KindStatic   Kind = "static" // a value that cannot be changed here
)

// Field declares one input. Keys are message keys; everything a page says about
// a field is here, so that the form, its errors and its tests agree.
type Field struct {
	Name        string
	LabelKey    string
	Of          string // whose label it is, where several rows have the same: the summary of errors says it
	HintKey     string
	HintArgs    errs.Args
	Placeholder string // message key of an example, never the label
	Kind        Kind
	Options     []Option
	Blank       string // message key of the empty option of a select
	Optional    bool
	Width       int    // columns of twelve; 0 means twelve
	Prefix      string // message key shown inside, before the value
	Suffix      string // message key shown inside, after the value
	Max         int    // longest text, in characters
	Low, High   int    // bounds of a number
	Rows        int
	Accept      string
	Complete    string // autocomplete token; off when empty
	Missing     string // message key when a required value is missing
	Focus       bool   // the page starts here
	ReadOnly    bool
	Break       bool              // starts a new line of the grid
	Data        map[string]string // data-* attributes, for example hx-get
}

// Option is one value of a choice. Text wins over Key. Find holds more words the
// type-ahead looks at, for example pinyin initials.
type Option struct {
	Value string
	Key   string
	Text  string
	Sub   string
	Find  string
	Side  Side
	Group string
}

// offers reports whether a value is one of the options.
func (x Field) offers(value string) bool {
	return slices.ContainsFunc(x.Options, func(o Option) bool { return o.Value == value })
}

// missing is the sentence for an empty required value: it depends on whether
// one writes, picks or ticks.
func (x Field) missing() string {
	if x.Missing != "" {
		return x.Missing
	}
	switch x.Kind {
	case KindSelect, KindRadio, KindChecks, KindCombo:
		return "form.error.pick"
	case KindFile:
		return "form.error.file"
	case KindCheck:
		return "form.error.tick"
	}
	return "form.error.missing"
}

// Control is one field as the template sees it.
type Control struct {
	Field
	P     Speaker
	Value string
	Error string
	Echo  string
	Facts []Def
	Slot  template.HTML
	form  *Form
}

// At is the control of a field; a page that names an unknown one does not render.
func (f *Form) At(name string) (Control, error) {
	f.settle()
	i, ok := f.at[name]
	if !ok {
		return Control{}, fmt.Errorf("webui: form has no field %q", name)
	}
	x := findable(f.fields[i])
	c := Control{Field: x, P: f.P, Value: f.raw.Get(name), Facts: f.facts[name], Slot: f.slots[name], Echo: f.echoes[name], form: f}
	for _, e := range f.errors {
		if e.Path == name {
			c.Error = f.P.Say(e.Key, e.Args)
			break
		}
	}
	if x.ReadOnly { // nothing to begin with, and nothing to leave out
		c.Focus, c.Optional = false, false
	}
	if x.Kind == KindDate && c.Echo == "" && c.Value != "" {
		if d, err := clock.ParseSpelling(c.Value, f.Today); err == nil {
			c.Echo = f.P.DateWeekday(d)
		}
	}
	return c, nil
}

// findable lets the type-ahead find options by the pinyin of their text, where a
// page gave no words of its own: initials and whole syllables, every reading of
// the first character.
func findable(x Field) Field {
	if x.Kind != KindCombo {
		return x
	}
	x.Options = slices.Clone(x.Options)
	for i, o := range x.Options {
		if o.Find != "" || o.Text == "" {
			continue
		}
		var words []string
		for _, t := range match.Terms(o.Text) {
			if t.Kind == match.KindInitials || t.Kind == match.KindPinyin {
				words = append(words, t.Text)
			}
		}
		x.Options[i].Find = strings.Join(words, " ")
	}
	return x
}

// T is the sentence of a key.
func (c Control) T(key string, pairs ...any) string { return c.P.T(key, pairs...) }

// Compact reports whether the field stands in a filter bar.
func (c Control) Compact() bool { return c.form.Compact }

// ID is the id of the control, the target of the error summary.
func (c Control) ID() string { return "f-" + c.Name }

// Label is the label's text.
func (c Control) Label() string { return c.P.T(c.LabelKey) }

// Hint is the line below while there is nothing else to say.
func (c Control) Hint() string {
	if c.HintKey == "" {
		return ""
	}
	return c.P.Say(c.HintKey, c.HintArgs)
}

// Example is the placeholder.
func (c Control) Example() string {
	if c.Placeholder == "" {
		return ""
	}
	return c.P.T(c.Placeholder)
}

// Columns is the class of the field's width.
func (c Control) Columns() string {
	if c.Width < 1 || c.Width > 12 {
		return "w12"
	}
	return fmt.Sprintf("w%d", c.Width)
}

// Described names the line below for assistive technology.
func (c Control) Described() string { return c.ID() + "-line" }

// Group reports whether several inputs share the label, which is then a legend.
func (c Control) Group() bool { return c.Kind == KindRadio || c.Kind == KindChecks }

// Fixed reports whether a choice is only shown: a list and a box have no
// read-only state of their own in HTML.
func (c Control) Fixed() bool {
	return c.ReadOnly && (c.Group() || c.Kind == KindSelect || c.Kind == KindCombo || c.Kind == KindCheck)
}

// FixedText is what a choice that is only shown says.
func (c Control) FixedText() string {
	switch {
	case c.Kind == KindCheck && c.Value != "":
		return c.T("form.tick.yes")
	case c.Kind == KindCheck:
		return c.T("form.tick.no")
	case c.PickedText() == "":
		return "–"
	}
	return c.PickedText()
}

// Clearable reports whether the group has a choice of its own for "not answered":
// a radio button that was picked cannot be let go of otherwise.
func (c Control) Clearable() bool { return c.Kind == KindRadio && c.Optional && !c.offers("") }

// Today is the day relative spellings count from.
func (c Control) Today() string { return c.form.Today.String() }

// Picked reports whether an option is chosen.
func (c Control) Picked(value string) bool {
	if c.Kind == KindChecks {
		return slices.Contains(c.form.raw[c.Name], value)
	}
	return c.Value == value
}

// Say is an option's text.
func (c Control) Say(o Option) string {
	if o.Text != "" {
		return o.Text
	}
	return c.P.T(o.Key)
}

// PickedText is the text of the chosen option.
func (c Control) PickedText() string {
	for _, o := range c.Options {
		if o.Value == c.Value {
			return c.Say(o)
		}
	}
	return ""
}

// Problem is one line of the error summary.
type Problem struct{ Href, Text string }

// Problems are the noted errors in the order of the form; what belongs to no
// field comes first, without a link.
func (f *Form) Problems() []Problem {
	var out []Problem
	for _, e := range f.errors {
		if _, ok := f.at[e.Path]; !ok {
			out = append(out, Problem{Text: f.P.Say(e.Key, e.Args)})
		}
	}
	for _, x := range f.fields {
		for _, e := range f.errors {
			if e.Path == x.Name {
				label := f.P.T(x.LabelKey)
				if x.Of != "" {
					label = f.P.T("form.problem.of", "what", x.Of, "label", label)
				}
				out = append(out, Problem{Href: "#f-" + x.Name, Text: f.P.T("form.problem", "field", label, "problem", f.P.Say(e.Key, e.Args))})
			}
		}
	}
	return out
}

// Names lists the fields, for a form without sections.
func (f *Form) Names() []string {
	out := make([]string, len(f.fields))
	for i, x := range f.fields {
		out[i] = x.Name
	}
	return out
}

// T is the sentence of a key.
func (f *Form) T(key string, pairs ...any) string { return f.P.T(key, pairs...) }

// Blocks are the sections with their state.
func (f *Form) Blocks() []Block {
	f.settle()
	var out []Block
	for i, s := range f.Sections {
		b := Block{No: i + 1, Title: s.Text, Section: s, State: "open"}
		if b.Title == "" {
			b.Title = f.P.T(s.Key)
		}
		filled, want := 0, 0
		for _, name := range s.Fields {
			x := f.field(name)
			if f.errors.Has(name) {
				b.Errors++
			}
			if x.Kind == KindSlot || x.Kind == KindStatic {
				continue
			}
			if !x.Optional {
				want++
				if f.raw.Get(name) != "" {
					filled++
				}
			}
		}
		switch {
		case b.Errors > 0:
			b.State = "error"
		case want > 0 && filled == want:
			b.State = "done"
		case s.Optional:
			b.State = "optional"
		}
		b.Text = f.P.T("form.section."+b.State, "n", b.Errors)
		out = append(out, b)
	}
	return out
}

// Block is a section with its number and state: error, done, optional or open.
type Block struct {
	Section
	No     int
	Title  string
	State  string
	Errors int
	Text   string
}

// Tag is the state's tag in the progress list.
func (b Block) Tag() Tag {
	kind := map[string]string{"error": "error", "done": "ok"}[b.State]
	return Tag{Text: b.Text, Kind: kind, Icon: "none"}
}

// OptionGroup is a run of options under one head; options without a group come
// without one.
type OptionGroup struct {
	Label   string
	Options []Option
}

// Grouped are the options in runs of the same group.
func (c Control) Grouped() []OptionGroup {
	var out []OptionGroup
	for _, o := range c.Options {
		if n := len(out); n == 0 || out[n-1].Label != o.Group {
			out = append(out, OptionGroup{Label: o.Group})
		}
		out[len(out)-1].Options = append(out[len(out)-1].Options, o)
	}
	return out
}

// Chosen says which filters are set, for the one line of the phone.
func (f *Form) Chosen() string {
	var parts []string
	for _, x := range f.fields {
		c, err := f.At(x.Name)
		if err != nil || c.Value == "" {
			continue
		}
		text := c.PickedText()
		if text == "" {
			text = c.Value
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, f.P.T("list.separator"))
}
