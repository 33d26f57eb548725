package webui

import (
	"net/url"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// overtaken turns the refusal of a save that came second into the same form with
// the difference at each field: what was typed stays in its box, what the record
// holds now stands below it. Saving again saves on top of what is there now, and
// nothing was overwritten meanwhile.
//
// A form that holds no value of the record, because it adds to it or decides
// about it, stays as well: the page around it shows what the record holds now. A
// form that carries no version reports false.
func (f *Form) overtaken() bool {
	if !slices.ContainsFunc(f.hidden, func(h [2]string) bool { return h[0] == "version" }) {
		return false
	}
	now := *f
	now.raw, now.errors = f.stored, nil
	var differ errs.Fields
	for _, x := range f.fields {
		if !comparable(x.Kind) || !f.stored.Has(x.Name) || same(x, f.raw, f.stored) {
			continue
		}
		differ = append(differ, errs.Field{Path: x.Name, Key: "form.overtaken.field", Args: errs.Args{"value": now.said(x)}})
	}
	said := errs.Field{Key: "form.overtaken", Args: errs.Args{"n": len(differ)}}
	if len(differ) == 0 {
		said = errs.Field{Key: "form.overtaken.page"}
	}
	f.errors = append(errs.Fields{said}, append(differ, f.errors...)...)
	f.raw.Del("version") // the one the record has now
	f.raw.Del("_key")    // saving again is another act
	return true
}

// comparable leaves out what holds no value of the record.
func comparable(k Kind) bool { return k != KindFile && k != KindSlot && k != KindStatic }

// same compares two values of a field by what they mean, not by their spelling.
func same(x Field, typed, stored url.Values) bool {
	if x.Kind == KindChecks {
		a, b := slices.Clone(typed[x.Name]), slices.Clone(stored[x.Name])
		slices.Sort(a)
		slices.Sort(b)
		return slices.Equal(a, b)
	}
	a, b := strings.TrimSpace(typed.Get(x.Name)), strings.TrimSpace(stored.Get(x.Name))
	switch x.Kind {
	case KindDate:
		p, e1 := clock.ParseSpelling(a, clock.Date{})
		q, e2 := clock.ParseSpelling(b, clock.Date{})
		return a == b || e1 == nil && e2 == nil && p == q
	case KindMoney:
		p, e1 := money.Parse(a)
		q, e2 := money.Parse(b)
		return a == b || e1 == nil && e2 == nil && p == q
	case KindCheck:
		return (a == "") == (b == "")
	}
	return a == b
}

// said is the value of a field as the page says it.
func (f *Form) said(x Field) string {
	c, err := f.At(x.Name)
	if err != nil {
		return ""
	}
	text := c.PickedText()
	switch {
	case x.Kind == KindChecks:
		var picked []string
		for _, o := range x.Options {
			if c.Picked(o.Value) {
				picked = append(picked, c.Say(o))
			}
		}
		text = strings.Join(picked, f.P.T("list.separator"))
	case x.Kind == KindCheck && c.Value != "":
		text = f.P.T("form.overtaken.ticked")
	case text == "":
		text = c.Value
	}
	if text == "" {
		return f.P.T("form.overtaken.empty")
	}
	return text
}
