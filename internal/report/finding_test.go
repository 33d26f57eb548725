package report_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/report"
)

// The finding names the lowest and the highest and says whether their intervals
// overlap; it says no value, for a value comes with what it rests on.
func TestExtremesSayNoValue(t *testing.T) {
	at := func(name string, v, low, high float64) chart.Estimate {
		return chart.Estimate{Name: name, Value: v, Low: low, High: high}
	}
	whole := func(v float64) string { return strconv.Itoa(int(v)) }
	for _, c := range []struct {
		items []chart.Estimate
		rates bool
		want  string
	}{
		{[]chart.Estimate{at("甲", 70, 40, 90), at("乙", 30, 10, 50)}, true, "乙最低，甲最高，两者区间重叠"},
		{[]chart.Estimate{at("甲", 70, 50, 90), at("乙", 30, 10, 50), at("丙", 60, 0, 100)}, true, "乙最低，甲最高，两者区间重叠"},
		{[]chart.Estimate{at("甲", 70, 51, 90), at("乙", 30, 10, 50)}, true, "乙最低，甲最高，两者区间不重叠"},
		{[]chart.Estimate{at("甲", 70, math.NaN(), math.NaN()), at("乙", 30, 10, 50)}, true, "乙最低，甲最高"},
		{[]chart.Estimate{at("甲", 70, 51, 90), at("乙", 30, 10, 50)}, false, "乙最低，甲最高"},
		{[]chart.Estimate{at("甲", 70.2, 51, 90), at("乙", 70.4, 10, 50)}, true, "2 处相同"},
	} {
		if got := report.Extremes(speaker(t, i18n.Chinese), c.items, whole, c.rates); got != c.want {
			t.Errorf("%v: %q, not %q", c.items, got, c.want)
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
