package glass_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	var keys []string
	for _, s := range glass.States() {
		keys = append(keys, s.Label())
	}
	for _, v := range glass.Verdicts() {
		keys = append(keys, v.Label())
	}
	i18ntest.Complete(t, keys)
}

func TestAnHourIsAnHour(t *testing.T) {
	at := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	b := glass.Breaking{OpenedAt: at, UntilAt: at.Add(glass.Window), DueAt: at.Add(glass.JudgeWithin)}
	for _, c := range []struct {
		after time.Duration
		state glass.State
		late  bool
	}{{-time.Second, glass.Waiting, false}, {0, glass.Open, false}, {glass.Window - 1, glass.Open, false}, {glass.Window, glass.Waiting, false}, {glass.JudgeWithin, glass.Waiting, false},
		{glass.JudgeWithin + 1, glass.Waiting, true}} {
		if now := at.Add(c.after); b.StateAt(now) != c.state || b.Overdue(now) != c.late {
			t.Errorf("after %s: %s, late %v", c.after, b.StateAt(now), b.Overdue(now))
		}
	}
	b.Verdict = glass.Justified
	if b.StateAt(at) != glass.Judged || b.Overdue(at.Add(1000*time.Hour)) {
		t.Error("what was judged is still waited for")
	}
}

func TestAReasonSaysSomething(t *testing.T) {
	for reason, ok := range map[string]bool{"": false, "抢救": false, "      ": false, "昏迷送诊抢救": true, strings.Repeat("长", glass.MaxReason): true, strings.Repeat("长", glass.MaxReason+1): false} {
		if err := glass.CheckReason(reason); (err == nil) != ok {
			t.Errorf("%.20q: %v", reason, err)
		}
	}
}

func TestARecordThatWasClosedIsNotSaidToHaveBeenOpenForTheHour(t *testing.T) {
	at := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	b := glass.Breaking{OpenedAt: at, UntilAt: at.Add(glass.Window)}
	if !b.EndsAt().Equal(b.UntilAt) {
		t.Errorf("open until %s", b.EndsAt())
	}
	b.ClosedAt = at.Add(5 * time.Minute)
	if !b.EndsAt().Equal(b.ClosedAt) || b.OpenAt(b.EndsAt()) {
		t.Errorf("closed, and open until %s", b.EndsAt())
	}
}
