package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// RowPath names a question of a row: lesion2_segment is the segment of the
// second lesion.
func RowPath(i int, key string) string { return "lesion" + strconv.Itoa(i+1) + "_" + key }

// Canonical brings what was typed to the stored spelling, or says at the path
// why it cannot be: with the range of a number, with the codes of a choice.
// Empty answers are left out.
func (x Field) Canonical(typed []string, on clock.Date, path string, f *errs.Fields) []string {
	var out []string
	for _, text := range typed {
		text = strings.TrimSpace(norm.NFKC.String(text))
		if text == "" {
			continue
		}
		v, key, args := x.read(text, on)
		if key != "" {
			f.Add(path, key, args...)
			continue
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if len(out) > 1 && slices.Contains(out, None) {
		f.Add(path, "error.registry.none")
	}
	return out
}

func (x Field) read(text string, on clock.Date) (value, wrong string, args []any) {
	switch x.Type {
	case Choice, Choices:
		if !slices.Contains(x.Options, text) {
			return "", "error.registry.choice", []any{"value", text}
		}
	case Number:
		n, ok := scaled(text, x.Places)
		if !ok || n < x.Min || n > x.Max {
			return "", "error.registry.range", []any{"low", Fixed(x.Min, x.Places), "high", Fixed(x.Max, x.Places), "unit", x.Unit}
		}
		return Fixed(n, x.Places), "", nil
	case Moment:
		at, ok := ParseMoment(text, on)
		if !ok {
			return "", "error.registry.moment", nil
		}
		return at.Format(time.RFC3339), "", nil
	case Text:
		if len([]rune(text)) > x.Max {
			return "", "form.error.long", []any{"max", x.Max}
		}
	}
	return text, "", nil
}

// momentForms are the spellings of a moment with its day; a bare time belongs to
// the day of the operation.
func momentForms() []string {
	return []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006/1/2 15:04", "2006.1.2 15:04"}
}

// ParseMoment reads a time, with or without its day.
func ParseMoment(text string, on clock.Date) (time.Time, bool) {
	for _, form := range momentForms() {
		if at, err := time.ParseInLocation(form, text, clock.Shanghai); err == nil {
			return at.In(clock.Shanghai), true
		}
	}
	at, err := time.ParseInLocation("15:04", text, clock.Shanghai)
	if err != nil || on.IsZero() {
		return time.Time{}, false
	}
	return on.Start().Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute), true
}

// scaled reads a decimal into units of its last place, without a float.
func scaled(text string, places int) (int, bool) {
	digits, neg := strings.CutPrefix(strings.TrimPrefix(strings.ReplaceAll(text, "−", "-"), "+"), "-")
	whole, part, _ := strings.Cut(digits, ".")
	if len(part) > places && strings.Trim(part[places:], "0") != "" || whole == "" || len(whole) > 6 || strings.ContainsAny(whole+part, "+-") {
		return 0, false
	}
	n, err := strconv.Atoi(whole + (part + strings.Repeat("0", places))[:places])
	if neg {
		n = -n
	}
	return n, err == nil
}

// Fixed writes units of the last place as a decimal.
func Fixed(n, places int) string {
	if places == 0 {
		return strconv.Itoa(n)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	unit := 1
	for range places {
		unit *= 10
	}
	return fmt.Sprintf("%s%d.%0*d", sign, n/unit, places, n%unit)
}

// Read brings a whole sheet to its stored spelling. Rows that say nothing are
// left out; keys the form does not have are refused, because silence would look
// like storage.
func Read(f Form, typed Record, on clock.Date) (Record, errs.Fields) {
	var wrong errs.Fields
	out := Record{Values: Answers{}, Syndrome: typed.Syndrome}
	x := sheetReader{on, &wrong}
	x.read(out.Values, Fields(f), typed.Values, func(key string) string { return key })
	for i, row := range typed.Lesions {
		answers := Answers{}
		x.read(answers, RowFields(f), row, func(key string) string { return RowPath(i, key) })
		if len(answers) > 0 {
			out.Lesions = append(out.Lesions, answers)
		}
	}
	if len(out.Lesions) > MaxLesions {
		wrong.Add(RowPath(MaxLesions, "segment"), "error.registry.lesions", "max", MaxLesions)
	}
	return out, append(append(wrong, order(out)...), near(out, on)...)
}

// sheetReader reads the answers of a sheet about an operation of one day.
type sheetReader struct {
	on    clock.Date
	wrong *errs.Fields
}

func (r sheetReader) read(to Answers, fields []Field, typed Answers, path func(string) string) {
	keys := map[string]bool{}
	for _, x := range fields {
		keys[x.Key] = true
		if v := x.Canonical(typed[x.Key], r.on, path(x.Key), r.wrong); len(v) > 0 {
			to[x.Key] = v
		}
	}
	for key := range typed {
		if !keys[key] {
			r.wrong.Add(path(key), "error.registry.unknown", "key", key)
		}
	}
}

// At is a stored moment; false when it was not answered.
func (a Answers) At(key string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, a.One(key))
	return at.In(clock.Shanghai), err == nil
}

// Scaled is a stored number in units of its last place.
func (a Answers) Scaled(key string, places int) (int, bool) { return scaled(a.One(key), places) }

// order refuses a clock that runs backwards and an interval that is no interval:
// one of the two times is a slip, and the person at the form can see which.
func order(r Record) (f errs.Fields) {
	for _, x := range [][2]string{{"started_at", "ended_at"}, {"onset_at", "fmc_at"}, {"onset_at", "door_at"}, {"onset_at", "door_first_at"}, {"door_first_at", "door_at"},
		{"door_at", "wire_at"}, {"door_at", "access_at"}, {"access_at", "wire_at"}, {"wire_at", "timi3_at"}, {"wire_at", "device_at"}} {
		from, ok := r.Values.At(x[0])
		to, ok2 := r.Values.At(x[1])
		if ok && ok2 && to.Before(from) {
			f.Add(x[1], "error.registry.before", "at", from.Format("2006-01-02 15:04"))
		}
	}
	if d, ok := Interval(r, "door_at", "wire_at"); ok && d > maxDoorToWire {
		f.Add("wire_at", "error.registry.door_to_wire", "minutes", d)
	}
	if k1, ok := r.Values.Scaled("k1_d", 2); ok {
		if k2, ok := r.Values.Scaled("k2_d", 2); ok && (k2-k1 > 1500 || k1-k2 > 1500) {
			f.Add("k2_d", "error.registry.keratometry")
		}
	}
	return f
}

// near refuses a moment that is nowhere near the operation: a slip in the year.
// A session may run over midnight; symptoms may have begun a month before.
func near(r Record, on clock.Date) (f errs.Fields) {
	if on.IsZero() {
		return nil
	}
	for key, before := range map[string]int{"started_at": 1, "ended_at": 1, "onset_at": 30, "fmc_at": 30, "ecg_at": 30, "door_first_at": 30, "door_at": 30, "activation_at": 2, "access_at": 2,
		"wire_at": 2, "device_at": 2, "timi3_at": 2} {
		at, ok := r.Values.At(key)
		if day := clock.DateOf(at); ok && (day.Before(on.AddDays(-before)) || day.After(on.AddDays(1))) {
			f.Add(key, "error.registry.far", "on", on)
		}
	}
	return f
}

// maxDoorToWire is a day: a longer interval is a wrong date.
const maxDoorToWire = 1440

// Interval is the minutes between two moments.
func Interval(r Record, from, to string) (int, bool) {
	a, ok := r.Values.At(from)
	b, ok2 := r.Values.At(to)
	return int(b.Sub(a).Minutes()), ok && ok2
}
