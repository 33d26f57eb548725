package sheet

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

const (
	maxMerges  = 1 << 20
	checkEvery = 1024 // rows between two looks at the context
)

var (
	errOrder  = errors.New("rows are not in order")
	errString = errors.New("shared string missing")
)

// source is what the tabs of one workbook share.
type source struct {
	archive *archive
	texts   *texts
	dates   []bool
}

// part is the tab kept in one part of the archive.
type part struct {
	src  *source
	name string
}

func (p *part) canMerge() bool { return true }

// rows streams sheetData.
func (p *part) rows(ctx context.Context, yield func(Row) error) (err error) {
	rc, err := p.src.archive.open(p.name)
	if err != nil {
		return err
	}
	defer func() { err = passOn(errors.Join(err, rc.Close())) }()
	w := &rowWalk{scanner: newScanner(rc), src: p.src, yield: yield}
	for {
		tok, err := w.next()
		if err != nil {
			return err
		}
		switch tok {
		case tokenEnd:
			return nil
		case tokenOpen:
			err = w.open()
		case tokenText:
			err = w.chars()
		case tokenClose:
			if string(w.name) == "sheetData" {
				return nil
			}
			err = w.close()
		}
		if err == nil && w.seen%checkEvery == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// rowWalk is the state while sheetData is read.
type rowWalk struct {
	*scanner
	src      *source
	yield    func(Row) error
	row      Row
	cell     Cell
	kind     string // the cell's t attribute, one of the known ones
	style    int
	value    []byte
	inValue  bool
	inCell   bool
	phonetic bool // inside a reading aid, which is not part of the text
	seen     int
}

func (w *rowWalk) open() error {
	switch string(w.name) {
	case "row":
		return w.openRow()
	case "c":
		return w.openCell()
	case "v", "t":
		w.inValue = w.inCell && !w.phonetic
	case "rPh":
		w.phonetic = true
	case "f":
		w.cell.Formula = true
	}
	return nil
}

func (w *rowWalk) openRow() error {
	w.seen++
	n := w.row.Number + 1
	if r := w.attr("r"); r != nil {
		var err error
		if n, err = strconv.Atoi(string(r)); err != nil {
			return err
		}
	}
	if n <= w.row.Number {
		return errOrder
	}
	if n > MaxRows {
		return errs.New(errs.Invalid, "error.sheet.too_many_rows", errs.Args{"max": MaxRows})
	}
	w.row = Row{Number: n, Cells: w.row.Cells[:0]}
	w.cell = Cell{Col: -1}
	return nil
}

func (w *rowWalk) openCell() error {
	if w.row.Number == 0 {
		return errSyntax
	}
	col := w.cell.Col + 1
	if r := w.attr("r"); r != nil {
		var ok bool
		if col, ok = column(r); !ok {
			return errSyntax
		}
	}
	if col >= MaxColumns {
		return errs.New(errs.Invalid, "error.sheet.too_many_columns", errs.Args{"max": MaxColumns})
	}
	if col <= w.cell.Col {
		return errOrder
	}
	w.cell = Cell{Col: col}
	w.style = 0
	if f := w.attr("s"); f != nil {
		w.style, _ = strconv.Atoi(string(f)) // nonsense means the first format
	}
	w.kind = cellType(w.attr("t"))
	w.value = w.value[:0]
	w.inCell, w.inValue = true, false
	return nil
}

// cellType keeps the known spellings as constants, so no string is made.
func cellType(t []byte) string {
	for _, known := range []string{"s", "str", "inlineStr", "b", "e", "d"} {
		if string(t) == known {
			return known
		}
	}
	return "n"
}

// column reads the letters of a reference: A is 0, AB is 27.
func column(ref []byte) (int, bool) {
	n := 0
	for i, c := range ref {
		switch {
		case c >= 'A' && c <= 'Z' && i < 4:
			n = n*26 + int(c-'A') + 1
		case c >= '0' && c <= '9' && i > 0:
			return n - 1, true
		default:
			// More letters than any format allows: too wide, not unreadable.
			return MaxColumns, i >= 4
		}
	}
	return 0, false
}

func (w *rowWalk) chars() error {
	if !w.inValue {
		return nil
	}
	var err error
	w.value, err = w.appendText(w.value)
	return err
}

func (w *rowWalk) close() error {
	switch string(w.name) {
	case "v", "t":
		w.inValue = false
	case "rPh":
		w.phonetic = false
	case "c":
		w.inCell = false
		return w.closeCell()
	case "row":
		if len(w.row.Cells) == 0 {
			return nil
		}
		return w.yield(w.row)
	}
	return nil
}

// closeCell turns the collected value into a cell; blank cells are dropped,
// except formulas without a saved result, which somebody has to be told about.
func (w *rowWalk) closeCell() error {
	c := &w.cell
	if len(w.value) == 0 && !c.Formula {
		return nil
	}
	switch w.kind {
	case "s":
		i, err := strconv.Atoi(string(w.value))
		if err != nil {
			return err
		}
		text, ok := w.src.texts.at(i)
		if !ok {
			return errString
		}
		c.Kind, c.Raw = Text, text
	case "str", "inlineStr":
		c.Kind, c.Raw = Text, string(w.value)
	case "b":
		c.Kind, c.Raw = Bool, string(w.value)
	case "e":
		c.Kind, c.Raw = Failure, string(w.value)
	case "d":
		c.Kind, c.Raw, c.Date = Text, string(w.value), true
	default:
		c.Kind, c.Raw = Number, string(w.value)
		c.Date = w.style >= 0 && w.style < len(w.src.dates) && w.src.dates[w.style]
	}
	c.Text = c.Raw
	switch {
	case c.Raw == "":
		c.Kind = Empty
		if !c.Formula {
			return nil
		}
	case c.Kind == Number:
		c.Text, _ = Decimal(c.Raw)
	case c.Kind == Text:
		c.Raw = unescapeControl(c.Raw)
		c.Text = c.Raw
	}
	w.row.Cells = append(w.row.Cells, *c)
	return nil
}

// unescapeControl reads _x000D_ and its like, the format's way to write
// characters XML cannot carry.
func unescapeControl(s string) string {
	i := strings.Index(s, "_x")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "_x") {
		if i+7 <= len(s) && s[i+6] == '_' {
			if n, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				b.WriteString(s[:i])
				b.WriteRune(rune(n))
				s = s[i+7:]
				continue
			}
		}
		b.WriteString(s[:i+2])
		s = s[i+2:]
	}
	return b.String() + s
}

