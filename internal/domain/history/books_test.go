package history_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/money"
)

// totals is what a sheet adds up to.
type totals struct {
	Programme                         procedure.Programme
	Patients, PersonTimes, Procedures int
	Total, Insurance, Reduction, Net  money.Fen
}

func totalsOf(s *history.SheetResult) totals {
	return totals{s.Programme, s.Patients, s.PersonTimes, s.Procedures, s.TotalFen, s.InsuranceFen, s.ReductionFen, s.NetFen}
}

// workbook writes sheets with the library and interprets the file.
func workbook(t *testing.T, fill func(f *excelize.File)) *history.Book {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	path := filepath.Join(t.TempDir(), "book.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return interpretFile(t, path, history.Options{})
}

// put writes a row of values from column A.
func put(t *testing.T, f *excelize.File, sheet string, row int, values ...any) {
	t.Helper()
	if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", row), &values); err != nil {
		t.Fatal(err)
	}
}

func merge(t *testing.T, f *excelize.File, sheet string, ranges ...string) {
	t.Helper()
	for _, r := range ranges {
		from, to, _ := strings.Cut(r, ":")
		if err := f.MergeCell(sheet, from, to); err != nil {
			t.Fatal(err)
		}
	}
}

// Three header rows, other names in another order, amounts in 万元, a doctor
// whose column is called 姓名 too, merged fee cells of one admission.
func TestABookWithThreeHeaderRowsAndTenThousands(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		const s = "Sheet1"
		put(t, f, s, 1, "某县“健步行”髋膝关节救治对象花名册")
		put(t, f, s, 2, "制表单位：某县帮扶办", nil, nil, nil, nil, nil, nil, nil, "统计日期：2022年12月31日", nil, nil, "金额单位：万元")
		put(t, f, s, 3, "手术时间", "救治医院", "受助人", nil, nil, nil, "术者", nil, "救治项目", nil, "费用情况", nil, nil, nil, nil, "备注")
		put(t, f, s, 4, nil, nil, "姓名", "性别", "公民身份号码", "救助对象类别", "姓名", "是否支医", "术式", "左/右", "医疗总费用", "报销", nil, "东西部协作资金减免", "个人承担", nil)
		put(t, f, s, 5, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, "医保统筹", "大病", nil, nil, nil)
		merge(t, f, s, "A1:P1", "C3:F3", "G3:H3", "I3:J3", "K3:O3", "L4:M4", "A3:A5", "B3:B5", "P3:P5", "C4:C5", "D4:D5", "E4:E5", "F4:F5",
			"G4:G5", "H4:H5", "I4:I5", "J4:J5", "K4:K5", "N4:N5", "O4:O5")
		put(t, f, s, 6, "2021.3.5", "云岭区中医院", "测试甲", "男", citizen("19500101", 1), "特困", "专家甲", "是", "人工全膝关节置换术", "右", 4.000001, 2.5, 0.3, 1.1, 0.100001)
		put(t, f, s, 7, "2021.3.12", nil, nil, nil, nil, nil, "专家甲", "是", "人工全膝关节置换术", "左")
		merge(t, f, s, "B6:B7", "C6:C7", "D6:D7", "E6:E7", "F6:F7", "K6:K7", "L6:L7", "M6:M7", "N6:N7", "O6:O7")
		put(t, f, s, 8, "2021年4月1日", "云岭区中医院", "测试乙", "女", citizen("19450101", 2), "低保、残疾", "医师乙", "否", "股骨头置换术", "左侧", 3.5, 1.5, 0, 2, 0)
		put(t, f, s, 9, "总  计", nil, nil, nil, nil, nil, nil, nil, nil, nil, 7.500001, 4, 0.3, 3.1, 0.100001)
	})
	s := book.Sheets[0]
	want := totals{procedure.Joint, 2, 2, 3, 7500001, 4300000, 3100000, 100001}
	if d := cmp.Diff(want, totalsOf(s)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"9 skip totals"}, said(s)); d != "" {
		t.Error(d)
	}
	tr := s.Treatments[0]
	if tr.Procedures[0].Surgeon != "专家甲" || tr.Procedures[0].Visiting != history.VisitingYes || tr.Person.Name != "测试甲" ||
		tr.Money.ReductionFund != 1100000 || tr.Money.Critical != 300000 {
		t.Errorf("%+v %+v", tr, tr.Person)
	}
	if s.FilledOn != clock.MustDate(2022, 12, 31) || s.Blocks[0].HeaderFirst != 3 || s.Blocks[0].HeaderLast != 5 || len(s.Blocks[0].Unrecognised()) != 0 {
		t.Errorf("%v %+v", s.FilledOn, s.Blocks[0])
	}
}

