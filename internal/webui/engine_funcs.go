package webui

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"sort"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Part is what a part template sees: the frame of the page it stands on, for
// language and rights, and its own data.
type Part struct {
	Base
	X any
}

// helpers are the functions of every template. They are pure; what depends on
// the reader's language is a method of [Base].
func helpers() template.FuncMap {
	return template.FuncMap{
		"on":     func(v View, x any) Part { return Part{v.frame(), x} },
		"icon":   icon,
		"money":  func(f money.Fen) string { return f.String() },
		"minus":  func(f money.Fen) string { return (-f).String() },
		"iso":    func(d clock.Date) string { return d.String() },
		"maskid": MaskID,
		"maskno": MaskPhone,
		"attrs":  attributes,
		"lanes":  lanes,
		"solid":  solid,
		"add":    func(a, b int) int { return a + b },
		"sends":  func(bs []Button) bool { return slices.ContainsFunc(bs, Button.Sends) },
	}
}

// partFuncs are the helpers that render a part by name inside this page's set.
func (s *set) partFuncs() template.FuncMap {
	render := func(name string, data any) (template.HTML, error) {
		var buf bytes.Buffer
		if err := s.t.ExecuteTemplate(&buf, name, data); err != nil {
			return "", err
		}
		return template.HTML(buf.String()), nil // #nosec G203 -- made of constants and of what an escaping template wrote
	}
	return template.FuncMap{
		"field": func(f *Form, names ...string) (template.HTML, error) {
			var all template.HTML
			for _, name := range names {
				v, err := f.At(name)
				if err != nil {
					return "", err
				}
				part, err := render("field", v)
				if err != nil {
					return "", err
				}
				all += part
			}
			return all, nil
		},
	}
}

// icon draws a symbol of the sprite. It is decoration: the words beside it say
// the same, so assistive technology does not meet it.
func icon(name string, class ...string) template.HTML {
	extra := strings.Join(class, " ")
	if extra != "" {
		extra = " " + template.HTMLEscapeString(extra)
	}
	// #nosec G203 -- made of constants and of what an escaping template wrote
	return template.HTML(`<svg class="icon` + extra + `" width="18" height="18" aria-hidden="true" focusable="false"><use href="#i-` +
		template.HTMLEscapeString(name) + `"></use></svg>`)
}

// attributes writes a set of data-* attributes. Other names are refused: a page
// must not be able to put an event handler into a field by accident.
func attributes(m map[string]string) (template.HTMLAttr, error) {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, n := range names {
		if strings.Trim(n, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || n == "" {
			return "", fmt.Errorf("webui: attribute name %q", n)
		}
		fmt.Fprintf(&b, ` data-%s="%s"`, n, template.HTMLEscapeString(m[n]))
	}
	return template.HTMLAttr(b.String()), nil // #nosec G203 -- made of constants and of what an escaping template wrote
}

// MaskID shows an identity number by its last four characters, in the width of
// the full number, so that columns stay level and nothing else leaks.
func MaskID(tail string) string { return mask(tail, 18) }

// MaskPhone shows a telephone number by its last four digits.
func MaskPhone(tail string) string { return mask(tail, 11) }

// mask keeps at most four trailing characters, whatever the caller passes.
func mask(s string, width int) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	if len(r) > 4 {
		r = r[len(r)-4:]
	}
	return strings.Repeat("*", max(width-len(r), 0)) + string(r)
}
