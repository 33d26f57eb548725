package history_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

// rowOne interprets one changed row among good ones and returns what is said
// about it.
func rowOne(t *testing.T, changes ...any) []string {
	t.Helper()
	rows := [][]string{good(1, changes...)}
	for n := 2; n <= 12; n++ {
		rows = append(rows, good(n))
	}
	return said(one(t, plain(rows...)))
}

func TestGoodRowsAreTakenWithoutAWord(t *testing.T) {
	s := one(t, plain(good(1), good(2), good(3)))
	if got := said(s); len(got) > 0 || len(s.Notes) > 0 {
		t.Errorf("said %v %v", got, s.Notes)
	}
	if s.Patients != 3 || s.PersonTimes != 3 || s.Procedures != 3 {
		t.Errorf("%d patients, %d person-times, %d procedures", s.Patients, s.PersonTimes, s.Procedures)
	}
	if s.TotalFen != 12_000_000 || s.InsuranceFen != 7_500_000 || s.ReductionFen != 3_000_000 || s.NetFen != 1_500_000 {
		t.Errorf("sums %v %v %v %v", s.TotalFen, s.InsuranceFen, s.ReductionFen, s.NetFen)
	}
	if s.Programme != procedure.Joint || s.FilledOn != clock.MustDate(2023, 5, 31) || s.Title != "站立行动台账" {
		t.Errorf("head %q %v %v", s.Title, s.Programme, s.FilledOn)
	}
}

