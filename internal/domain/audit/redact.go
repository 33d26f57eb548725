package audit

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// hidden stands in place of a removed value.
const hidden = "***"

// Changed is the detail of an edit: the names of the fields, sorted. A save
// without any change has an empty list.
func Changed(fields ...string) map[string]any {
	names := append([]string{}, fields...)
	slices.Sort(names)
	return map[string]any{"changed": slices.Compact(names)}
}

// personalNames are detail names that ask for a personal value; the name alone
// belongs under "changed".
func personalNames() []string {
	return []string{"name", "full_name", "display_name", "document", "document_number", "number", "identity", "phone", "mobile",
		"address", "birth", "birth_date", "diagnosis", "password", "token", "secret"}
}

// Redact returns a copy of a detail without personal values: what stands under
// a personal name is hidden, and long runs of digits keep their last four. A
// person's name inside a free text cannot be recognised, so free text does not
// belong into a detail at all.
func Redact(detail map[string]any) map[string]any {
	out := make(map[string]any, len(detail))
	for name, v := range detail {
		if slices.Contains(personalNames(), strings.ToLower(name)) {
			out[name] = hidden
			continue
		}
		out[name] = redactValue(v)
	}
	return out
}

func redactValue(v any) any {
	switch v := v.(type) {
	case string:
		return maskDigits(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = maskDigits(s)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = redactValue(x)
		}
		return out
	case map[string]any:
		return Redact(v)
	}
	return v
}

// longRun is the shortest run of digits that may be a phone or identity number;
// dates, amounts in text and codes are shorter.
const longRun = 11

// maskDigits hides all but the last four of each long run of digits (full-width
// ones too, with the X of a check digit). Ids of rows are left alone.
func maskDigits(s string) string {
	if _, err := ident.Parse(s); err == nil {
		return s
	}
	rs := []rune(s)
	for i := 0; i < len(rs); {
		j := i
		for j < len(rs) && (unicode.IsDigit(rs[j]) || j > i && (rs[j] == 'x' || rs[j] == 'X')) {
			j++
		}
		if j-i >= longRun {
			for k := i; k < j-4; k++ {
				rs[k] = '*'
			}
		}
		i = max(j, i+1)
	}
	return string(rs)
}

// personal names the first entry Redact would change, or is empty.
func personal(detail map[string]any) string {
	names := make([]string, 0, len(detail))
	for name := range detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		one := map[string]any{name: detail[name]}
		if canonicalDetail(Redact(one)) != canonicalDetail(one) {
			return name
		}
	}
	return ""
}

// Summary writes a detail for people who read the log: name and value, in the
// order of the names.
func Summary(detail map[string]any) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name + ": ")
		raw, err := json.Marshal(detail[name])
		if err != nil {
			continue // what was stored can be written again
		}
		b.WriteString(strings.Trim(string(raw), `"[]`))
	}
	return strings.ReplaceAll(b.String(), `","`, ", ")
}
