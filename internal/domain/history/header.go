package history

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/money"
)

// maxHeader is the largest number of header rows.
const maxHeader = 4

// headerRow is a kept copy of a row that may belong to a header.
type headerRow struct {
	number int
	cells  []Cell
}

func (h headerRow) at(col int) string {
	i, ok := slices.BinarySearchFunc(h.cells, col, func(c Cell, col int) int { return c.Col - col })
	if !ok {
		return ""
	}
	return h.cells[i].Text
}

// census is what the cells of a row look like.
type census struct {
	filled  int // cells that are not blank
	hits    int // labels of a field
	groups  int // labels that may stand above others
	numbers int // numbers: never in a header
	person  bool
}

func take(r Row) census {
	var c census
	for _, cell := range r.Cells {
		if cell.blank() {
			continue
		}
		c.filled++
		if cell.Kind != Text || figure(cell.Text) {
			// One number is enough to know that this is no header; the labels
			// of data rows are not worth looking at.
			c.numbers++
			return c
		}
	}
	for _, cell := range r.Cells {
		if cell.blank() {
			continue
		}
		l := newLabelCheap(cell.Text)
		switch f, q := l.field(); {
		case q != matchNone:
			c.hits++
			c.person = c.person || f == FieldName || f == FieldNumber
		case l.group():
			c.groups++
		}
	}
	return c
}

// figure reports a number, an identity number or a numeric date kept as text.
func figure(s string) bool {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n++
		case strings.IndexByte(" ,.-/Xx", c) < 0:
			return false
		}
	}
	return n > 0
}

// newLabelCheap spares the work for texts that are too long to be a label, such
// as the cells of data rows.
func newLabelCheap(text string) label {
	if len(text) > 8*maxLabel {
		return label{}
	}
	return newLabel(text)
}

// startsHeader reports whether a row can be the first of a header. Inside data
// more is asked for, or a remark would end the block.
func (c census) startsHeader(inData bool) bool {
	if c.numbers > 0 || c.filled < 2 {
		return false
	}
	known := c.hits + c.groups
	if inData {
		return c.hits >= 3 && known*5 >= c.filled*3 || c.hits >= 1 && c.groups >= 2 && known == c.filled && c.filled >= 3
	}
	return known >= 2 && known*2 >= c.filled
}

// continues reports whether a row can be a further row of a header.
func (c census) continues(covered bool) bool {
	if c.numbers > 0 || c.filled == 0 {
		return false
	}
	return covered || c.hits >= 1 && (c.hits+c.groups)*2 >= c.filled
}

// columnNumbers reports a row that numbers the columns: 1 2 3 … or 甲 乙 1 2.
func columnNumbers(r Row) bool {
	run := 0
	last := ""
	for _, c := range r.Cells {
		if c.blank() {
			continue
		}
		s := strings.Trim(squeeze(c.Text), "()")
		switch {
		case s == "甲" || s == "乙" || s == "丙" || s == "丁":
		case len(s) > 2 || !digits(s):
			return false
		case last != "" && number(s) != number(last)+1:
			return false
		default:
			run++
			last = s
		}
	}
	return run >= 4
}

// header collects the rows of one header.
type header struct {
	rows   []headerRow
	merges []Range // those that touch the rows
	until  int     // last row covered by a merged cell that starts in the header
}

func (h *header) first() int { return h.rows[0].number }
func (h *header) last() int  { return h.rows[len(h.rows)-1].number }

// add keeps a row and the merges that start in it.
func (h *header) add(r Row, merges []Range) {
	h.rows = append(h.rows, headerRow{r.Number, slices.Clone(r.Cells)})
	for _, m := range merges {
		h.merges = append(h.merges, m)
		if m.LastRow-m.FirstRow < maxHeader {
			h.until = max(h.until, m.LastRow)
		}
	}
}

// merged finds the merged range that covers a cell.
func (h *header) merged(row, col int) (Range, bool) {
	for _, m := range h.merges {
		if row >= m.FirstRow && row <= m.LastRow && col >= m.FirstCol && col <= m.LastCol {
			return m, true
		}
	}
	return Range{}, false
}

