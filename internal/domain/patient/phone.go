package patient

import (
	"regexp"
	"strings"
)

var (
	areaCode  = regexp.MustCompile(`^0(?:10|2\d|[3-9]\d{2})`)
	extension = regexp.MustCompile(`(?:转|EXT\.?|#)(\d{1,6})$`)
	callCode  = regexp.MustCompile(`^(?:\+|00)86`)
)

// ParsePhone reads a mobile number (13900000000) or a landline number with its
// area code (023-79200000, optionally with an extension) and returns the
// canonical form. Full-width digits, spaces, hyphens, brackets and +86 are
// accepted. Errors say by how many digits a number is short or long.
func ParsePhone(text string) (string, error) {
	s := strings.NewReplacer("(", "", ")", "").Replace(FoldNumber(text))
	if s == "" {
		return "", refuse("error.phone.required")
	}
	if scientific.MatchString(s) {
		return "", refuse("error.phone.damaged_by_excel")
	}
	if strings.ContainsAny(s, "/、,;，；") {
		return "", refuse("error.phone.several")
	}
	s = callCode.ReplaceAllString(s, "")
	if len(s) == 13 && strings.HasPrefix(s, "861") {
		s = s[2:]
	}
	ext := ""
	if m := extension.FindStringSubmatch(s); m != nil {
		s, ext = strings.TrimSuffix(s, m[0]), "-"+m[1]
	}
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return "", refuse("error.phone.characters")
	}
	if s[0] == '1' {
		return mobile(s, ext)
	}
	return landline(s, ext)
}

func mobile(s, ext string) (string, error) {
	switch {
	case ext != "":
		return "", refuse("error.phone.characters")
	case len(s) < 11:
		return "", refuse("error.phone.mobile_short", "n", 11-len(s))
	case len(s) > 11:
		return "", refuse("error.phone.mobile_long", "n", len(s)-11)
	}
	return s, nil
}

// landline: area codes of three digits are 010 and 02x, all others have four.
func landline(s, ext string) (string, error) {
	if s[0] != '0' {
		return "", refuse("error.phone.area_code")
	}
	area := areaCode.FindString(s)
	if area == "" {
		return "", refuse("error.phone.area_code")
	}
	local := s[len(area):]
	switch {
	case len(local) < 7:
		return "", refuse("error.phone.landline_short", "n", 7-len(local))
	case len(local) > 8:
		return "", refuse("error.phone.landline_long", "n", len(local)-8)
	}
	return area + "-" + local + ext, nil
}
