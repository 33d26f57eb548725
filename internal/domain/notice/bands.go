package notice

import (
	"strconv"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Bands are the upper ends of the bands of amounts, rising: an amount that equals
// an end belongs to the band below it. What is above the last end is a band of
// its own.
type Bands []money.Fen

// mostBands bounds how finely amounts may be told apart in public.
const mostBands = 8

// Of is the band of an amount.
func (b Bands) Of(amount money.Fen) int {
	for i, end := range b {
		if amount <= end {
			return i
		}
	}
	return len(b)
}

// Ends are the two ends of a band; zero is none.
func (b Bands) Ends(i int) (low, high money.Fen) {
	if i > 0 && i <= len(b) {
		low = b[i-1]
	}
	if i >= 0 && i < len(b) {
		high = b[i]
	}
	return low, high
}

// Rules are the partnership's own settings of notices.
type Rules struct {
	Bands   Bands
	Office  string // where to object: address and telephone of the office
	Sample  bool   // nobody of the partnership has set them yet
	Version int64
}

// SampleRules are what a partnership starts with. Without an office nothing can
// be published.
func SampleRules() Rules {
	return Rules{Bands: Bands{5_000 * money.Yuan, 10_000 * money.Yuan, 20_000 * money.Yuan, 30_000 * money.Yuan}, Sample: true}
}

const maxOffice = 200

// Validate names every setting that cannot be.
func (r Rules) Validate() error {
	var f errs.Fields
	switch {
	case len(r.Bands) == 0:
		f.Add("bands.0", "form.error.missing")
	case len(r.Bands) > mostBands:
		f.Add("bands.0", "error.notice.many_bands", "max", mostBands)
	}
	for i, end := range r.Bands {
		if end <= 0 || end > money.Max || i > 0 && end <= r.Bands[i-1] {
			f.Add("bands."+strconv.Itoa(i), "error.notice.band")
		}
	}
	switch n := len([]rune(r.Office)); {
	case n == 0:
		f.Add("office", "form.error.missing")
	case n > maxOffice:
		f.Add("office", "form.error.long", "max", maxOffice)
	}
	return f.Err()
}
