package history_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/history"
)

// FuzzHeader puts any table before the header finder: it must end, use a column
// for one field at most, and account for every row it reads.
func FuzzHeader(f *testing.F) {
	f.Add("站立行动台账\n序号,姓名,身份证号码,手术日期,手术名称,部位,总费用\n#1,甲,500199196001010039,2021-03-05,全膝关节置换术,左,#100", uint16(0x0110))
	f.Add("患者信息,,费用（万元）\n姓名,性别,总费用,自付\n甲,男,#1,#1\n合计,,#1", uint16(0x2001))
	f.Add("姓名,姓名,手术日期,手术日期,医院\n1,2,3,4,5\n,,,,\n同上,=,!#REF!,@44423,区医院", uint16(7))
	p := texts(f).Printer("zh-CN")
	f.Fuzz(func(t *testing.T, text string, shape uint16) {
		tb := tab{name: "表", date1904: shape&1 == 1}
		for line := range strings.SplitSeq(text, "\n") {
			tb.rows = append(tb.rows, strings.Split(line, ","))
		}
		if len(tb.rows) > 200 {
			return
		}
		first := 1 + int(shape>>1)%max(1, len(tb.rows))
		tb.merges = []history.Range{{FirstRow: first, LastRow: first + int(shape>>8)%4, FirstCol: int(shape>>4) % 3, LastCol: int(shape>>4)%3 + int(shape>>12)%3}}
		s := one(t, tb)
		for _, b := range s.Blocks {
			seen := map[history.Field]bool{}
			for _, c := range b.Columns {
				if c.Field != history.FieldNone && seen[c.Field] {
					t.Errorf("two columns for %s", c.Field)
				}
				seen[c.Field] = true
			}
		}
		rows := 0
		for _, tr := range s.Treatments {
			rows += len(tr.Procedures)
			if !slices.IsSorted(tr.Rows) || len(tr.Rows) != len(tr.Procedures) {
				t.Errorf("rows %v of %d procedures", tr.Rows, len(tr.Procedures))
			}
			if m := tr.Money; m.Known && m.Total != m.Payers()+m.Net {
				t.Errorf("a settlement that does not add up: %+v", m)
			}
		}
		if rows+s.Count(history.LevelError) != s.DataRows || rows != s.Procedures {
			t.Errorf("%d taken, %d refused, %d data rows", rows, s.Count(history.LevelError), s.DataRows)
		}
		for i, m := range s.Rows {
			if i > 0 && s.Rows[i-1].Row >= m.Row || m.Text(p) == "" || len(m.Issues) == 0 {
				t.Errorf("message %d: %+v", i, m)
			}
		}
	})
}
