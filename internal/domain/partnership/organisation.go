// Package partnership holds the rules about who works together: organisations,
// the partnership (协作对) that pairs a donor region with a receiving region, its
// members with side and dates, and the pairings of two hospitals (院院结对).
package partnership

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Kind is what an organisation is.
type Kind string

// The kinds. Only a hospital has patients and can host a posting.
const (
	Hospital   Kind = "hospital"   // 医院
	Office     Kind = "office"     // 帮扶办
	Commission Kind = "commission" // 卫健委
	Other      Kind = "other"
)

// Kinds lists the kinds in the order of forms.
func Kinds() []Kind { return []Kind{Hospital, Office, Commission, Other} }

// Label is the message key of the kind's name.
func (k Kind) Label() errs.Key { return errs.Key("organisation.kind." + string(k)) }

// Organisation belongs to the platform; memberships bind it to partnerships. A
// provisional one was met in an old workbook and is still to be named or merged.
type Organisation struct {
	ID          ident.ID
	Code        string
	Name        string
	ShortName   string
	Kind        Kind
	RegionCode  string // six digits, or empty
	Provisional bool
	MergedInto  ident.ID // nil: not merged
	CreatedAt   time.Time
	Version     int64
}

// Label is the short name where there is one.
func (o Organisation) Label() string {
	if o.ShortName != "" {
		return o.ShortName
	}
	return o.Name
}

// Limits of texts, in characters.
const (
	maxCode  = 32
	MaxName  = 80
	maxShort = 24
)

// Normalise brings typed fields to the stored form.
func (o Organisation) Normalise() Organisation {
	o.Code = strings.ToUpper(strings.TrimSpace(o.Code))
	o.Name = strings.Join(strings.Fields(o.Name), " ")
	o.ShortName = strings.Join(strings.Fields(o.ShortName), " ")
	o.RegionCode = strings.TrimSpace(o.RegionCode)
	return o
}

// Check names every wrong field by its form name.
func (o Organisation) Check() error {
	var f errs.Fields
	checkCode(&f, "code", o.Code)
	checkText(&f, "name", o.Name, MaxName, true)
	checkText(&f, "short_name", o.ShortName, maxShort, false)
	known := false
	for _, k := range Kinds() {
		known = known || k == o.Kind
	}
	if !known {
		f.Add("kind", "form.error.pick")
	}
	checkRegion(&f, "region", o.RegionCode, false)
	return f.Err()
}

// CheckMerge refuses to merge what would lose or loop: only a provisional
// organisation goes into another one of the same kind that itself stands.
func CheckMerge(from, into Organisation) error {
	switch {
	case from.ID == into.ID:
		return errs.Refuse("organisation.merge", "error.organisation.merge_self", nil, "refusal.next.merge_other")
	case from.MergedInto != ident.Nil:
		return errs.Refuse("organisation.merge", "error.organisation.merged_already", nil, "refusal.next.merge_target")
	case !from.Provisional:
		return errs.Refuse("organisation.merge", "error.organisation.merge_real", nil, "refusal.next.merge_other")
	case into.MergedInto != ident.Nil || into.Provisional:
		return errs.Refuse("organisation.merge", "error.organisation.merge_target", nil, "remedy.organisation.merge_target")
	case from.Kind != into.Kind:
		return errs.Refuse("organisation.merge", "error.organisation.merge_kind", nil, "refusal.next.merge_other")
	}
	return nil
}

// checkCode takes letters, digits, dot, hyphen and underscore: codes stand in
// addresses, file names and command lines.
func checkCode(f *errs.Fields, path, code string) {
	switch {
	case code == "":
		f.Add(path, "form.error.missing")
	case utf8.RuneCountInString(code) > maxCode:
		f.Add(path, "form.error.long", "max", maxCode)
	case strings.Trim(strings.ToUpper(code), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != "":
		f.Add(path, "error.code.characters")
	}
}

func checkText(f *errs.Fields, path, text string, most int, required bool) {
	switch {
	case required && text == "":
		f.Add(path, "form.error.missing")
	case utf8.RuneCountInString(text) > most:
		f.Add(path, "form.error.long", "max", most)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) }):
		f.Add(path, "error.text.hidden")
	}
}

// checkRegion wants six digits; an unknown code is not refused, divisions change.
func checkRegion(f *errs.Fields, path, code string, required bool) {
	if code == "" && !required {
		return
	}
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		f.Add(path, "error.region.six_digits")
	}
}
