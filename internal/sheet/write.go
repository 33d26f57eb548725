package sheet

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Book is a workbook to be written: one table a tab.
type Book struct {
	Tables []Table
}

// Table is one tab, or one CSV file. Rows are pulled while the file is being
// written, so a table of any length needs the memory of one row; an error ends
// the file and comes back from the writer.
type Table struct {
	Name    string   // of the tab; what Excel does not allow is replaced
	Title   string   // merged over the columns; empty: none
	Filing  []string // on one line under the title: reporting unit, made by, date
	Notes   []string // lines of their own under that
	Serial  string   // header of a first column that numbers the rows; empty: none
	Columns []Column
	Rows    iter.Seq2[Record, error]
	Total   string // label of the totals row; empty: none
	Totals  Record // what the totals row has to say, for the columns without a sum too
}

// Withheld is a value that may not be shown, in any column; the text stands for it.
type Withheld string

// Column is one column of a table.
type Column struct {
	Header string
	Kind   ColumnKind
	Width  int  // in characters; 0: chosen from the header and kind
	Sum    bool // has a sum in the totals row; never for distinct persons
}

// ColumnKind says what a column holds, and so which Go type its values have.
type ColumnKind uint8

// The kinds of columns. A nil value is an empty cell in all of them.
const (
	TextColumn   ColumnKind = iota // string; identity and case numbers too
	IntColumn                      // int or int64
	MoneyColumn                    // money.Fen, written in yuan
	DateColumn                     // clock.Date
	FigureColumn                   // Figure
	percentCell                    // of a Percent; no column is only of those

	kinds = iota
)

// Figure is a number in plain spelling, such as -12.5: it never becomes a float on
// its way into a file. A column of texts may hold some too.
type Figure string

// Percent is such a number of hundredths: 12.5 is 12.5 %. It stands in a column of texts.
type Percent string

// sumDigits is how many decimals of a number are added up.
const sumDigits = 4

// Record is one row of values, in the order of the columns. A value may be
// wrapped in a [Mark].
type Record []any

// Level is how a marked cell is coloured.
type Level uint8

// The levels of marks.
const (
	MarkError Level = iota + 1
	MarkWarning
)

// Mark is a value whose cell is coloured and carries a comment, to give refused
// rows back to the person who sent them. In CSV the comment is left out.
type Mark struct {
	Value   any
	Level   Level
	Comment string
}

// Excel's limits for one cell and for the name of a tab, in UTF-16 units.
const (
	maxCellText = 32767
	maxTabName  = 31
)

// tooMany is the answer to a table no spreadsheet can hold.
func tooMany() error {
	return errs.New(errs.TooLarge, "error.export.rows", errs.Args{"max": strconv.Itoa(MaxRows)})
}

// outCell is a value brought into the form both writers need.
type outCell struct {
	kind    ColumnKind
	text    string // of text columns; of others the plain spelling
	serial  int    // of dates Excel can hold, else 0
	level   Level
	comment string
	n       int64 // of numbers, for the totals
}

// excelDayZero is the day before the first day of Excel's serial numbers, with
// the invented 29 February 1900 taken into account; earlier days than
// excelFirst are written as text.
var (
	excelDayZero = clock.MustDate(1899, 12, 30)
	excelFirst   = clock.MustDate(1900, 3, 1)
)

// outCellOf checks that a value is of its column's type. A wrong type is a mistake
// of the caller, not of the data.
func outCellOf(col Column, v any) (outCell, error) {
	c := outCell{kind: col.Kind}
	if m, ok := v.(Mark); ok {
		c.level, c.comment, v = m.Level, m.Comment, m.Value
		if s, isText := v.(string); isText {
			c.kind, c.text = TextColumn, s // what could not be read stays as it was typed
			return c, nil
		}
	}
	if v == nil {
		c.kind = TextColumn
		return c, nil
	}
	switch v := v.(type) {
	case Withheld:
		c.kind, c.text = TextColumn, string(v)
		return c, nil
	case string:
		c.text = v
		return c, col.expect(TextColumn, v)
	case int:
		c.n, c.text = int64(v), strconv.Itoa(v)
		return c, col.expect(IntColumn, v)
	case int64:
		c.n, c.text = v, strconv.FormatInt(v, 10)
		return c, col.expect(IntColumn, v)
	case money.Fen:
		c.n, c.text = int64(v), v.Plain()
		return c, col.expect(MoneyColumn, v)
	case Figure:
		c.kind, c.text, c.n = FigureColumn, string(v), scaled(string(v), sumDigits)
		if col.Kind == TextColumn { // it looks as its neighbours of other columns do
			c.kind, col.Kind = looksOf(string(v)), FigureColumn
		}
		return c, cmp.Or(numeral(col, string(v)), col.expect(FigureColumn, v))
	case Percent:
		c.kind, c.text = percentCell, string(v)
		return c, cmp.Or(numeral(col, string(v)), col.expect(TextColumn, v))
	case clock.Date:
		c.text = v.String()
		switch {
		case v.IsZero() || v.Before(excelFirst):
			c.kind = TextColumn
		default:
			c.serial = v.DaysSince(excelDayZero)
		}
		return c, col.expect(DateColumn, v)
	}
	return c, col.expect(^ColumnKind(0), v)
}