func TestEachRuleSpeaksForItself(t *testing.T) {
	woman := citizen("19600101", 4)
	for _, c := range []struct {
		name    string
		changes []any
		want    string
	}{
		{"check digit", []any{colNumber, "500199196001010011"}, "4 error number_check_digit"},
		{"damaged by Excel as text", []any{colNumber, "5.00199E+17"}, "4 error number_damaged"},
		{"damaged by Excel as number", []any{colNumber, "#500199196001010000"}, "4 error number_damaged"},
		{"too short", []any{colNumber, "50019919600101003"}, "4 error number_too_short"},
		{"too long", []any{colNumber, "5001991960010100377"}, "4 error number_too_long"},
		{"birth date inside", []any{colNumber, "500199196013010039"}, "4 error number_birth"},
		{"letters", []any{colNumber, "身份证丢失待补"}, "4 error number_unreadable"},
		{"passport", []any{colNumber, "E12345678"}, "4 warning other_document"},
		{"no number", []any{colNumber, ""}, "4 warning number_missing"},
		{"number says none", []any{colNumber, "无"}, "4 warning number_missing"},
		{"no name", []any{colName, ""}, "4 error name_missing"},
		{"sex against number", []any{colNumber, woman}, "4 warning sex_differs"},
		{"sex unreadable", []any{colSex, "南"}, "4 warning sex_unreadable"},
		{"name as long as one can be", []any{colName, strings.Repeat("长", 64)}, ""},
		{"name longer than one can be", []any{colName, strings.Repeat("长", 65)}, "4 warning text_long"},
		{"admission number longer than one can be", []any{colAdmission, strings.Repeat("1", 61)}, "4 warning text_long"},
		{"age", []any{colAge, "#61"}, "4 warning age_differs"},
		{"age within a year below", []any{colAge, "#62"}, ""},
		{"age within a year above", []any{colAge, "64岁"}, ""},
		{"day not in the calendar", []any{colDay, "2022-02-30"}, "4 error date_impossible"},
		{"day not readable", []any{colDay, "去年春天"}, "4 error date_unreadable"},
		{"day not relative", []any{colDay, "昨天"}, "4 error date_unreadable"},
		{"day in the future", []any{colDay, "2026-12-01"}, "4 error date_future"},
		{"day too early", []any{colDay, "@2022"}, "4 error date_unreadable"},
		{"day before the programme", []any{colDay, "1962-02-03"}, "4 error date_too_early"},
		{"day before birth", []any{colDay, "1991-02-03", colNumber, citizen("19920101", 3), colAge, "#31"}, "4 error before_birth"},
		{"year with two digits", []any{colDay, "21.3.5"}, "4 warning date_two_digits"},
		{"no day", []any{colDay, ""}, "4 error date_missing"},
		{"operation unknown", []any{colOperation, "某种手术"}, "4 error operation_unknown"},
		{"no operation", []any{colOperation, ""}, "4 error operation_missing"},
		{"other programme", []any{colOperation, "白内障超声乳化摘除+人工晶体植入术", colSide, "左眼"}, "4 warning other_programme"},
		{"no side", []any{colSide, ""}, "4 error side_missing"},
		{"both sides", []any{colSide, "双侧"}, "4 error side_both"},
		{"both sides in the name", []any{colSide, "", colOperation, "双膝关节置换术"}, "4 error side_both"},
		{"side not understood", []any{colSide, "上"}, "4 error side_unknown"},
		{"side against the name", []any{colSide, "左", colOperation, "右膝关节置换术"}, "4 error side_differs"},
		{"side from the name", []any{colSide, "", colOperation, "右膝关节置换术"}, ""},
		{"no hospital", []any{colHospital, ""}, "4 warning hospital_missing"},
		{"does not add up", []any{colNet, "#6000"}, "4 error unbalanced"},
		{"one fen off", []any{colNet, "#5000.01"}, "4 error unbalanced"},
		{"negative", []any{colNet, "#-5000", colReduction, "#20000"}, "4 error amount_negative"},
		{"no amount", []any{colNet, "五千"}, "4 error amount_unreadable"},
		{"parts of a fen", []any{colNet, "#5000.004"}, "4 warning amount_rounded"},
		{"blank is zero", []any{colNet, "", colReduction, "#15000"}, ""},
		{"no amounts at all", []any{colTotal, "", colBasic, "", colCritical, "", colAssistance, "", colReduction, "", colNet, ""},
			"4 warning amount_missing"},
		{"failed cell", []any{colTotal, "!#REF!"}, "4 error cell_failed+unbalanced"},
		{"formula without a result", []any{colDay, "="}, "4 error formula_unsaved+date_missing"},
		{"the gravest first", []any{colAge, "#20", colSide, "双侧", colSex, "女"}, "4 error side_both+sex_differs+age_differs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []string{}
			if c.want != "" {
				want = append(want, c.want)
			}
			if d := cmp.Diff(want, rowOne(t, c.changes...)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTheDifferenceIsNamedInTheMessage(t *testing.T) {
	s := one(t, plain(good(1, colNet, "#6000")))
	p := texts(t).Printer(i18n.Chinese)
	if got, want := s.Rows[0].Text(p), "各项支付与自付之和 41,000.00 与总费用 40,000.00 不符，相差 1,000.00"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestChangesThatLoseNothingAreCountedNotSaid(t *testing.T) {
	number := citizen("19600101", 3)
	wide := ""
	for _, c := range number {
		wide += string(c - '0' + '０')
	}
	s := one(t, plain(
		good(1, colNumber, wide, colDay, "2021.3.5", colTotal, "40,000.00"),
		good(2, colNumber, " "+citizen("19600101", 5)[:6]+" "+citizen("19600101", 5)[6:], colDay, "2021年3月5日"),
		good(3, colName, "测 试丁", colDay, "20210305", colTotal, "￥40000元"),
		good(4, colDay, "2021/3/5", colCategory, "低保"),
		good(5, colDay, "@44260", colTotal, "４００００"),
		good(6, colDay, "#44260"),
	))
	if got := said(s); len(got) > 0 {
		t.Errorf("said %v", got)
	}
	want := map[history.Change]int{history.ChangeWidth: 1, history.ChangeSpace: 2, history.ChangeDate: 5, history.ChangeAmount: 3,
		history.ChangeCategory: 1}
	if d := cmp.Diff(want, s.Normalised); d != "" {
		t.Error(d)
	}
	if s.Procedures != 6 || s.TotalFen != 24_000_000 {
		t.Errorf("%d procedures, %v", s.Procedures, s.TotalFen)
	}
	for _, tr := range s.Treatments {
		if tr.Procedures[0].On != clock.MustDate(2021, 3, 5) {
			t.Errorf("row %d: %v", tr.Rows[0], tr.Procedures[0].On)
		}
	}
}

func TestOldMacintoshDaysCountFrom1904(t *testing.T) {
	tb := plain(good(1, colDay, "@42798"))
	tb.date1904 = true
	if got := one(t, tb).Treatments[0].Procedures[0].On; got != clock.MustDate(2021, 3, 5) {
		t.Errorf("%v", got)
	}
}

func TestWhatHoldsForAFifthOfTheRowsIsSaidOncePerSheet(t *testing.T) {
	var rows [][]string
	for n := 1; n <= 10; n++ {
		row := good(n)
		if n <= 3 {
			row[colHospital] = ""
		}
		if n == 9 {
			row[colSex] = "女"
		}
		rows = append(rows, row)
	}
	s := one(t, plain(rows...))
	if d := cmp.Diff([]string{"12 warning sex_differs"}, said(s)); d != "" {
		t.Error(d)
	}
	if len(s.Notes) != 1 || s.Notes[0].Key != "history.sheet.common" {
		t.Fatalf("notes %v", s.Notes)
	}
	p := texts(t).Printer(i18n.Chinese)
	if got, want := s.Notes[0].Text(p), "没有手术医院（共 3 行，如第 4 行）"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestErrorsStayWithTheirRowsHoweverMany(t *testing.T) {
	s := one(t, plain(good(1, colSide, ""), good(2, colSide, ""), good(3, colSide, "")))
	if len(s.Rows) != 3 || s.Count(history.LevelError) != 3 || s.Procedures != 0 || s.TotalFen != 0 {
		t.Errorf("%v, %d procedures", said(s), s.Procedures)
	}
}

func TestARepeatedOperationIsRefusedAndNamesTheFirst(t *testing.T) {
	again := good(2)
	again[colName], again[colNumber] = good(1)[colName], good(1)[colNumber]
	other := plain(good(1))
	other.name = "二〇二一年"
	book := interpret(t, history.Options{}, plain(good(1), again), other)
	if d := cmp.Diff([]string{"5 error duplicate"}, said(book.Sheets[0])); d != "" {
		t.Error(d)
	}
	if got := book.Sheets[0].Rows[0].Issues[0].Args["row"]; got != 4 {
		t.Errorf("names row %v", got)
	}
	if d := cmp.Diff([]string{"4 error duplicate_elsewhere"}, said(book.Sheets[1])); d != "" {
		t.Error(d)
	}
	if got := book.Sheets[1].Rows[0].Issues[0].Args["sheet"]; got != "站立行动" {
		t.Errorf("names sheet %v", got)
	}
	if book.Persons != 1 {
		t.Errorf("%d people", book.Persons)
	}
}

func TestARepeatedRowDoesNotTakeItsTreatmentDown(t *testing.T) {
	s := one(t, plain(good(1), good(1)))
	if d := cmp.Diff([]string{"5 error duplicate"}, said(s)); d != "" {
		t.Error(d)
	}
	if s.PersonTimes != 1 || s.TotalFen != 4_000_000 {
		t.Errorf("%d person-times, %v", s.PersonTimes, s.TotalFen)
	}
}

func TestTheOtherSideOrAnotherDayIsNoRepetition(t *testing.T) {
	right, later := good(2, colSide, "右"), good(3, colSide, "右", colDay, "2022-03-05", colOperation, "全髋关节置换术")
	for _, row := range [][]string{right, later} {
		row[colName], row[colNumber] = good(1)[colName], good(1)[colNumber]
	}
	s := one(t, plain(good(1), right, later))
	if got := said(s); len(got) > 0 || s.Patients != 1 || s.PersonTimes != 3 {
		t.Errorf("%v: %d patients, %d person-times", got, s.Patients, s.PersonTimes)
	}
}

func TestASecondFirstProsthesisIsFlaggedNotRefused(t *testing.T) {
	again := good(2, colDay, "2022-03-05")
	again[colName], again[colNumber] = good(1)[colName], good(1)[colNumber]
	s := one(t, plain(good(1), again))
	if d := cmp.Diff([]string{"5 warning second_primary"}, said(s)); d != "" || s.Procedures != 2 {
		t.Error(d, s.Procedures)
	}
}

func TestOneNumberUnderTwoNamesIsFlagged(t *testing.T) {
	s := one(t, plain(good(1), good(2, colNumber, good(1)[colNumber], colSide, "右")))
	if d := cmp.Diff([]string{"5 warning same_number_other_name"}, said(s)); d != "" || s.Patients != 1 {
		t.Error(d, s.Patients)
	}
}

func TestSameAdmissionIsOneTreatmentWithSeveralProcedures(t *testing.T) {
	right := good(2, colSide, "右", colTotal, "#30000", colBasic, "#20000", colCritical, "", colAssistance, "", colReduction, "#10000",
		colNet, "#0")
	for _, c := range []int{colName, colNumber, colAdmission} {
		right[c] = good(1)[c]
	}
	s := one(t, plain(good(1), good(3), right))
	if s.PersonTimes != 2 || s.Procedures != 3 || s.TotalFen != 11_000_000 || len(said(s)) != 0 {
		t.Errorf("%d person-times, %d procedures, %v, %v", s.PersonTimes, s.Procedures, s.TotalFen, said(s))
	}
	tr := s.Treatments[0]
	if d := cmp.Diff([]int{4, 6}, tr.Rows); d != "" || tr.Money.Total != 7_000_000 || tr.Money.Net != 500_000 {
		t.Error(d, tr.Money)
	}
}

func TestTheSameAdmissionNumberElsewhereIsAnotherTreatment(t *testing.T) {
	for name, change := range map[string][]any{"hospital": {colHospital, "澜港市医院"}, "person": {colName, "另一人", colNumber, citizen("19600101", 99)}} {
		t.Run(name, func(t *testing.T) {
			second := good(2, colSide, "右")
			for _, c := range []int{colName, colNumber, colAdmission} {
				second[c] = good(1)[c]
			}
			for i := 0; i < len(change); i += 2 {
				second[change[i].(int)] = change[i+1].(string)
			}
			if s := one(t, plain(good(1), second)); s.PersonTimes != 2 {
				t.Errorf("%d person-times", s.PersonTimes)
			}
		})
	}
}

func TestEqualBillsOfOneAdmissionAreAddedAndFlagged(t *testing.T) {
	right := good(2, colSide, "右")
	for _, c := range []int{colName, colNumber, colAdmission} {
		right[c] = good(1)[c]
	}
	s := one(t, plain(good(1), right))
	if d := cmp.Diff([]string{"5 warning same_bill"}, said(s)); d != "" || s.TotalFen != 8_000_000 {
		t.Error(d, s.TotalFen)
	}
}

// What is said of the sheet counts rows, also when so many are warned about that their
// messages are not kept.
func TestARowWithTwoLongCellsCountsOnce(t *testing.T) {
	var rows [][]string
	for i := range 6 {
		rows = append(rows, good(i+1, colName, strings.Repeat("长", 65), colAdmission, strings.Repeat(strconv.Itoa(i), 61)))
	}
	for _, most := range []int{0, 3} {
		notes := interpret(t, history.Options{MaxMessages: most}, plain(rows...)).Sheets[0].Notes
		if len(notes) != 1 || notes[0].Args["rows"] != 6 {
			t.Errorf("at most %d messages: %v", most, notes)
		}
	}
}

func TestARefusedRowTakesItsTreatmentAlong(t *testing.T) {
	right := good(2, colSide, "双侧")
	for _, c := range []int{colName, colNumber, colAdmission} {
		right[c] = good(1)[c]
	}
	s := one(t, plain(good(1), right, good(3)))
	if d := cmp.Diff([]string{"4 error refused_together", "5 error side_both"}, said(s)); d != "" {
		t.Error(d)
	}
	if s.PersonTimes != 1 || s.TotalFen != 4_000_000 {
		t.Errorf("%d person-times, %v", s.PersonTimes, s.TotalFen)
	}
}

func TestMergedPatientCellsAreASecondOperation(t *testing.T) {
	second := good(2, colSide, "右")
	for c := colSeq; c <= colCategory; c++ {
		second[c] = ""
	}
	tb := plain(good(1), second)
	for c := colSeq; c <= colCategory; c++ {
		tb.merges = append(tb.merges, history.Range{FirstRow: 4, LastRow: 5, FirstCol: c, LastCol: c})
	}
	s := one(t, tb)
	if len(said(s)) > 0 || s.Patients != 1 || s.PersonTimes != 2 || s.Normalised[history.ChangeCarried] != 0 {
		t.Errorf("%v: %d patients, %d person-times, %v", said(s), s.Patients, s.PersonTimes, s.Normalised)
	}
	if d := cmp.Diff([]terminology.Category{terminology.CategoryDB}, s.Treatments[1].Categories); d != "" {
		t.Error(d)
	}
}

func TestATroubledPatientIsWarnedAboutOnceAndRefusedInEveryRow(t *testing.T) {
	second := good(2, colSide, "右")
	for c := colSeq; c <= colCategory; c++ {
		second[c] = ""
	}
	for name, c := range map[string]struct {
		change []any
		want   []string
	}{
		"warned":  {[]any{colAge, "#20"}, []string{"4 warning age_differs"}},
		"refused": {[]any{colNumber, "500199196001010011"}, []string{"4 error number_check_digit", "5 error number_check_digit"}},
	} {
		t.Run(name, func(t *testing.T) {
			tb := plain(good(1, c.change...), second)
			for col := colSeq; col <= colCategory; col++ {
				tb.merges = append(tb.merges, history.Range{FirstRow: 4, LastRow: 5, FirstCol: col, LastCol: col})
			}
			if d := cmp.Diff(c.want, said(one(t, tb))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMergedFeeCellsAreOneTreatment(t *testing.T) {
	second := good(2, colSide, "右", colAdmission, "")
	for c := colSeq; c <= colCategory; c++ {
		second[c] = ""
	}
	for c := colTotal; c <= colNet; c++ {
		second[c] = ""
	}
	tb := plain(good(1, colAdmission, ""), second)
	for c := colSeq; c <= colNet; c++ {
		if c <= colCategory || c >= colTotal {
			tb.merges = append(tb.merges, history.Range{FirstRow: 4, LastRow: 5, FirstCol: c, LastCol: c})
		}
	}
	s := one(t, tb)
	if len(said(s)) > 0 || s.PersonTimes != 1 || s.Procedures != 2 || s.TotalFen != 4_000_000 {
		t.Errorf("%v: %d person-times, %d procedures, %v", said(s), s.PersonTimes, s.Procedures, s.TotalFen)
	}
}

func TestBlankPatientCellsWithoutMergingBelongToThePatientAbove(t *testing.T) {
	second, third := good(2, colSide, "右"), good(3, colName, "同上", colNumber, "同上", colDay, "2022-01-05", colOperation, "全髋关节置换术")
	for c := colSeq; c <= colCategory; c++ {
		second[c] = ""
	}
	s := one(t, plain(good(1), second, third))
	if len(said(s)) > 0 || s.Patients != 1 || s.PersonTimes != 3 || s.Normalised[history.ChangeCarried] != 3 {
		t.Errorf("%v: %d patients, %d person-times, %v", said(s), s.Patients, s.PersonTimes, s.Normalised)
	}
}

func TestANumberedRowWithoutANameIsNotThePatientAbove(t *testing.T) {
	s := one(t, plain(good(1), good(2, colName, "", colNumber, "", colSide, "右")))
	if d := cmp.Diff([]string{"5 error name_missing+number_missing"}, said(s)); d != "" {
		t.Error(d)
	}
}

func TestRowsThatAreNoDataAreSkipped(t *testing.T) {
	s := one(t, plain(
		[]string{"#1", "#2", "#3", "#4", "#5", "#6"},
		good(1), nil, good(2),
		[]string{"", "小计", "", "", "", "", "", "", "", "", "", "", "#80000"},
		[]string{"#3"},
		good(4),
		[]string{"云岭区医院小计", "", "", "", "", "", "", "", "", "", "", "", "#40000"},
		[]string{"合 计：", "", "", "", "", "", "", "", "", "", "", "", "#120000"},
		[]string{"备注：本表由卫生健康委填报", "", "", "", "联系电话：023-70000000"},
		[]string{"填表人：某", "", "", "审核人：某"},
		nil, nil,
	))
	want := []string{"4 skip column_numbers", "6 skip blank", "8 skip totals", "9 skip numbered_only", "11 skip totals", "12 skip totals",
		"13 skip remark", "14 skip remark"}
	if d := cmp.Diff(want, said(s)); d != "" || s.PersonTimes != 3 {
		t.Error(d, s.PersonTimes)
	}
}

func TestALongRunOfBlankRowsIsOneMessage(t *testing.T) {
	rows := [][]string{good(1)}
	for range 30 {
		rows = append(rows, nil)
	}
	s := one(t, plain(append(rows, good(2))...))
	if d := cmp.Diff([]string{"5 skip blank_rows"}, said(s)); d != "" {
		t.Error(d)
	}
}

func TestWithoutTheDayOfTheListTheAgeIsThatAtTheOperation(t *testing.T) {
	tb := plain(good(1, colAge, "#61"), good(2, colAge, "#63"))
	tb.rows[1] = nil
	if d := cmp.Diff([]string{"5 warning age_differs"}, said(one(t, tb))); d != "" {
		t.Error(d)
	}
}

func TestTheDayOfTheListMayStandAtTheFoot(t *testing.T) {
	tb := plain(good(1, colAge, "#61"), good(2, colAge, "#63"), []string{"填表人：某", "", "", "填报日期：2023.5.31"})
	tb.rows[1] = nil
	s := one(t, tb)
	if d := cmp.Diff([]string{"4 warning age_differs", "6 skip remark"}, said(s)); d != "" || s.FilledOn.IsZero() {
		t.Error(d, s.FilledOn)
	}
}

func TestALearnedCategoryIsUnderstoodWhateverItsWidthAndCase(t *testing.T) {
	book := interpret(t, history.Options{Categories: map[string]terminology.Category{history.CategoryKey("五保供养Ａ"): terminology.CategoryTK}},
		plain(good(1, colCategory, "五保供养a"), good(2, colCategory, "低保、五保供养A"), good(3, colCategory, "五保供养乙")))
	s := book.Sheets[0]
	if len(s.UnknownCategories) != 1 || s.UnknownCategories[0].Text != "五保供养乙" {
		t.Errorf("still asked: %v", s.UnknownCategories)
	}
	var got [][]terminology.Category
	for _, x := range s.Treatments {
		got = append(got, x.Categories)
	}
	want := [][]terminology.Category{{terminology.CategoryTK}, {terminology.CategoryTK, terminology.CategoryDB}, nil}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUnknownHospitalsAndCategoriesCostNoRowAndAreAskedOnce(t *testing.T) {
	book := interpret(t, history.Options{Hospitals: map[string]string{"中心医院": "云岭区中心医院", "云岭区中心医院": "云岭区中心医院"}},
		plain(good(1, colHospital, "中心医院"), good(2, colHospital, "云岭区中心医院"), good(3, colHospital, "区中医院"),
			good(4, colHospital, "云岭区中医院"), good(5, colHospital, "区中医院", colCategory, "五保供养甲")))
	s := book.Sheets[0]
	if len(said(s)) > 0 || s.Procedures != 5 || s.Normalised[history.ChangeHospital] != 1 {
		t.Errorf("%v %v", said(s), s.Normalised)
	}
	want := []history.Unknown{{"区中医院", 2, "云岭区中医院"}, {"云岭区中医院", 1, ""}}
	if d := cmp.Diff(want, s.UnknownHospitals); d != "" {
		t.Error(d)
	}
	if len(s.UnknownCategories) != 1 || s.UnknownCategories[0].Text != "五保供养甲" {
		t.Errorf("categories %v", s.UnknownCategories)
	}
	if s.Treatments[0].Hospital != "云岭区中心医院" {
		t.Errorf("hospital %q", s.Treatments[0].Hospital)
	}
}

func TestAmountsAreTakenDigitByDigitInTheirUnit(t *testing.T) {
	for _, c := range []struct {
		header, text string
		want         money.Fen
	}{
		{"总费用", "#58142.56", 5814256}, {"总费用（元）", "58,142.56元", 5814256}, {"总费用(万元)", "#5.814256", 5814256},
		{"总费用（万元）", "5.814256", 5814256}, {"总费用", "5.814256万元", 5814256}, {"总费用/万元", "#0.1", 100000},
		{"总费用", "￥58，142.56", 5814256}, {"总费用（万元）", "#1.0000005", 1000001},
	} {
		t.Run(c.header+c.text, func(t *testing.T) {
			tb := tab{name: "膝", rows: [][]string{{"姓名", "身份证号", "手术名称", "侧别", "手术日期", c.header},
				{"测试甲", citizen("19600101", 3), "全膝关节置换术", "左", "2021-03-05", c.text}}}
			if got := one(t, tb).TotalFen; got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestALedgerWithoutAColumnIsToldOnce(t *testing.T) {
	s := one(t, tab{name: "膝", rows: [][]string{{"姓名", "性别", "手术名称", "侧别", "入院日期", "总费用", "医保报销", "自付"},
		{"测试甲", "男", "全膝关节置换术", "左", "2021-03-05", "#100", "#60", "#40"}, {"测试乙", "女", "全膝关节置换术", "左", "2021-03-05", "#100", "#60", "#40"}}})
	var notes []string
	for _, n := range s.Notes {
		notes = append(notes, n.Text(texts(t).Printer(i18n.Chinese)))
	}
	want := []string{"没有身份证号码", "没有手术日期，暂用入院或出院日期", "没有手术医院", "医保报销只有合计，全部记为基本医保"}
	if d := cmp.Diff(want, notes); d != "" || len(said(s)) > 0 || s.Procedures != 2 {
		t.Error(d, said(s), s.Procedures)
	}
}

// money columns in all the ways ledgers split them.
func TestWhatALedgerHasNoColumnForIsWorkedOut(t *testing.T) {
	for _, c := range []struct {
		name string
		head []string
		row  []string
		want history.Money
		said string
	}{
		{"no net", []string{"总费用", "基本医保", "减免"}, []string{"#100", "#60", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 6000, ReductionFund: 3000, Net: 1000}, ""},
		{"no total", []string{"基本医保", "减免", "自付"}, []string{"#60", "#30", "#10"},
			history.Money{Known: true, Total: 10000, Basic: 6000, ReductionFund: 3000, Net: 1000}, ""},
		{"paid too much", []string{"总费用", "基本医保", "减免"}, []string{"#100", "#80", "#30"}, history.Money{}, "2 error overpaid"},
		{"insurance as one sum", []string{"总费用", "医保报销", "减免", "自付"}, []string{"#100", "#60", "#30", "#10"},
			history.Money{Known: true, Total: 10000, Basic: 6000, ReductionFund: 3000, Net: 1000}, ""},
		{"sum and layers", []string{"总费用", "基本医保", "大病保险", "医保报销合计", "自付"}, []string{"#100", "#50", "#20", "#70", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 5000, Critical: 2000, Net: 3000}, ""},
		{"sum against layers", []string{"总费用", "基本医保", "大病保险", "医保报销合计", "自付"}, []string{"#100", "#50", "#20", "#75", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 5000, Critical: 2000, Net: 3000}, "2 warning insurance_differs"},
		{"sum of all with two layers", []string{"总费用", "医保报销合计", "大病保险", "医疗救助", "自付"}, []string{"#100", "#70", "#20", "#10", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 4000, Critical: 2000, Assistance: 1000, Net: 3000}, ""},
		{"basic under a general name", []string{"总费用", "医保报销", "大病保险", "医疗救助", "自付"}, []string{"#100", "#40", "#20", "#10", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 4000, Critical: 2000, Assistance: 1000, Net: 3000}, ""},
		{"sum without the assistance", []string{"总费用", "医保报销", "大病保险", "医疗救助", "自付"}, []string{"#100", "#60", "#20", "#10", "#30"},
			history.Money{Known: true, Total: 10000, Basic: 4000, Critical: 2000, Assistance: 1000, Net: 3000}, ""},
		{"sum of all without a net", []string{"总费用", "医保报销合计", "大病保险"}, []string{"#100", "#70", "#20"},
			history.Money{Known: true, Total: 10000, Basic: 5000, Critical: 2000, Net: 3000}, ""},
		{"two who reduce", []string{"总费用", "基金减免", "医院减免", "自付"}, []string{"#100", "#50", "#20", "#30"},
			history.Money{Known: true, Total: 10000, ReductionFund: 5000, ReductionHospital: 2000, Net: 3000}, ""},
		{"reduction and its hospital part", []string{"总费用", "减免合计", "其中医院减免", "自付"}, []string{"#100", "#70", "#20", "#30"},
			history.Money{Known: true, Total: 10000, ReductionFund: 5000, ReductionHospital: 2000, Net: 3000}, ""},
		{"reduction against its parts", []string{"总费用", "减免合计", "基金减免", "医院减免", "自付"}, []string{"#100", "#80", "#50", "#20", "#30"},
			history.Money{}, "2 error reduction_differs"},
		{"other payers", []string{"总费用", "商业保险", "自付"}, []string{"#100", "#70", "#30"},
			history.Money{Known: true, Total: 10000, Other: 7000, Net: 3000}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb := tab{name: "膝", rows: [][]string{
				append([]string{"姓名", "身份证号", "手术名称", "侧别", "手术日期", "医院"}, c.head...),
				append([]string{"测试甲", citizen("19600101", 3), "全膝关节置换术", "左", "2021-03-05", "云岭区医院"}, c.row...)}}
			s := one(t, tb)
			if got := said(s); fmt.Sprint(got) != fmt.Sprint([]string{c.said}) && (c.said != "" || len(got) > 0) {
				t.Errorf("said %v, want %s", got, c.said)
			}
			if !c.want.Known {
				return
			}
			if d := cmp.Diff(c.want, s.Treatments[0].Money); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTheKeyOutlivesAliasesAndCorrections(t *testing.T) {
	first := one(t, plain(good(1, colHospital, "区医院"))).Treatments[0]
	book := interpret(t, history.Options{Hospitals: map[string]string{"区医院": "云岭区医院"}},
		plain(good(2), good(1, colHospital, "区医院", colTotal, "#41000", colNet, "#6000", colDay, "2021.3.5")))
	again := book.Sheets[0].Treatments[1]
	if first.Key(first.Procedures[0]) != again.Key(again.Procedures[0]) {
		t.Error("the key has changed")
	}
	if first.Content() == again.Content() {
		t.Error("the content has not changed")
	}
	same := one(t, plain(good(1, colHospital, "区医院", colDay, "2021年3月5日", colTotal, "40,000"))).Treatments[0]
	if first.Content() != same.Content() {
		t.Error("a spelling changes the content")
	}
}

func TestPeopleWithoutANumberAreToldApartByTheRest(t *testing.T) {
	rows := [][]string{{"姓名", "性别", "联系电话", "手术名称", "侧别", "手术日期", "医院", "总费用"},
		{"测试甲", "男", "13900000001", "全膝关节置换术", "左", "2021-03-05", "云岭区医院", "#100"},
		{"测试甲", "男", "13900000001", "全膝关节置换术", "右", "2021-04-05", "云岭区医院", "#100"},
		{"测试甲", "男", "13900000002", "全膝关节置换术", "左", "2021-03-05", "云岭区医院", "#100"}}
	if s := one(t, tab{name: "膝", rows: rows}); s.Patients != 2 || s.PersonTimes != 3 {
		t.Errorf("%d patients, %d person-times: %v", s.Patients, s.PersonTimes, said(s))
	}
}

func TestASheetThatIsWrongAsAWholeIsGivenUp(t *testing.T) {
	rows := [][]string{good(1)}
	for n := 2; n <= 7; n++ {
		rows = append(rows, good(n, colSide, ""))
	}
	tb := plain(append(rows, good(8))...)
	if s := interpret(t, history.Options{MaxMessages: 6}, tb).Sheets[0]; s.Procedures != 2 {
		t.Errorf("%d procedures with the limit kept", s.Procedures)
	}
	s := interpret(t, history.Options{MaxMessages: 5}, tb).Sheets[0]
	if s.Procedures != 0 || s.TotalFen != 0 || len(s.Notes) == 0 || s.Notes[0].Key != "history.sheet.given_up" || s.Notes[0].Level != history.LevelError {
		t.Errorf("%d procedures, %v", s.Procedures, s.Notes)
	}
}

func TestAWarningOfVeryManyRowsIsSaidOnceInALargeSheetToo(t *testing.T) {
	var rows [][]string
	for n := 1; n <= 40; n++ {
		row := good(n)
		if n <= 4 {
			row[colSex] = "南"
		}
		rows = append(rows, row)
	}
	if s := one(t, plain(rows...)); len(s.Notes) != 0 || len(s.Rows) != 4 {
		t.Errorf("a tenth of the rows: %v %v", s.Notes, said(s))
	}
	s := interpret(t, history.Options{MaxMessages: 3}, plain(rows...)).Sheets[0]
	if len(s.Notes) != 1 || s.Notes[0].Args["rows"] != 4 || len(s.Rows) != 0 {
		t.Errorf("%v %v", s.Notes, said(s))
	}
}
