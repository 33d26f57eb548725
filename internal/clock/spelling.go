package clock

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// ErrSpelling is returned when the text is not one of the known spellings, as
// opposed to ErrNoSuchDay for a well-written day that does not exist.
var ErrSpelling = errors.New("not a date spelling")

var (
	fullDate  = regexp.MustCompile(`^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$`)
	plainDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	shortDate = regexp.MustCompile(`^(\d{1,2})[-./月](\d{1,2})日?$`)
	daysBack  = regexp.MustCompile(`^[-−](\d{1,3})$`)
)

var relative = map[string]int{"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "前天": -2, "明天": 1,
	"today": 0, "yesterday": -1, "tomorrow": 1}

// ParseSpelling reads a day as people type it: 2026-11-23, 2026.11.23,
// 2026/11/23, 2026年11月23日, 20261123, 11-23 (this year), 今天, 昨天, -3
// (three days ago). Full-width digits and inner spaces are accepted.
func ParseSpelling(text string, today Date) (Date, error) {
	s := strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(text)), ""))
	if n, ok := relative[s]; ok {
		return today.AddDays(n), nil
	}
	if m := fullDate.FindStringSubmatch(s); m != nil {
		return NewDate(number(m[1]), number(m[2]), number(m[3]))
	}
	if m := plainDate.FindStringSubmatch(s); m != nil {
		return NewDate(number(m[1]), number(m[2]), number(m[3]))
	}
	if m := shortDate.FindStringSubmatch(s); m != nil {
		return NewDate(today.Year(), number(m[1]), number(m[2]))
	}
	if m := daysBack.FindStringSubmatch(s); m != nil {
		return today.AddDays(-number(m[1])), nil
	}
	return Date{}, ErrSpelling
}

// number reads digits the expressions above have already checked.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// ExcelSerial is the day of a spreadsheet's serial number (1900 system, whose
// invented 29 February 1900 shifts all later days by one).
func ExcelSerial(n int) (Date, error) {
	if n < 61 || n > 2958465 {
		return Date{}, ErrNoSuchDay
	}
	return DateOf(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)), nil
}