// Two blocks of different programmes and columns below each other on one sheet.
func TestABookWithTwoBlocksOnOneSheet(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		const s = "Sheet1"
		put(t, f, s, 1, "2022年救治情况")
		put(t, f, s, 2, "一、白内障复明手术")
		put(t, f, s, 3, "编号", "患者姓名", "证件号码", "眼别", "手术方式", "手术时间", "医疗机构", "住院总费用（元）", "医保报销合计（元）", "医院减免（元）", "实际自付（元）")
		put(t, f, s, 4, 1, "测试甲", citizen("19500101", 1), "OD", "超声乳化+IOL植入", 44454, "云岭区中心医院", 7487.54, 6231.87, 1255.67, 0)
		put(t, f, s, 5, 2, "测试乙", citizen("19510101", 2), "左眼", "小切口白内障囊外摘除+人工晶体植入", "2022/1/9", "云岭区中心医院", "5,000", 4000, 1000, 0)
		put(t, f, s, 6, nil, "小计", nil, nil, nil, nil, nil, 12487.54)
		put(t, f, s, 8, "二、冠心病介入治疗")
		put(t, f, s, 9, "编号", "患者姓名", "证件号码", "介入时间", "手术名称", "病变血管", "支架数", "医疗费用", "统筹支付", "大病保险", "民政救助", "慈善救助", "减免", "自付")
		put(t, f, s, 10, 1, "测试丙", citizen("19520101", 3), "20220304", "冠脉造影+PCI", "LAD、RCA", 2, 50000, 30000, 1000, 2000, 500, 6500, 10000)
		put(t, f, s, 11, 2, "测试甲", citizen("19500101", 1), "20220305", "冠脉造影", "LAD", nil, 9000, 5000, 0, 1000, 0, 0, 3000)
	})
	s := book.Sheets[0]
	if d := cmp.Diff(totals{procedure.Cataract, 3, 4, 4, 7148754, 4923187, 875567, 1300000}, totalsOf(s)); d != "" {
		t.Error(d)
	}
	if len(s.Blocks) != 2 || s.Blocks[1].Programme != procedure.Coronary || s.OtherFen != 50000 {
		t.Errorf("blocks %+v, other %v", s.Blocks, s.OtherFen)
	}
	if d := cmp.Diff([]string{"6 skip totals", "7 skip blank", "8 skip remark"}, said(s)); d != "" {
		t.Error(d)
	}
	if p := s.Treatments[2].Procedures[0]; p.Kind != procedure.CAGPCI || p.Vessels != "LAD、RCA" || p.Stents != "2" {
		t.Errorf("%+v", p)
	}
}

// A CSV file in GB18030 as Excel saves it: merged cells have become blanks.
func TestABookInGB18030CSV(t *testing.T) {
	lines := []string{
		"贫困白内障患者免费救治项目台账,,,,,,,,,,",
		"填报单位：某区卫健委,,,填报日期：2023年5月31日,,,,,,单位：元,",
		"序号,患者信息,,,手术信息,,,,费用信息,,",
		",姓名,身份证号码,年龄,手术医院,手术日期,手术名称,部位,总费用,医保报销合计,减免金额",
		"1,测试甲," + citizen("19600101", 1) + ",63,云岭区中心医院,2021年9月14日,白内障超声乳化摘除+人工晶体植入术,右眼,\"7,487.54\",6231.87,1255.67",
		",,,,云岭区中心医院,2021-09-28,白内障超声乳化摘除+人工晶体植入术,左眼,5744.19,4632.68,1111.51",
		"",
		"2,\"测试\n乙\"," + citizen("19610101", 2) + ",62,云岭区中心医院,20211117,白内障超声乳化摘除+人工晶体植入术,双眼,100,0,100",
		"3,测试𠮷,5.00199E+17,62,云岭区中心医院,20211117,白内障超声乳化摘除+人工晶体植入术,左,100,0,100",
		"合计,,,,,,,,13431.73,,",
	}
	raw, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(strings.Join(lines, "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "白内障.csv")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s := interpretFile(t, path, history.Options{}).Sheets[0]
	if d := cmp.Diff(totals{procedure.Cataract, 1, 2, 2, 1323173, 1086455, 236718, 0}, totalsOf(s)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"7 skip blank", "8 error side_both", "9 error number_damaged", "10 skip totals"}, said(s)); d != "" {
		t.Error(d)
	}
	if s.Sheet != "白内障" {
		t.Errorf("sheet %q", s.Sheet)
	}
}

func TestFloatNoiseOfAFileIsNoPartOfAFen(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		const s = "Sheet1"
		put(t, f, s, 1, "姓名", "身份证号", "手术名称", "侧别", "手术日期", "医院", "总费用", "减免", "自付")
		put(t, f, s, 2, "测试甲", citizen("19600101", 3), "全膝关节置换术", "左", "2021-03-05", "云岭区医院")
		for cell, v := range map[string]string{"G2": "7487.5400000000009", "H2": "7.48E+3", "I2": "7.5399999999999991"} {
			if err := f.SetCellDefault(s, cell, v); err != nil {
				t.Fatal(err)
			}
		}
	})
	s := book.Sheets[0]
	if d := cmp.Diff(totals{procedure.Joint, 1, 1, 1, 748754, 0, 748000, 754}, totalsOf(s)); d != "" || len(said(s)) > 0 {
		t.Error(d, said(s))
	}
	if s.Normalised[history.ChangeNoise] != 3 {
		t.Errorf("%v", s.Normalised)
	}
}

