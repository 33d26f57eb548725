package history

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var dayInText = regexp.MustCompile(`^\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?`)

// The kinds of rows, which are also the keys of their messages.
const (
	rowData    = ""
	rowTotals  = "history.row.totals"
	rowRemark  = "history.row.remark"
	rowNumbers = "history.row.column_numbers"
	rowEmpty   = "history.row.numbered_only"
)

// record is the row being read, by field. One record is used again and again.
type record struct {
	row     int
	block   *Mapping
	byCol   []Field
	cols    [fieldCount]int // column of a field, -1 without
	cells   [fieldCount]Cell
	present [fieldCount]bool // has a value, its own or that of a merged cell
	own     [fieldCount]bool // has a value of its own
	from    [fieldCount]int  // first row of the merged cell the value comes from, else 0
	filled  int              // own values in mapped columns
	other   int              // own values in other columns
}

// bind sets the record up for the columns of a block.
func (r *record) bind(m *Mapping) {
	*r = record{block: m}
	for f := range r.cols {
		r.cols[f] = -1
	}
	for _, c := range m.Columns {
		if c.Index < 0 || c.Field == FieldNone || c.Field >= fieldCount {
			continue
		}
		for len(r.byCol) <= c.Index {
			r.byCol = append(r.byCol, FieldNone)
		}
		r.byCol[c.Index] = c.Field
		r.cols[c.Field] = c.Index
	}
}

func (r *record) field(col int) Field {
	if col < 0 || col >= len(r.byCol) {
		return FieldNone
	}
	return r.byCol[col]
}

// fill takes the cells of a row and what merged cells above hand down.
func (r *record) fill(row Row, over map[int]span) {
	r.row, r.filled, r.other = row.Number, 0, 0
	r.present, r.own, r.from = [fieldCount]bool{}, [fieldCount]bool{}, [fieldCount]int{}
	for _, c := range row.Cells {
		f := r.field(c.Col)
		switch {
		case c.blank():
		case f == FieldNone:
			r.other++
		default:
			r.cells[f], r.present[f], r.own[f] = c, true, true
			r.filled++
		}
	}
	for col, sp := range over {
		f := r.field(col)
		if f == FieldNone || sp.first == row.Number || r.own[f] {
			continue
		}
		r.from[f] = sp.first
		if !sp.cell.blank() {
			r.cells[f], r.present[f] = sp.cell, true
		}
	}
}

// text is the squeezed text of a field, empty when it is not there.
func (r *record) text(f Field) string {
	if !r.present[f] {
		return ""
	}
	return squeeze(r.cells[f].Text)
}

// any reports whether one of the fields has a value of its own.
func (r *record) any(fields ...Field) bool {
	for _, f := range fields {
		if r.own[f] {
			return true
		}
	}
	return false
}

// classify tells data from everything else that stands in a ledger.
func (s *sheetRun) classify(row Row, starts []Range) string {
	r := s.rec
	if columnNumbers(row) {
		return rowNumbers
	}
	who := r.own[FieldNumber] && countDigits(r.cells[FieldNumber].Text) >= 6 && !remarkStart(r.text(FieldNumber))
	when := false
	for _, f := range []Field{FieldOperatedOn, FieldAdmittedOn, FieldDischargedOn} {
		when = when || r.own[f] && countDigits(r.cells[f].Text) >= 4
	}
	if !who && !when && s.totals(row) {
		return rowTotals
	}
	if who || when || r.any(FieldOperation, FieldAdmissionNo) {
		return rowData
	}
	filled := r.filled + r.other
	if filled == 1 && r.own[FieldSeq] && digits(r.text(FieldSeq)) {
		return rowEmpty // numbered beforehand, never filled in
	}
	first := firstText(row)
	if filled <= 2 && !s.moneyRow() || remarkStart(first) || wide(starts, row.Number, len(r.byCol)) {
		return rowRemark
	}
	return rowData
}

func countDigits(s string) int {
	n := 0
	for _, c := range s {
		if c >= '0' && c <= '9' || c >= '０' && c <= '９' {
			n++
		}
	}
	return n
}

// moneyRow reports whether a sparse row carries money or a person, so that it
// must not be taken for a remark.
func (s *sheetRun) moneyRow() bool {
	r := s.rec
	for f := FieldTotal; f <= FieldNet; f++ {
		if r.own[f] && (r.cells[f].Kind == Number || digits(strings.NewReplacer(",", "", ".", "").Replace(r.text(f)))) {
			return true
		}
	}
	name := r.text(FieldName)
	return r.own[FieldName] && r.own[FieldSeq] && digits(r.text(FieldSeq)) && utf8.RuneCountInString(name) <= 8
}

// totals reports a row that sums up others: 合计, 小计, 黔江区中医院小计 …
func (s *sheetRun) totals(row Row) bool {
	for i, c := range row.Cells {
		if c.Kind != Text || i > 3 {
			continue
		}
		text := strings.Trim(squeeze(c.Text), ":：()*")
		if utf8.RuneCountInString(text) > 24 {
			continue
		}
		for _, word := range []string{"合计", "总计", "小计", "共计", "累计", "总合计"} {
			if strings.HasPrefix(text, word) || strings.HasSuffix(text, word) {
				return true
			}
		}
	}
	return false
}

func firstText(row Row) string {
	for _, c := range row.Cells {
		if c.Kind == Text && !c.blank() {
			return squeeze(c.Text)
		}
	}
	return ""
}

// remarkStart is how lines below a table begin.
func remarkStart(s string) bool {
	for _, word := range []string{"注:", "注：", "备注", "说明", "填表", "填报", "制表", "审核", "负责人", "单位负责", "经办", "联系人", "联系电话:", "联系电话：", "电话:", "电话：", "复核", "单位:",
		"单位：", "分管", "统计", "附:", "附："} {
		if strings.HasPrefix(s, word) {
			return true
		}
	}
	return false
}

// wide reports a merged cell across at least half of the columns.
func wide(starts []Range, row, columns int) bool {
	for _, m := range starts {
		if m.FirstRow == row && 2*(m.LastCol-m.FirstCol+1) >= columns && m.LastCol > m.FirstCol {
			return true
		}
	}
	return false
}
