package sheet

import (
	"archive/zip"
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
	return n
}

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
	table Table
	info  tabInfo
	out   xmlSink
	row   int // number of the row written last
	sums  []int64
}

func (t *tabWriter) write(z *zip.Writer) error {
	part, err := z.Create("xl/worksheets/sheet" + strconv.Itoa(t.info.number) + ".xml")
	if err != nil {
		return err
	}
	t.out.w, t.sums = part, make([]int64, len(t.table.Columns))
	t.open()
	t.head()
	if err := t.body(); err != nil {
		return err
	}
	t.total()
	t.end()
	return t.out.err
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
	for i, c := range t.table.Columns {
		n := strconv.Itoa(i + 1)
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
	return min(max(n, []int{10, 8, 15, 12}[c.Kind]), 60)
}

// head writes title, notes and column headers.
func (t *tabWriter) head() {
	if t.table.Title != "" {
		t.line(styleTitle, []string{t.table.Title})
	}
	for _, n := range t.table.Notes {
		t.line(styleNote, []string{n})
	}
	names := make([]string, len(t.table.Columns))
	for i, c := range t.table.Columns {
		names[i] = c.Header
	}
	t.line(styleHeader, names)
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

func (t *tabWriter) ref(col int) string { return columnLetters(col) + strconv.Itoa(t.row) }

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
	return t.table.records(func(_ int, cells []outCell) error {
		if t.row+2 > MaxRows { // one row stays free for the totals
			return tooMany()
		}
		t.begin()
		for i, c := range cells {
			if err := t.cell(i, c); err != nil {
				return err
			}
			t.sums[i] += c.n
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
	case c.kind != TextColumn:
		t.number(col, style, c.text)
	case len(c.text) > maxCellText && len(cutUnits(c.text, maxCellText)) < len(c.text):
		return fmt.Errorf("sheet: a text of %d bytes does not fit a cell of %q", len(c.text), t.table.Columns[col].Header)
	case c.level == 0 && dangerous(c.text):
		t.text(col, styleQuoted, c.text)
	default:
		t.text(col, style, c.text)
	}
	return nil
}

// total writes the totals row: formulas, so that a filter or a correction in
// the file shows, with the results already in place for viewers that do not
// calculate.
func (t *tabWriter) total() {
	first, last := t.info.header+1, t.row
	if t.table.Total == "" || last < first {
		return
	}
	t.begin()
	t.text(0, styleTotal, t.table.Total)
	for i, c := range t.table.Columns {
		if i == 0 || !c.Sum || c.Kind != IntColumn && c.Kind != MoneyColumn {
			continue
		}
		col, value := columnLetters(i), strconv.FormatInt(t.sums[i], 10)
		if c.Kind == MoneyColumn {
			value = plainFen(t.sums[i])
		}
		t.out.put(`<c r="`, t.ref(i), `" s="`, strconv.Itoa(styleTotal+int(c.Kind)), `"><f>SUM(`, col, strconv.Itoa(first), `:`, col, strconv.Itoa(last),
			`)</f><v>`, value, `</v></c>`)
	}
	t.out.put(`</row>`)
}

// end writes what stands after the rows: merged title lines, paper, comments.
func (t *tabWriter) end() {
	t.out.put(`</sheetData>`)
	if merged := t.info.header - 1; merged > 0 && len(t.table.Columns) > 1 {
		t.out.put(`<mergeCells count="`, strconv.Itoa(merged), `">`)
		for r := 1; r <= merged; r++ {
			n := strconv.Itoa(r)
			t.out.put(`<mergeCell ref="A`, n, `:`, columnLetters(len(t.table.Columns)-1), n, `"/>`)
		}
		t.out.put(`</mergeCells>`)
	}
	t.out.put(`<pageMargins left="0.55" right="0.55" top="0.63" bottom="0.63" header="0.3" footer="0.3"/>`,
		`<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>`)
	if len(t.info.comments) > 0 {
		t.out.put(`<legacyDrawing r:id="rId1"/>`)
	}
	t.out.put(`</worksheet>`)
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