func TestSheetsThatAreNoLedgerAreNamed(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 1, "填表说明")
		put(t, f, "Sheet1", 2, "1", "姓名一栏填写患者姓名")
		if _, err := f.NewSheet("空表"); err != nil {
			t.Fatal(err)
		}
	})
	for _, s := range book.Sheets {
		if len(s.Notes) != 1 || s.Notes[0].Key != "history.sheet.no_header" || len(s.Rows) != 0 {
			t.Errorf("%s: %v %v", s.Sheet, s.Notes, said(s))
		}
	}
}

func TestAPersonsMappingReplacesTheFinders(t *testing.T) {
	rows := [][]string{{"甲栏", "乙栏", "丙栏", "丁栏", "戊栏", "己栏"},
		{"测试甲", citizen("19600101", 3), "全膝关节置换术", "左", "2021-03-05", "#4"}}
	tb := tab{name: "旧表", rows: rows}
	if got := one(t, tb); got.Procedures != 0 {
		t.Fatalf("understood without help: %+v", got)
	}
	m := history.Mapping{Sheet: "旧表", HeaderFirst: 1}
	for i, f := range []history.Field{history.FieldName, history.FieldNumber, history.FieldOperation, history.FieldSide, history.FieldOperatedOn, history.FieldTotal} {
		m.Columns = append(m.Columns, history.Column{Index: i, Field: f, Unit: money.Wan})
	}
	s := interpret(t, history.Options{Mappings: []history.Mapping{m}}, tb).Sheets[0]
	if s.Procedures != 1 || s.TotalFen != 4_000_000 {
		t.Fatalf("%d procedures, %v: %v", s.Procedures, s.TotalFen, said(s))
	}
	// A saved mapping goes by the labels, whatever the tab is called.
	saved := s.Blocks[0]
	saved.Sheet = ""
	saved.HeaderFirst = 0
	auto := plain(good(1))
	bySig := one(t, auto).Blocks[0]
	bySig.Sheet = ""
	for i := range bySig.Columns {
		if bySig.Columns[i].Field == history.FieldNet {
			bySig.Columns[i].Field = history.FieldOther
		}
	}
	auto.name = "另一年"
	s = interpret(t, history.Options{Mappings: []history.Mapping{saved, bySig}}, auto).Sheets[0]
	if s.NetFen != 0 || s.OtherFen != 500_000 {
		t.Errorf("net %v, other %v", s.NetFen, s.OtherFen)
	}
}

func TestAPersonSaysHowFarAHeaderReaches(t *testing.T) {
	tb := plain(good(1), good(2))
	m := history.Mapping{Sheet: tb.name, HeaderFirst: 2, HeaderLast: 4, Columns: one(t, tb).Blocks[0].Columns}
	s := interpret(t, history.Options{Mappings: []history.Mapping{m}}, tb).Sheets[0]
	if s.Procedures != 1 || s.Blocks[0].HeaderFirst != 2 || s.Blocks[0].HeaderLast != 4 {
		t.Errorf("%d procedures below %+v", s.Procedures, s.Blocks[0])
	}
}

func TestTablesSideBySideAreRefused(t *testing.T) {
	half := []string{"姓名", "身份证号", "手术名称", "侧别", "手术日期"}
	s := one(t, tab{name: "膝", rows: [][]string{append(append([]string{}, half...), half...)}})
	if len(s.Notes) == 0 || s.Notes[0].Key != "history.sheet.side_by_side" {
		t.Errorf("%v", s.Notes)
	}
}

