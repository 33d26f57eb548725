// Package history turns the programme office's old ledgers into facts.
//
// An office keeps one sheet per programme: a title, who filled it in and when,
// a header of one to three rows with merged cells, one row per operation,
// totals, remarks. This package finds the header, maps its columns to fields,
// brings every spelling to one form, checks each row and joins rows to
// treatments. It says at most one thing per row, and what is wrong with many
// rows once per sheet.
//
// It is pure: sheets come in through [Source] row by row, facts and messages
// go out as values. A row with an error is refused until it is mended and is in
// no total; everything else is taken, because what has happened to a patient is
// recorded even where it is strange.
package history

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
)

// CellKind is what a cell of a source holds.
type CellKind uint8

// The kinds of cells.
const (
	Blank   CellKind = iota // also a formula without a saved result
	Text                    //
	Number                  // Text is plain decimal text, never more than the file said
	Bool                    //
	Failure                 // #REF! and the like
)

// Cell is one cell of a source.
type Cell struct {
	Col     int // from 0
	Kind    CellKind
	Text    string
	Raw     string // as stored; tells 1.2E+17 from the digits it stands for
	Date    bool   // a number that is shown as a day
	Formula bool
}

// Row is one row of a source; its cells are valid until the next row.
type Row struct {
	Number int // as the spreadsheet shows it, from 1
	Cells  []Cell
}

// Range is a block of merged cells; rows from 1, columns from 0, inclusive.
type Range struct{ FirstRow, LastRow, FirstCol, LastCol int }

// Source is one sheet, read as a stream.
type Source interface {
	// Name is the tab's name.
	Name() string
	// Date1904 reports whether day serials count from 1904.
	Date1904() bool
	// Merges lists the merged ranges, ordered by first row.
	Merges(ctx context.Context) ([]Range, error)
	// Rows hands on every row that is not blank, in order.
	Rows(ctx context.Context, yield func(Row) error) error
}

// Options is what the caller knows.
type Options struct {
	Today clock.Date
	// Hospitals maps spellings to the name they stand for. Names of known
	// hospitals map to themselves. Spellings are compared by HospitalKey.
	Hospitals map[string]string
	// Categories maps learned spellings of beneficiary categories to what they
	// mean. Spellings are compared by CategoryKey.
	Categories map[string]terminology.Category
	// Mappings replace what the header finder would do; see Mapping.
	Mappings []Mapping
	// MaxMessages is how many refused rows of one sheet, and how many rows with
	// one kind of warning, are kept; 0 is DefaultMaxMessages. More of them say
	// that the sheet was misread, and would only fill the memory.
	MaxMessages int
}

// DefaultMaxMessages is the limit of Options.MaxMessages.
const DefaultMaxMessages = 50_000

// Level says what becomes of a row.
type Level string

// The levels.
const (
	LevelError   Level = "error"   // refused until mended, in no total
	LevelWarning Level = "warning" // taken and flagged
	LevelSkip    Level = "skip"    // not data
)

// Issue is one thing said about a row. Column is the index of the cell it is
// about, or -1.
type Issue struct {
	Level  Level
	Key    string
	Args   errs.Args
	Column int
}

// RowMessage is all that is said about a row, the most important first.
type RowMessage struct {
	Row    int
	Level  Level // the gravest of the issues
	Issues []Issue
}

// Text is the one sentence for the row.
func (m RowMessage) Text(p i18n.Printer) string {
	text := ""
	for i, issue := range m.Issues {
		if i > 0 {
			text += p.T("history.joint")
		}
		text += p.Say(issue.Key, issue.Args)
	}
	return text
}

// Note is what is said once about a sheet.
type Note struct {
	Level Level // LevelError: nothing of the sheet (or block) was taken
	Key   string
	Args  errs.Args
}

// Unknown is a spelling nobody has mapped yet. It costs no row.
type Unknown struct {
	Text       string
	Count      int
	Suggestion string // a longer name in the book or the directory that ends the same way
}

// Change is a kind of change that loses nothing.
type Change string

// The changes, counted per sheet.
const (
	ChangeWidth     Change = "width"     // full-width digits and letters
	ChangeSpace     Change = "space"     // inner, outer and invisible spaces
	ChangeCase      Change = "case"      // x for X
	ChangeDate      Change = "date"      // another spelling of a day
	ChangeAmount    Change = "amount"    // thousands comma, currency sign, unit
	ChangeNoise     Change = "noise"     // 7487.5400000000009
	ChangeHospital  Change = "hospital"  // a known alias
	ChangeCategory  Change = "category"  // a known alias
	ChangeOperation Change = "operation" // a known alias, or the side taken from the name
	ChangeCarried   Change = "carried"   // patient cells left blank or marked "ditto"
)

// SheetResult is what one sheet holds.
type SheetResult struct {
	Sheet     string
	Title     string
	Programme procedure.Programme // of the first block; rows decide for themselves
	FilledOn  clock.Date          // 填报日期

	// Totals of the rows without an error.
	Patients     int
	PersonTimes  int
	Procedures   int
	TotalFen     money.Fen
	InsuranceFen money.Fen // basic + critical illness + medical assistance
	OtherFen     money.Fen
	ReductionFen money.Fen
	NetFen       money.Fen

	DataRows          int
	Rows              []RowMessage
	Notes             []Note
	Normalised        map[Change]int
	UnknownHospitals  []Unknown
	UnknownCategories []Unknown
	Blocks            []Mapping // one per header found, as used
	Treatments        []*Treatment
}

// Count is the number of rows with a message of a level.
func (r *SheetResult) Count(level Level) int {
	n := 0
	for _, m := range r.Rows {
		if m.Level == level {
			n++
		}
	}
	return n
}

// Book is a whole file.
type Book struct {
	Sheets []*SheetResult
	// Persons is the number of distinct people in all sheets.
	Persons int
}

// Interpret reads all sheets. It fails only when a source fails or the context
// ends; whatever the sheets say comes back as messages.
func Interpret(ctx context.Context, sources []Source, opts Options) (*Book, error) {
	reg := newRegistry(opts)
	book := &Book{}
	for _, src := range sources {
		run, err := readSheet(ctx, src, reg)
		if err != nil {
			return nil, err
		}
		book.Sheets = append(book.Sheets, run.finish())
	}
	book.Persons = reg.accepted()
	for _, s := range book.Sheets {
		reg.suggest(s)
	}
	return book, nil
}
