package treatment

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
)

func TestAPlannedSecondSideIsUrgentFromItsDay(t *testing.T) {
	q := Queue{Today: clock.MustDate(2026, 11, 24)}
	for days, want := range map[int]Urgency{-10: Now, 0: Now, 1: Soon} {
		if got := q.judge(QueueItem{Task: TaskSecond, Due: q.Today.AddDays(days)}); got.Urgency != want {
			t.Errorf("due in %d days is urgency %d, want %d", days, got.Urgency, want)
		}
	}
	if got := q.judge(QueueItem{Task: TaskClose}); got.Urgency != Soon {
		t.Errorf("work without a day is urgency %d, want %d", got.Urgency, Soon)
	}
}