// merges reads the merged ranges, which stand behind the rows.
func (p *part) merges(ctx context.Context) (found []Range, err error) {
	rc, err := p.src.archive.open(p.name)
	if err != nil {
		return nil, err
	}
	defer func() { err = passOn(errors.Join(err, rc.Close())) }()
	s := newScanner(rc)
	for n := 0; ; n++ {
		tok, err := s.next()
		if err == nil && n%(1<<16) == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if tok == tokenEnd || tok == tokenClose && string(s.name) == "mergeCells" {
			slices.SortFunc(found, func(a, b Range) int {
				if a.FirstRow != b.FirstRow {
					return a.FirstRow - b.FirstRow
				}
				return a.FirstCol - b.FirstCol
			})
			return found, nil
		}
		if tok != tokenOpen || string(s.name) != "mergeCell" {
			continue
		}
		r, ok := parseRange(string(s.attr("ref")))
		if !ok {
			return nil, errSyntax
		}
		if len(found) >= maxMerges {
			return nil, bomb()
		}
		found = append(found, r)
	}
}

// parseRange reads A5:B6; a single cell is a range of one.
func parseRange(ref string) (Range, bool) {
	from, to, two := strings.Cut(ref, ":")
	if !two {
		to = from
	}
	c1, r1, ok1 := parseRef(from)
	c2, r2, ok2 := parseRef(to)
	if !ok1 || !ok2 || r2 < r1 || c2 < c1 {
		return Range{}, false
	}
	return Range{r1, r2, c1, c2}, true
}

func parseRef(ref string) (col, row int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	col, ok = column([]byte(ref))
	if !ok || col >= MaxColumns {
		return 0, 0, false
	}
	row, err := strconv.Atoi(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	return col, row, err == nil && row >= 1 && row <= MaxRows
}
