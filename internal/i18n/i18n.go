// Package i18n turns message keys into sentences. The catalogues are JSON files
// in web/i18n/<language>/<room>.json, flat maps of key to text; Chinese is the
// source, English the full translation, and a test holds the two key sets equal.
//
// Placeholders are {name}. A key may have the form key#one beside key, used
// when Args["n"] is 1 in a language that tells one from many.
package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Lang is a language of the house.
type Lang string

// The languages; the first is the source.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// Langs lists the languages, the source first.
func Langs() []Lang { return []Lang{Chinese, English} }

// Catalogue holds all messages of all languages.
type Catalogue struct {
	texts map[Lang]map[string]string
}

// Load reads web/i18n: one folder per language, any number of JSON files. A key
// defined twice in one language is an error.
func Load(fsys fs.FS) (*Catalogue, error) {
	c := &Catalogue{texts: map[Lang]map[string]string{}}
	for _, lang := range Langs() {
		files, err := fs.Glob(fsys, path.Join(string(lang), "*.json"))
		if err != nil {
			return nil, err
		}
		texts := map[string]string{}
		for _, name := range files {
			raw, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil, err
			}
			var m map[string]string
			if err := json.Unmarshal(raw, &m); err != nil {
				return nil, fmt.Errorf("i18n: %s: %w", name, err)
			}
			for k, v := range m {
				if _, twice := texts[k]; twice {
					return nil, fmt.Errorf("i18n: %s: key %q is defined twice", name, k)
				}
				texts[k] = v
			}
		}
		c.texts[lang] = texts
	}
	return c, nil
}

// Keys lists the keys of a language, sorted.
func (c *Catalogue) Keys(lang Lang) []string {
	keys := make([]string, 0, len(c.texts[lang]))
	for k := range c.texts[lang] {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Has reports whether a language has the key.
func (c *Catalogue) Has(lang Lang, key string) bool { _, ok := c.texts[lang][key]; return ok }

// Raw is the message with its placeholders.
func (c *Catalogue) Raw(lang Lang, key string) string { return c.texts[lang][key] }

// Printer speaks one language. It is a small value, made per request.
type Printer struct {
	cat  *Catalogue
	lang Lang
}

// Printer returns the speaker of a language; an unknown one speaks Chinese.
func (c *Catalogue) Printer(lang Lang) Printer {
	if _, ok := c.texts[lang]; !ok {
		lang = Chinese
	}
	return Printer{c, lang}
}

// Lang is the language spoken.
func (p Printer) Lang() Lang { return p.lang }

// T is the sentence of a key; pairs are placeholder names and values. A missing
// key is shown as itself, so it is seen, and a test fails on it.
func (p Printer) T(key string, pairs ...any) string {
	var args errs.Args
	if len(pairs) > 0 {
		args = errs.Args{}
		for i := 0; i+1 < len(pairs); i += 2 {
			args[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
	}
	return p.Say(key, args)
}

// Has reports whether there is a text for key.
func (p Printer) Has(key string) bool { return p.cat != nil && p.cat.Has(p.lang, key) }

// Say is T with the arguments of an error.
func (p Printer) Say(key string, args errs.Args) string {
	if p.cat == nil {
		return key
	}
	texts := p.cat.texts[p.lang]
	text, ok := texts[key]
	if n, isInt := args["n"].(int); isInt && n == 1 {
		if one, has := texts[key+"#one"]; has {
			text, ok = one, true
		}
	}
	if !ok {
		return key
	}
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for name, v := range args {
		pairs = append(pairs, "{"+name+"}", p.value(v))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// value writes an argument in the language.
func (p Printer) value(v any) string {
	switch v := v.(type) {
	case errs.Key:
		return p.Say(string(v), nil)
	case []errs.Key:
		parts := make([]string, len(v))
		for i, k := range v {
			parts[i] = p.Say(string(k), nil)
		}
		return strings.Join(parts, p.Say("list.separator", nil))
	case money.Fen:
		return v.String()
	case clock.Date:
		return p.Date(v)
	default:
		return fmt.Sprint(v)
	}
}

// Date writes a day: 2026年11月23日 or 23 Nov 2026.
func (p Printer) Date(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	if p.lang == English {
		return d.UTC().Format("2 Jan 2006")
	}
	return fmt.Sprintf("%d年%d月%d日", d.Year(), d.Month(), d.Day())
}

// DateWeekday writes a day with its weekday, the echo under a date box.
func (p Printer) DateWeekday(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	if p.lang == English {
		return d.UTC().Format("Mon, 2 Jan 2006")
	}
	return p.Date(d) + " 周" + string([]rune("日一二三四五六")[d.Weekday()])
}

// Error is the sentence of an error, for people.
func (p Printer) Error(err error) string {
	e := errs.Of(err)
	if e.Key == "" {
		return p.Say("error."+e.Kind.String(), e.Args)
	}
	return p.Say(e.Key, e.Args)
}
