package history_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"os"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// tab is a sheet written in a test. A cell is its text; "#12" is a number,
// "@44423" a number shown as a day, "!#REF!" a failed cell, "=" a formula whose
// result was not saved.
type tab struct {
	name     string
	rows     [][]string
	merges   []history.Range
	date1904 bool
}

func (t tab) Name() string                                    { return t.name }
func (t tab) Date1904() bool                                  { return t.date1904 }
func (t tab) Merges(context.Context) ([]history.Range, error) { return t.merges, nil }
func (t tab) Rows(ctx context.Context, yield func(history.Row) error) error {
	for i, texts := range t.rows {
		row := history.Row{Number: i + 1}
		for col, text := range texts {
			if c := cell(col, text); c.Kind != history.Blank || c.Formula {
				row.Cells = append(row.Cells, c)
			}
		}
		if len(row.Cells) == 0 {
			continue
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func cell(col int, text string) history.Cell {
	switch {
	case text == "":
		return history.Cell{Col: col}
	case text == "=":
		return history.Cell{Col: col, Formula: true}
	case text[0] == '#':
		return history.Cell{Col: col, Kind: history.Number, Text: text[1:], Raw: text[1:]}
	case text[0] == '@':
		return history.Cell{Col: col, Kind: history.Number, Text: text[1:], Raw: text[1:], Date: true}
	case text[0] == '!':
		return history.Cell{Col: col, Kind: history.Failure, Text: text[1:], Raw: text[1:]}
	}
	return history.Cell{Col: col, Kind: history.Text, Text: text, Raw: text}
}

// citizen makes a valid number of an invented person: region 500199 is not
// assigned. Odd n is a man.
func citizen(birth string, n int) string {
	s := "500199" + birth + fmt.Sprintf("%03d", n)
	sum, weight := 0, 2
	for i := 16; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = weight * 2 % 11
	}
	return s + string("10X98765432"[sum%11])
}

// plain is a one-row header over good rows that a test changes.
func plain(rows ...[]string) tab {
	head := []string{"序号", "姓名", "性别", "年龄", "身份证号码", "困难类别", "住院号", "手术医院", "手术日期", "手术名称", "部位", "主刀医生",
		"总费用", "基本医保报销", "大病保险", "医疗救助", "减免金额", "个人自付"}
	return tab{name: "站立行动", rows: append([][]string{{"站立行动台账"}, {"填报日期：2023年5月31日"}, head}, rows...)}
}

// Columns of plain.
const (
	colSeq = iota
	colName
	colSex
	colAge
	colNumber
	colCategory
	colAdmission
	colHospital
	colDay
	colOperation
	colSide
	colSurgeon
	colTotal
	colBasic
	colCritical
	colAssistance
	colReduction
	colNet
)

// good is the n-th good row of plain, in row n+3 of its sheet.
func good(n int, changes ...any) []string {
	row := []string{"#" + strconv.Itoa(n), "测试" + string(rune('甲'+n)), "男", "#63", citizen("19600101", 2*n+1), "低保对象", "ZY" + strconv.Itoa(1000+n),
		"云岭区医院", "2021-03-05", "全膝关节置换术", "左", "本院医师丁", "#40000", "#20000", "#2000", "#3000", "#10000", "#5000"}
	for i := 0; i+1 < len(changes); i += 2 {
		row[changes[i].(int)] = changes[i+1].(string)
	}
	return row
}

func interpret(t testing.TB, opts history.Options, tabs ...tab) *history.Book {
	t.Helper()
	if opts.Today.IsZero() {
		opts.Today = clock.MustDate(2026, 11, 23)
	}
	sources := make([]history.Source, len(tabs))
	for i := range tabs {
		sources[i] = tabs[i]
	}
	book, err := history.Interpret(context.Background(), sources, opts)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// one interprets a single sheet.
func one(t testing.TB, tb tab) *history.SheetResult {
	t.Helper()
	return interpret(t, history.Options{}, tb).Sheets[0]
}

// said is the messages of a sheet as "row level key+key".
func said(s *history.SheetResult) []string {
	list := []string{}
	for _, m := range s.Rows {
		var keys []string
		for _, i := range m.Issues {
			keys = append(keys, strings.TrimPrefix(i.Key, "history.row."))
		}
		list = append(list, fmt.Sprintf("%d %s %s", m.Row, m.Level, strings.Join(keys, "+")))
	}
	return list
}

// texts is the catalogue with this room's messages only.
func texts(t testing.TB) *i18n.Catalogue {
	t.Helper()
	files := fstest.MapFS{}
	for _, lang := range i18n.Langs() {
		raw, err := os.ReadFile("../../../web/i18n/" + string(lang) + "/history.json")
		if err != nil {
			t.Fatal(err)
		}
		files[string(lang)+"/history.json"] = &fstest.MapFile{Data: raw}
	}
	cat, err := i18n.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}