// textAt is the label at a place: its own, that of the merged range over it, or
// that of a group whose extent nothing tells (CSV, or cells centred instead of
// merged) when the cell has a label below.
func (h *header) textAt(i, col int) string {
	row := h.rows[i]
	if m, ok := h.merged(row.number, col); ok {
		for _, r := range h.rows {
			if r.number == m.FirstRow {
				return r.at(m.FirstCol)
			}
		}
	}
	if own := row.at(col); strings.TrimSpace(own) != "" {
		return own
	}
	if i == len(h.rows)-1 || !h.below(i, col) || h.above(i, col) {
		return ""
	}
	for left := col - 1; left >= 0; left-- {
		text := row.at(left)
		if strings.TrimSpace(text) == "" {
			continue
		}
		if _, ok := h.merged(row.number, left); ok || !h.below(i, left) {
			return ""
		}
		return text
	}
	return ""
}

func (h *header) below(i, col int) bool {
	return slices.ContainsFunc(h.rows[i+1:], func(r headerRow) bool { return strings.TrimSpace(r.at(col)) != "" })
}

func (h *header) above(i, col int) bool {
	return slices.ContainsFunc(h.rows[:i], func(r headerRow) bool { return strings.TrimSpace(r.at(col)) != "" })
}

// columns lists the columns that have a label in any row.
func (h *header) columns() []int {
	var cols []int
	for _, r := range h.rows {
		for _, c := range r.cells {
			if !c.blank() {
				cols = append(cols, c.Col)
			}
		}
	}
	slices.Sort(cols)
	return slices.Compact(cols)
}

// candidate is a column with its best match.
type candidate struct {
	col Column
	q   quality
	f   Field
}

// mapping builds the automatic mapping. Two columns never get one field: the
// better match wins, then the one further left.
func (h *header) mapping(sheet string, unit money.Fen) Mapping {
	m := Mapping{Sheet: sheet, HeaderFirst: h.first(), HeaderLast: h.last()}
	var list []candidate
	var sig []string
	for _, col := range h.columns() {
		path, text := h.path(col)
		c := candidate{col: Column{Index: col, Label: text}}
		c.f, c.q = matchColumn(path)
		if u := joinLabels(path).unit; u != 0 {
			c.col.Unit = u
		} else {
			c.col.Unit = unit
		}
		list = append(list, c)
		sig = append(sig, joinLabels(path).whole)
	}
	m.Signature = strings.Join(sig, "|")
	won := map[Field]int{}
	for i, c := range list {
		if c.f == FieldNone {
			continue
		}
		if j, taken := won[c.f]; !taken || c.q < list[j].q {
			won[c.f] = i
		}
	}
	for i, c := range list {
		if j, ok := won[c.f]; ok && j == i && c.f != FieldNone {
			c.col.Field = c.f
		}
		if !c.col.Field.Money() {
			c.col.Unit = 0
		}
		m.Columns = append(m.Columns, c.col)
	}
	return m
}

// path is the labels of a column from top to bottom, repeats left out.
func (h *header) path(col int) ([]label, string) {
	var path []label
	var texts []string
	for i := range h.rows {
		text := strings.TrimSpace(h.textAt(i, col))
		if text == "" || len(texts) > 0 && texts[len(texts)-1] == text {
			continue
		}
		texts = append(texts, text)
		path = append(path, newLabel(text))
	}
	return path, strings.Join(texts, labelJoint)
}

// sideBySide reports two tables next to each other: the person twice.
func (h *header) sideBySide() bool {
	count := map[Field]int{}
	for _, col := range h.columns() {
		path, _ := h.path(col)
		if f, q := matchColumn(path); q == matchExact {
			count[f]++
		}
	}
	return count[FieldName] > 1 && (count[FieldNumber] > 1 || count[FieldOperatedOn] > 1)
}
