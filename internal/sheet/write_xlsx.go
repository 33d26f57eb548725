package sheet

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteXLSX streams a workbook: nothing is kept but the row at hand and the
// comments of marked cells, no temporary file is made, and the same book gives
// the same bytes. Amounts travel as decimal text, never through a float. Text
// is always a typed string, so "=1+1" stays text.
func WriteXLSX(w io.Writer, b Book) error {
	if len(b.Tables) == 0 {
		return fmt.Errorf("sheet: a workbook needs a table")
	}
	z := zip.NewWriter(w)
	taken := map[string]bool{}
	var tabs []tabInfo
	for i, t := range b.Tables {
		tw := tabWriter{table: t, info: tabInfo{number: i + 1, name: tabName(t.Name, taken), header: t.headerRow()}}
		if err := tw.write(z); err != nil {
			return err
		}
		tabs = append(tabs, tw.info)
	}
	if err := writeParts(z, tabs); err != nil {
		return err
	}
	return z.Close()
}

// headerRow is the number of the row with the column headers.
func (t Table) headerRow() int {
	n := 1 + len(t.Notes)
	if t.Title != "" {
		n++
	}
	if len(t.Filing) > 0 {
		n++
	}
	return n
}

// serialWidth is the width of the column that numbers the rows.
const serialWidth = 6

// first is the number of columns before those of the table.
func (t Table) first() int {
	if t.Serial != "" {
		return 1
	}
	return 0
}

// last is the position of the last column.
func (t Table) last() int { return t.first() + len(t.Columns) - 1 }

// tabInfo is what the rest of the archive needs to know about a tab.
type tabInfo struct {
	number   int
	name     string
	header   int // row number
	comments []comment
}

// comment is the comment of one cell.
type comment struct {
	row, col int // from 1 and from 0
	text     string
}

// tabWriter writes one worksheet part.
type tabWriter struct {
	table  Table
	info   tabInfo
	out    xmlSink
	row    int // number of the row written last
	sums   []int64
	holed  []bool   // columns with a withheld value: a sum of the rest would mislead
	merged []string // ranges of the filing line

	letters []string // of the columns
}

func (t *tabWriter) write(z *zip.Writer) error {
	part, err := z.Create("xl/worksheets/sheet" + strconv.Itoa(t.info.number) + ".xml")
	if err != nil {
		return err
	}
	whole := bufio.NewWriterSize(part, 64<<10) // the packer is slow with small pieces
	t.out.w = whole
	for i := range t.table.last() + 1 {
		t.letters = append(t.letters, columnLetters(i))
	}
	t.open()
	t.head()
	if err := t.body(); err != nil {
		return err
	}
	if err := t.total(); err != nil {
		return err
	}
	t.end()
	if t.out.err != nil {
		return t.out.err
	}
	return whole.Flush()
}

// open writes what stands before the rows: fit to page width, the frozen
// header, column widths.
func (t *tabWriter) open() {
	below := strconv.Itoa(t.info.header + 1)
	t.out.put(xmlHead, `<worksheet xmlns="`, nsMain, `" xmlns:r="`, nsRel, `"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`,
		`<sheetViews><sheetView workbookViewId="0"`)
	if t.info.number == 1 {
		t.out.put(` tabSelected="1"`)
	}
	t.out.put(`><pane ySplit="`, strconv.Itoa(t.info.header), `" topLeftCell="A`, below, `" activePane="bottomLeft" state="frozen"/>`,
		`<selection pane="bottomLeft" activeCell="A`, below, `" sqref="A`, below, `"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`)
	if t.table.Serial != "" {
		t.out.put(`<col min="1" max="1" width="`, strconv.Itoa(serialWidth), `" customWidth="1"/>`)
	}
	for i, c := range t.table.Columns {
		n := strconv.Itoa(i + 1 + t.table.first())
		t.out.put(`<col min="`, n, `" max="`, n, `" width="`, strconv.Itoa(c.width()), `" customWidth="1"/>`)
	}
	t.out.put(`</cols><sheetData>`)
}

// width is the given width, or one that shows the header (a Han letter is two
// characters wide) and a usual value of the kind.
func (c Column) width() int {
	if c.Width > 0 {
		return c.Width
	}
	n := 2
	for _, r := range c.Header {
		n++
		if r > 0x2E7F {
			n++
		}
	}
	return min(max(n, [kinds]int{10, 8, 15, 12, 10, 8}[c.Kind]), 60)
}

