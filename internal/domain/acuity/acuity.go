// Package acuity knows visual acuity: one stored value, whatever chart it was
// read from, and the words for what became of an eye.
//
// The value is the logarithm of the minimum angle of resolution (logMAR) in
// hundredths, or one of four signs below the chart. Decimal, Chinese five-point
// and Snellen readings are ways to write it down. Chart labels are rounded (the
// decimal line 0.3 is five-point 4.5, exactly logMAR 0.50 and not 0.52), so a
// label is looked up first and computed only when no chart has it. Signs are
// never averaged with numbers.
package acuity

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Value is an acuity in its one stored spelling: "L0.48" for logMAR 0.48, or a
// sign. The empty value was not measured.
type Value string

// The signs below the chart: counting fingers, hand motion, light perception,
// no light perception.
const (
	CountingFingers   Value = "CF"
	HandMotion        Value = "HM"
	LightPerception   Value = "LP"
	NoLightPerception Value = "NLP"
)

// Notation is how a reading was written down.
type Notation string

// The notations.
const (
	Decimal   Notation = "DECIMAL"    // 0.3
	FivePoint Notation = "FIVE_POINT" // 4.5, the standard logarithmic chart of China
	Snellen6  Notation = "SNELLEN_M"  // 6/18
	Snellen20 Notation = "SNELLEN_FT" // 20/60
	LogMAR    Notation = "LOGMAR"     // 0.48
)

// Notations lists them in the order of the form.
func Notations() []Notation { return []Notation{FivePoint, Decimal, Snellen6, Snellen20, LogMAR} }

// Label is the message key of the notation.
func (n Notation) Label() string { return "acuity.notation." + strings.ToLower(string(n)) }

// Correction says what the eye wore.
type Correction string

// The corrections.
const (
	Unaided    Correction = "UDVA"    // without glasses
	Presenting Correction = "PVA"     // as the person came in
	Best       Correction = "CDVA"    // best corrected
	Pinhole    Correction = "PINHOLE" // through a pinhole
)

// Corrections lists them in the order of the form.
func Corrections() []Correction { return []Correction{Presenting, Unaided, Best, Pinhole} }

// Label is the message key of the correction.
func (c Correction) Label() string { return "acuity.correction." + strings.ToLower(string(c)) }

// ErrSpelling is returned for text that is no acuity, ErrRange for a number
// outside of the scale it is written in.
var (
	ErrSpelling = errors.New("acuity: not a value of the scale")
	ErrRange    = errors.New("acuity: outside the scale")
)

// The range a logMAR value is stored in, in hundredths: 20/10 to beyond the
// chart. What is worse than 3.00 is a sign.
const (
	Lowest  = -30
	Highest = 300
)

// lines are the chart lines: decimal and five-point label in hundredths and the
// logMAR they stand for. The last three are lines of the Snellen chart that lie
// between those of the logarithmic chart.
func lines() [][3]int {
	return [][3]int{{200, 530, -30}, {150, 520, -20}, {120, 510, -10}, {100, 500, 0}, {80, 490, 10}, {60, 480, 20}, {50, 470, 30}, {40, 460, 40},
		{30, 450, 50}, {25, 440, 60}, {20, 430, 70}, {15, 420, 80}, {12, 410, 90}, {10, 400, 100}, {8, 390, 110}, {6, 380, 120}, {5, 370, 130},
		{4, 360, 140}, {3, 350, 150}, {2, 330, 170}, {1, 300, 200}, {67, 482, 18}, {33, 452, 48}, {17, 422, 78}}
}

// FromLogMAR is the value of a logMAR in hundredths.
func FromLogMAR(hundredths int) (Value, error) {
	if hundredths < Lowest || hundredths > Highest {
		return "", ErrRange
	}
	return Value("L" + fixed(hundredths)), nil
}

// LogMAR is the value in hundredths of logMAR; false for a sign or nothing.
func (v Value) LogMAR() (int, bool) {
	digits, ok := strings.CutPrefix(string(v), "L")
	if !ok {
		return 0, false
	}
	n, err := hundredths(digits)
	return n, err == nil && n >= Lowest && n <= Highest
}

// Sign reports whether v is one of the four signs.
func (v Value) Sign() bool {
	return v == CountingFingers || v == HandMotion || v == LightPerception || v == NoLightPerception
}

// Known reports whether v is in its stored spelling.
func (v Value) Known() bool {
	n, ok := v.LogMAR()
	return v == "" || v.Sign() || ok && string(v) == "L"+fixed(n)
}

// rank orders values from best to worst: numbers first, then the signs.
func (v Value) rank() int {
	switch v {
	case CountingFingers:
		return Highest + 1
	case HandMotion:
		return Highest + 2
	case LightPerception:
		return Highest + 3
	case NoLightPerception:
		return Highest + 4
	}
	n, _ := v.LogMAR()
	return n
}

// Worse reports whether v sees less than o; nothing is worse than a value that
// was not measured.
func (v Value) Worse(o Value) bool { return v != "" && o != "" && v.rank() > o.rank() }

// Decimal is the value as a decimal with at most two places: 0.33, or the label
// of the chart line. A sign is itself.
func (v Value) Decimal() string {
	n, ok := v.LogMAR()
	if !ok {
		return string(v)
	}
	for _, l := range lines() {
		if l[2] == n {
			return short(l[0])
		}
	}
	return short(max(1, int(math.Round(100*math.Pow(10, -float64(n)/100)))))
}

// FivePoint is the value on the five-point scale, 5 − logMAR; signs have their
// own numbers there (2, 1, 0), which are shown and never computed with.
func (v Value) FivePoint() string {
	switch v {
	case CountingFingers:
		return "3" // some charts subdivide by distance; without it only the whole number is said
	case HandMotion:
		return "2"
	case LightPerception:
		return "1"
	case NoLightPerception:
		return "0"
	}
	n, ok := v.LogMAR()
	switch {
	case !ok:
		return string(v)
	case n > 200: // below the last line of the chart, where 2, 1 and 0 mean something else
		return "<3.0"
	}
	text := fixed(500 - n)
	return strings.TrimSuffix(text, "0")
}

// Snellen is the value as a fraction of the distance: 6 for metres, 20 for feet.
func (v Value) Snellen(distance int) string {
	n, ok := v.LogMAR()
	if !ok {
		return string(v)
	}
	return strconv.Itoa(distance) + "/" + strconv.Itoa(int(math.Round(float64(distance)*math.Pow(10, float64(n)/100))))
}

// In is the value in a notation.
func (v Value) In(n Notation) string {
	switch n {
	case Decimal:
		return v.Decimal()
	case FivePoint:
		return v.FivePoint()
	case Snellen6:
		return v.Snellen(6)
	case Snellen20:
		return v.Snellen(20)
	}
	if x, ok := v.LogMAR(); ok {
		return fixed(x)
	}
	return string(v)
}

// fixed is hundredths as a decimal with two places.
func fixed(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// short is hundredths without a trailing nought, but never without a place.
func short(n int) string {
	text := fixed(n)
	if strings.HasSuffix(text, "0") {
		return text[:len(text)-1]
	}
	return text
}

// squeeze brings full-width forms to ASCII and drops all white space.
func squeeze(s string) string {
	s = strings.Join(strings.Fields(norm.NFKC.String(s)), "")
	return strings.ToUpper(strings.NewReplacer("−", "-", "—", "-", "–", "-").Replace(s))
}
