package subject

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
)

// Kept is one kind of data a deletion does not touch, with how much of it there is
// and until when a law keeps it.
type Kept struct {
	Retention dataclass.Retention `json:"retention"`
	Rows      int                 `json:"rows"`
	Until     clock.Date          `json:"until,omitzero"` // zero: without end
}

// Why is the message key of the duty that keeps it.
func (k Kept) Why() string { return "subject.keep." + string(k.Retention) }

// Holdings is what is held of a person: rows by period, and the last days the
// periods are counted from.
type Holdings struct {
	Rows      map[dataclass.Retention]int
	Treated   bool       // there is a treatment, planned or done
	LastCare  clock.Date // the last discharge, operation or admission
	LastMoney clock.Date // the last settlement or transfer
}

// The periods in years; the sources stand with [dataclass.Record] and
// [dataclass.Accounts].
const (
	recordYears  = 30
	accountYears = 30
)

// Keeps is what the law keeps of a person who asks for deletion. Medical records
// are kept from the first treatment on, accounts from the first amount; where both
// are missing, only the log stays.
func (h Holdings) Keeps(today clock.Date) []Kept {
	var out []Kept
	money := h.Rows[dataclass.Accounts] > 0
	if h.Treated || money {
		from := h.LastCare
		if from.IsZero() {
			from = today
		}
		out = append(out, Kept{dataclass.Record, h.Rows[dataclass.Record], from.AddMonths(12 * recordYears)})
	}
	if money {
		from := h.LastMoney
		if from.IsZero() {
			from = today
		}
		out = append(out, Kept{dataclass.Accounts, h.Rows[dataclass.Accounts], clock.MustDate(from.Year()+accountYears, 12, 31)})
	}
	if n := h.Rows[dataclass.Forever]; n > 0 {
		out = append(out, Kept{Retention: dataclass.Forever, Rows: n})
	}
	if n := h.Rows[dataclass.Trail]; n > 0 {
		out = append(out, Kept{Retention: dataclass.Trail, Rows: n})
	}
	return out
}

// Whole reports whether a deletion leaves nothing that says who the person was.
func (h Holdings) Whole() bool { return !h.Treated && h.Rows[dataclass.Accounts] == 0 }
