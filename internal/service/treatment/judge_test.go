package treatment

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestAPlannedSecondSideIsUrgentFromItsDay(t *testing.T) {
	q := Queue{Today: clock.MustDate(2026, 11, 24)}
	for days, want := range map[int]Urgency{-10: Now, 0: Now, 1: Soon} {
		if got := q.judge(QueueItem{Task: TaskSecond, Due: q.Today.AddDays(days)}); got.Urgency != want {
			t.Errorf("due in %d days is urgency %d, want %d", days, got.Urgency, want)
		}
	}
	asked := QueueItem{Task: TaskSecond, Due: q.Today, Waiting: store.Waiting{Referred: true}}
	if got := q.judge(asked); got.Urgency != Soon {
		t.Errorf("a second side another hospital was asked for is urgency %d, want %d", got.Urgency, Soon)
	}
	if got := q.judge(QueueItem{Task: TaskClose}); got.Urgency != Soon {
		t.Errorf("work without a day is urgency %d, want %d", got.Urgency, Soon)
	}
}