// head writes title, notes and column headers.
func (t *tabWriter) head() {
	if t.table.Title != "" {
		t.line(styleTitle, []string{t.table.Title})
	}
	t.filing()
	for _, n := range t.table.Notes {
		t.line(styleNote, []string{n})
	}
	var names []string
	if t.table.Serial != "" {
		names = append(names, t.table.Serial)
	}
	for _, c := range t.table.Columns {
		names = append(names, c.Header)
	}
	t.line(styleHeader, names)
}

// filing writes reporting unit, person and date on one line, each over its share
// of the columns; a narrow table has them behind each other.
func (t *tabWriter) filing() {
	parts := t.table.Filing
	if len(parts) == 0 {
		return
	}
	if t.table.last()+1 < 2*len(parts) {
		parts = []string{strings.Join(parts, "    ")}
	}
	t.begin()
	for i, text := range parts {
		from := i * (t.table.last() + 1) / len(parts)
		t.text(from, styleNote, text)
		if to := (i+1)*(t.table.last()+1)/len(parts) - 1; to > from {
			n := strconv.Itoa(t.row)
			t.merged = append(t.merged, columnLetters(from)+n+":"+columnLetters(to)+n)
		}
	}
	t.out.put(`</row>`)
}

// line writes a row of texts in one style.
func (t *tabWriter) line(style int, texts []string) {
	t.begin()
	for i, s := range texts {
		t.text(i, style, s)
	}
	t.out.put(`</row>`)
}

func (t *tabWriter) begin() {
	t.row++
	t.out.put(`<row r="`, strconv.Itoa(t.row), `">`)
}

func (t *tabWriter) ref(col int) string {
	if col < len(t.letters) {
		return t.letters[col] + strconv.Itoa(t.row)
	}
	return columnLetters(col) + strconv.Itoa(t.row)
}

func (t *tabWriter) text(col, style int, s string) {
	if s != "" {
		t.out.put(`<c r="`, t.ref(col), `" s="`, strconv.Itoa(style), `" t="inlineStr"><is><t xml:space="preserve">`, xmlText(s), `</t></is></c>`)
	}
}

func (t *tabWriter) number(col, style int, s string) {
	t.out.put(`<c r="`, t.ref(col), `" s="`, strconv.Itoa(style), `"><v>`, s, `</v></c>`)
}

// body writes the rows and keeps their sums.
func (t *tabWriter) body() error {
	first := t.table.first()
	t.sums, t.holed = make([]int64, len(t.table.Columns)), make([]bool, len(t.table.Columns))
	return t.table.records(func(n int, cells []outCell) error {
		if t.row+2 > MaxRows { // one row stays free for the totals
			return tooMany()
		}
		t.begin()
		if first > 0 {
			t.number(0, styleOf(IntColumn, 0), strconv.Itoa(n+1))
		}
		for i, c := range cells {
			if err := t.cell(i+first, c); err != nil {
				return err
			}
			t.sums[i] += c.n
			t.holed[i] = t.holed[i] || c.kind == TextColumn && c.text != "" && t.table.Columns[i].Kind != TextColumn
		}
		t.out.put(`</row>`)
		return t.out.err
	})
}

func (t *tabWriter) cell(col int, c outCell) error {
	style := styleOf(c.kind, c.level)
	if c.comment != "" {
		t.info.comments = append(t.info.comments, comment{t.row, col, c.comment})
	}
	switch {
	case c.text == "" && c.level != 0: // an empty cell shows its mark as well
		t.out.put(`<c r="`, t.ref(col), `" s="`, strconv.Itoa(style), `"/>`)
	case c.kind == DateColumn:
		t.number(col, style, strconv.Itoa(c.serial))
	case c.kind == percentCell:
		t.number(col, style, hundredths(c.text))
	case c.kind != TextColumn:
		t.number(col, style, c.text)
	case len(c.text) > maxCellText && len(cutUnits(c.text, maxCellText)) < len(c.text):
		return fmt.Errorf("sheet: a text of %d bytes does not fit a cell of %q", len(c.text), t.table.Columns[col-t.table.first()].Header)
	case c.level == 0 && dangerous(c.text):
		t.text(col, styleQuoted, c.text)
	default:
		t.text(col, style, c.text)
	}
	return nil
}

