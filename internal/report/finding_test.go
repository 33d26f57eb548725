package report_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/report"
)

// The finding ranks nobody: it names two whose intervals do not overlap, compares
// none of a handful of cases, and says no value, for a value comes with what it
// rests on.
func TestTheFindingOfEstimatesIsNoRanking(t *testing.T) {
	at := func(name string, v, low, high float64, cases int64) chart.Estimate {
		return chart.Estimate{Name: name, Value: v, Low: low, High: high, Cases: cases}
	}
	whole := func(v float64) string { return strconv.Itoa(int(v)) }
	none := math.NaN()
	for _, c := range []struct {
		items []chart.Estimate
		rates bool
		want  string
	}{
		{[]chart.Estimate{at("甲", 70, 40, 90, 20), at("乙", 30, 10, 50, 20)}, true, "2 处区间互有重叠，凭此图不能认为有差别"},
		{[]chart.Estimate{at("甲", 70, 51, 90, 20), at("乙", 30, 10, 50, 20)}, true, "乙低于甲，两者 95% 区间不重叠"},
		{[]chart.Estimate{at("甲", 70, 60, 90, 200), at("乙", 30, 10, 50, 200), at("丙", 20, 0, 90, 10)}, true, "乙低于甲，两者 95% 区间不重叠"},
		{[]chart.Estimate{at("甲", 0, 0, 97.5, 1), at("乙", 30, 20, 40, 90), at("丙", 32, 20, 45, 90)}, true, "例数满 10 的 2 处区间互有重叠，凭此图不能认为有差别"},
		{[]chart.Estimate{at("甲", 0, 0, 97.5, 1), at("乙", 30, 20, 40, 90)}, true, "例数满 10 的不足两处，不作比较"},
		{[]chart.Estimate{at("甲", 70, none, none, 20), at("乙", 30, 10, 50, 20)}, true, "2 处区间互有重叠，凭此图不能认为有差别"},
		{[]chart.Estimate{at("甲", 70, 51, 90, 20), at("乙", 30, 10, 50, 20)}, false, "2 处的中位数没有区间，凭此图不能认为有差别"},
		{[]chart.Estimate{at("甲", 90, 80, 95, 200), at("乙", 30, 10, 50, 20), at("丙", 3, 3, 3, 1)}, false, "2 处的中位数没有区间，凭此图不能认为有差别"},
		{[]chart.Estimate{at("甲", 70, 51, 90, 20), at("乙", 70.2, 10, 50, 20)}, false, "2 处相同"},
		{[]chart.Estimate{at("甲", 70, 51, 90, 2), at("乙", 30, 10, 50, 20)}, false, "例数满 10 的不足两处，不作比较"},
		{[]chart.Estimate{at("甲", 70.2, 51, 90, 20), at("乙", 70.4, 10, 50, 20)}, true, "2 处相同"},
	} {
		if got := report.Difference(speaker(t, i18n.Chinese), c.items, whole, c.rates); got != c.want {
			t.Errorf("%v: %q, not %q", c.items, got, c.want)
		}
	}
}

// A target says which side of it is good, and of what it is.
func TestATargetHasItsSignAndUnit(t *testing.T) {
	for id, want := range map[measure.ID]string{"joint.complication_90": "≤ 5%", "access.wait_days": "≤ 5 天", "cataract.good_618": "≥ 5%"} {
		d, _ := measure.ByID(id)
		if got := report.TargetText(speaker(t, i18n.Chinese), d, 5); got != want {
			t.Errorf("%s: %q, not %q", id, got, want)
		}
	}
}

// People read the true minus, and nothing below nothing.
func TestDecimalsHaveTheTrueMinus(t *testing.T) {
	for v, want := range map[float64]string{-14: "−14.0", -0.04: "0.0", 3: "3.0"} {
		if got := report.Decimal(v, 1); got != want || strings.Contains(got, "-") {
			t.Errorf("%v is written %q, not %q", v, got, want)
		}
	}
}

func TestATrendWithoutASignalSaysWhatItsLimitsRestOn(t *testing.T) {
	for _, c := range []struct {
		months, sparse int
		counts         bool
		title, note    string
	}{
		{5, 5, false, "有数据的月份 5 个", "满 6 个月才画控制限"},
		{48, 0, false, "48 个月无异常信号", "图"},
		{48, 9, false, "无异常信号；9 个月事件太少", "精确界限"},
		{48, 48, false, "48 个月无异常信号；每个月事件都太少，只用精确界限判断", "精确界限"},
		{48, 48, true, "只看是否超出控制限", "上限不低于精确界限"},
	} {
		title, note := report.Calm(speaker(t, i18n.Chinese), "图", c.months, c.sparse, c.counts)
		if !strings.Contains(title, c.title) || !strings.Contains(note, c.note) || strings.Count(title, strconv.Itoa(c.months)) > 1 {
			t.Errorf("%d months, %d of them sparse: %q, %q", c.months, c.sparse, title, note)
		}
	}
}
