package measure

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// ErrBare is returned for a kept rate without its denominator or interval.
var ErrBare = errors.New("measure: a rate without denominator and interval")

// UnmarshalJSON reads a reading back as it was written, for a report that shall
// say tomorrow what it says today. What a rate may not be shown without has to be
// there: this is no second way to make one.
func (r *Reading) UnmarshalJSON(raw []byte) error {
	var in readingJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	d, known := ByID(in.ID)
	if !known {
		return fmt.Errorf("measure: %q is not known any more", in.ID)
	}
	d.Version, d.MinFollow = in.Version, in.MinFollow
	lock, err := clock.ParseDate(in.Lock)
	if err != nil {
		return err
	}
	*r = Reading{def: d, state: in.State, excluded: in.Excluded, at: Moment{AsOf: in.AsOf, Lock: lock}, coverage: Coverage{Hidden: in.Coverage == nil}}
	if in.Coverage != nil {
		r.coverage = *in.Coverage
	}
	if in.N != nil {
		r.n = *in.N
	}
	if in.Value != nil {
		r.value = statistics.Of(*in.Value)
	}
	if len(r.excluded) == 0 {
		r.excluded = nil
	}
	if in.State != Measured {
		r.unread(in)
		return nil
	}
	switch {
	case in.Value == nil:
		return ErrBare
	case d.Rate():
		if in.Numerator == nil || in.Denominator == nil || in.Interval == nil {
			return ErrBare
		}
		r.unread(in)
		r.fraction.interval = statistics.Interval{Low: in.Interval.Low, High: in.Interval.High, Level: in.Interval.Level, Method: statistics.Method(in.Interval.Method)}
	case d.Kind == Median:
		if in.Quartiles == nil {
			return ErrBare
		}
		r.quarters = statistics.Spread{Median: r.value, Q1: statistics.Of(in.Quartiles[0]), Q3: statistics.Of(in.Quartiles[1])}
	default:
		r.whole = int64(math.Round(*in.Value * math.Pow10(d.Decimals)))
	}
	return nil
}

// unread puts back what stands over and under the line.
func (r *Reading) unread(in readingJSON) {
	if in.Numerator != nil && in.Denominator != nil {
		r.fraction.events, r.fraction.of = *in.Numerator, *in.Denominator
	}
	if in.Exposure != nil {
		r.fraction.exposure = int64(math.Round(*in.Exposure * yearDays))
	}
}