// plainNumber is the one spelling of a [Figure].
var plainNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

// numeral refuses what a spreadsheet could not read as a number.
func numeral(col Column, v string) error {
	if !plainNumber.MatchString(v) {
		return fmt.Errorf("sheet: %q in column %q is no number", v, col.Header)
	}
	return nil
}

// looksOf is the kind a number is formatted as: a whole one as a count, one with two
// decimals as an amount.
func looksOf(v string) ColumnKind {
	switch _, frac, _ := strings.Cut(v, "."); len(frac) {
	case 0:
		return IntColumn
	case 2:
		return MoneyColumn
	}
	return FigureColumn
}

// scaled is a number as a whole one with the last digits behind the point.
func scaled(v string, digits int) int64 {
	whole, frac, _ := strings.Cut(v, ".")
	frac += strings.Repeat("0", digits)
	n, err := strconv.ParseInt(whole+frac[:digits], 10, 64)
	if err != nil { // too long a number; its column is summed by the formula alone
		return 0
	}
	return n
}

// unscaled writes such a whole number again.
func unscaled(n int64, digits int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%0*d", digits+1, n)
	return sign + strings.TrimSuffix(strings.TrimRight(s[:len(s)-digits]+"."+s[len(s)-digits:], "0"), ".")
}

func (c Column) expect(kind ColumnKind, v any) error {
	if c.Kind != kind {
		return fmt.Errorf("sheet: column %q cannot hold %T", c.Header, v)
	}
	return nil
}

// records pulls the rows, checks their width and hands out their cells.
func (t Table) records(yield func(row int, cells []outCell) error) error {
	if t.Rows == nil {
		return nil
	}
	cells, row := make([]outCell, len(t.Columns)), 0
	for rec, err := range t.Rows {
		if err != nil {
			return err
		}
		if len(rec) != len(t.Columns) {
			return fmt.Errorf("sheet: %d values for %d columns of %q", len(rec), len(t.Columns), t.Name)
		}
		for i, v := range rec {
			if cells[i], err = outCellOf(t.Columns[i], v); err != nil {
				return err
			}
		}
		if err := yield(row, cells); err != nil {
			return err
		}
		row++
	}
	return nil
}

// Records makes the row iterator of rows already in memory.
func Records(rows []Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// dangerous reports whether a spreadsheet might read a text as a formula, or
// strip the character that hides one: the signs of OWASP's list, what is only
// another shape of them (Excel takes the full-width ones in East Asian locales),
// tab and line ends.
func dangerous(s string) bool {
	if s == "" {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsAny(norm.NFKC.String(string(r)), "=+-@\t\r\n")
}

// tabName makes a name Excel accepts, different from those taken.
func tabName(name string, taken map[string]bool) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`[]:*?/\`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(strings.TrimSpace(name), "'")
	if name == "" {
		name = "1"
	}
	base := cutUnits(name, maxTabName)
	for n := 2; taken[strings.ToLower(base)]; n++ {
		suffix := " " + strconv.Itoa(n)
		base = cutUnits(name, maxTabName-len(suffix)) + suffix
	}
	taken[strings.ToLower(base)] = true
	return base
}

// cutUnits shortens to n UTF-16 units, the measure of Excel's limits.
func cutUnits(s string, n int) string {
	for i, r := range s {
		n--
		if r > 0xFFFF {
			n--
		}
		if n < 0 {
			return s[:i]
		}
	}
	return s
}

// columnLetters is A, B … Z, AA for 0, 1 … 25, 26.
func columnLetters(i int) string {
	var b []byte
	for i++; i > 0; i = (i - 1) / 26 {
		b = append([]byte{byte('A' + (i-1)%26)}, b...)
	}
	return string(b)
}

// xmlSink remembers the first write error, so that the long run of small writes
// reads as a list.
type xmlSink struct {
	w   io.Writer
	err error
}

func (s *xmlSink) put(parts ...string) {
	for _, p := range parts {
		if s.err == nil {
			_, s.err = io.WriteString(s.w, p)
		}
	}
}