func TestARepeatedHeaderContinuesTheBlock(t *testing.T) {
	head := plain().rows[2]
	s := one(t, plain(good(1), head, good(2)))
	if s.Procedures != 2 || len(said(s)) != 0 {
		t.Errorf("%d procedures: %v", s.Procedures, said(s))
	}
}

func TestLabelsOfManyOfficesAreRecognised(t *testing.T) {
	for text, want := range map[string]history.Field{
		"＊姓  名": history.FieldName, "身份证\n号码": history.FieldNumber, "总费用（元）": history.FieldTotal, "医疗费用总额(万元)": history.FieldTotal,
		"手术日期（年月日）": history.FieldOperatedOn, "住院号/病案号": history.FieldAdmissionNo, "基本医疗保险统筹基金支付": history.FieldBasic,
		"城乡居民大病保险赔付": history.FieldCritical, "民政部门医疗救助金额": history.FieldAssistance, "山东省财政援助资金减免": history.FieldReductionFund,
		"医院减免金额": history.FieldReductionHospital, "患者个人实际支付金额": history.FieldNet, "支医专家姓名": history.FieldVisitingDoctor,
		"专家所在医院": history.FieldVisitingHospital, "是否由支医专家主刀": history.FieldVisiting, "主刀医师姓名": history.FieldSurgeon,
		"困难群众类别": history.FieldCategory, "救助对象身份类别": history.FieldCategory, "减免后自付": history.FieldNet, "监护人姓名": history.FieldNone,
		"医院电话": history.FieldHospital, "手术眼别": history.FieldSide, "8.联系电话": history.FieldPhone, "床位费": history.FieldNone,
	} {
		head := []string{"姓名", "手术日期", "手术名称"}
		if want == history.FieldName || want == history.FieldOperatedOn {
			head = []string{"身份证", "入院日期", "术式"}
		}
		s := one(t, tab{name: "膝", rows: [][]string{append(head, text), {"#1"}}})
		if len(s.Blocks) != 1 {
			t.Errorf("%q: no header", text)
			continue
		}
		if got := s.Blocks[0].Columns[3].Field; got != want {
			t.Errorf("%q is taken for %q, want %q", text, got, want)
		}
	}
}

func TestColumnLettersAndFieldCodes(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA"} {
		if got := (history.Column{Index: i}).Letter(); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
	for _, f := range history.Fields() {
		text, err := f.MarshalText()
		if err != nil || len(text) == 0 {
			t.Errorf("%d: %q %v", f, text, err)
		}
		var back history.Field
		if err := back.UnmarshalText(text); err != nil || back != f {
			t.Errorf("%s comes back as %s: %v", f, back, err)
		}
	}
	var f history.Field
	if f.UnmarshalText([]byte("nonsense")) == nil {
		t.Error("nonsense is a field")
	}
}

func TestEveryMessageHasItsSentence(t *testing.T) {
	cat := texts(t)
	var keys []string
	for _, f := range history.Fields() {
		keys = append(keys, f.Key())
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for part := range bytes.SplitSeq(raw, []byte(`"`)) {
			if s := string(part); strings.HasPrefix(s, "history.") && !strings.HasSuffix(s, ".") && !strings.ContainsAny(s, " \n") {
				keys = append(keys, s)
			}
		}
		// What is warned about may be common to a sheet.
		for _, call := range []string{"warn(\"", "once(\"", "missing(\"", "say(LevelWarning, \"", "Issue{LevelWarning, \""} {
			for _, part := range strings.Split(string(raw), call)[1:] {
				key, _, _ := strings.Cut(part, `"`)
				keys = append(keys, key+".common")
			}
		}
	}
	for _, c := range []history.Change{history.ChangeWidth, history.ChangeSpace, history.ChangeCase, history.ChangeDate, history.ChangeAmount,
		history.ChangeNoise, history.ChangeHospital, history.ChangeCategory, history.ChangeOperation, history.ChangeCarried} {
		keys = append(keys, "history.change."+string(c))
	}
	if len(keys) < 100 {
		t.Fatalf("only %d keys found", len(keys))
	}
	for _, key := range keys {
		if !cat.Has("zh-CN", key) || !cat.Has("en", key) {
			t.Errorf("no sentence for %s", key)
		}
	}
	for _, key := range cat.Keys("zh-CN") {
		if !cat.Has("en", key) {
			t.Errorf("no English for %s", key)
		}
	}
}
