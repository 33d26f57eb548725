package fund

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
)

// PaceDays is over how many days back the pace of a fund is measured.
const PaceDays = 90

// RunsDry is the first day on which a fund is empty when money leaves it at the
// pace of the last days; false when none left, or when it lasts for more than ten
// years. It is an extrapolation, not a plan.
func RunsDry(available, spent money.Fen, days int, today clock.Date) (clock.Date, bool) {
	if spent <= 0 || days <= 0 || available < 0 {
		return clock.Date{}, false
	}
	if int64(available) > int64(spent)*3650/int64(days) {
		return clock.Date{}, false
	}
	return today.AddDays(int(int64(available) * int64(days) / int64(spent))), true
}

// Ages are the bounds, in days, of the groups in which reservations are counted.
func Ages() []int { return []int{30, 60, 90} }
