// Package patient holds who a person is and what one hospital keeps about them:
// identity documents, names, telephone numbers, the registration and the
// beneficiary categories, with the rules each must meet.
//
// Parsers return one errs.Error of kind Invalid whose only field has an empty
// path, so a form adds it with Fields.Merge("doc_number", err) and an import
// prints its Key. Warnings are errs.Fields that never refuse anything.
package patient

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Sex is the sex on the identity document.
type Sex string

// The sexes; SexUnknown is for records of the past that do not say.
const (
	Male       Sex = "M"
	Female     Sex = "F"
	SexUnknown Sex = ""
)

// Known reports whether s is male or female.
func (s Sex) Known() bool { return s == Male || s == Female }

// Key is the message key of the label.
func (s Sex) Key() string {
	if !s.Known() {
		return "sex.unknown"
	}
	return "sex." + string(s)
}

var sexWords = map[string]Sex{"男": Male, "男性": Male, "m": Male, "male": Male, "1": Male,
	"女": Female, "女性": Female, "f": Female, "female": Female, "2": Female,
	"未说明": SexUnknown, "不详": SexUnknown, "u": SexUnknown, "0": SexUnknown, "9": SexUnknown}

// ParseSex reads the words and the codes of GB/T 2261.1.
func ParseSex(text string) (Sex, error) {
	if s, ok := sexWords[strings.ToLower(strings.TrimSpace(norm.NFKC.String(text)))]; ok {
		return s, nil
	}
	return "", refuse("error.sex")
}

// refuse is an Invalid error that carries its sentence both as the error's own
// and as a field with an empty path.
func refuse(key string, pairs ...any) error {
	var f errs.Fields
	f.Add("", key, pairs...)
	return &errs.Error{Kind: errs.Invalid, Key: key, Args: f[0].Args, Fields: f}
}