// total writes the totals row: formulas, so that a filter or a correction in the
// file shows, with the results already in place for viewers that do not calculate.
// Totals the caller counted must be what the formula gives; a total that is no
// sum, of distinct persons for example, stands as the number it is.
func (t *tabWriter) total() error {
	from, last := t.info.header+1, t.row
	if t.table.Total == "" || last < from {
		return nil
	}
	first := t.table.first()
	t.begin()
	t.text(0, styleTotal, t.table.Total)
	for i, c := range t.table.Columns {
		if i+first == 0 {
			continue
		}
		var counted outCell
		if i < len(t.table.Totals) {
			var err error
			if counted, err = outCellOf(c, t.table.Totals[i]); err != nil {
				return err
			}
		}
		number := c.Kind == IntColumn || c.Kind == MoneyColumn || c.Kind == FigureColumn
		style := strconv.Itoa(styleTotal + int(c.Kind))
		switch {
		case number && c.Sum && !t.holed[i] && (counted.kind == c.Kind || counted.text == ""):
			if counted.text != "" && counted.n != t.sums[i] {
				return fmt.Errorf("sheet: the total of %q is %d, its rows add up to %d", c.Header, counted.n, t.sums[i])
			}
			col, value := columnLetters(i+first), strconv.FormatInt(t.sums[i], 10)
			switch c.Kind {
			case MoneyColumn:
				value = plainFen(t.sums[i])
			case FigureColumn:
				value = unscaled(t.sums[i], sumDigits)
			}
			t.out.put(`<c r="`, t.ref(i+first), `" s="`, style, `"><f>SUM(`, col, strconv.Itoa(from), `:`, col, strconv.Itoa(last), `)</f><v>`, value, `</v></c>`)
		case counted.text != "" && counted.kind != TextColumn && number:
			t.out.put(`<c r="`, t.ref(i+first), `" s="`, style, `"><v>`, counted.text, `</v></c>`)
		case counted.text != "" && i+first > 0:
			t.text(i+first, styleTotal, counted.text)
		}
	}
	t.out.put(`</row>`)
	return nil
}

// end writes what stands after the rows: merged title lines, paper, comments.
func (t *tabWriter) end() {
	t.out.put(`</sheetData>`)
	t.merges()
	t.out.put(`<pageMargins left="0.55" right="0.55" top="0.63" bottom="0.63" header="0.3" footer="0.3"/>`,
		`<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>`)
	if len(t.info.comments) > 0 {
		t.out.put(`<legacyDrawing r:id="rId1"/>`)
	}
	t.out.put(`</worksheet>`)
}

// merges joins the cells of title, filing line and notes.
func (t *tabWriter) merges() {
	filing := 0
	if len(t.table.Filing) > 0 {
		filing = 1
		if t.table.Title != "" {
			filing = 2
		}
	}
	ranges := t.merged
	for r := 1; r < t.info.header && t.table.last() > 0; r++ {
		if r != filing {
			n := strconv.Itoa(r)
			ranges = append(ranges, "A"+n+":"+columnLetters(t.table.last())+n)
		}
	}
	if len(ranges) == 0 {
		return
	}
	t.out.put(`<mergeCells count="`, strconv.Itoa(len(ranges)), `">`)
	for _, r := range ranges {
		t.out.put(`<mergeCell ref="`, r, `"/>`)
	}
	t.out.put(`</mergeCells>`)
}

// hundredths is a number divided by a hundred, without a float.
func hundredths(v string) string {
	whole, frac, _ := strings.Cut(v, ".")
	sign := ""
	if rest, minus := strings.CutPrefix(whole, "-"); minus {
		sign, whole = "-", rest
	}
	whole = strings.Repeat("0", max(0, 3-len(whole))) + whole
	return sign + strings.TrimSuffix(strings.TrimRight(whole[:len(whole)-2]+"."+whole[len(whole)-2:]+frac, "0"), ".")
}

// xmlText escapes a text for XML and for Excel: characters XML forbids become
// U+FFFD, and a literal _x0041_ is kept from being read as an escape of "A".
func xmlText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\r':
			b.WriteString("&#13;")
		case r == '_' && escapeLike(s[i:]):
			b.WriteString("_x005F_")
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLike reports whether a text starts like _xHHHH_.
func escapeLike(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}
