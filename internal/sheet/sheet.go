// Package sheet reads and writes spreadsheets: workbooks (.xlsx) and CSV.
//
// Reading is a stream: a row is handed on as soon as it has been read, and no
// more than one row, the shared strings and the merged ranges are in memory.
// The excelize library keeps whole sheets (its merged-cell call alone took
// 799 MB for 50,000 rows), so it is used for writing only. Nothing touches the
// disk. Every file is treated as hostile: sizes, ratios, counts and token
// lengths have limits that are checked before memory is spent.
package sheet

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Limits of the spreadsheet format itself (Excel 2007 and later).
const (
	MaxColumns = 16384
	MaxRows    = 1048576
)

// Options are the limits for a file of unknown origin. Zero fields take the
// values of [DefaultOptions].
type Options struct {
	MaxBytes    int64 // size of the file
	MaxRatio    int64 // unpacked : packed, per part of the archive
	MaxUnzipped int64 // unpacked size of all parts
}

// DefaultOptions are the limits of an upload.
func DefaultOptions() Options {
	return Options{MaxBytes: 50 << 20, MaxRatio: 200, MaxUnzipped: 2 << 30}
}

func (o Options) orDefault() Options {
	d := DefaultOptions()
	if o.MaxBytes > 0 {
		d.MaxBytes = o.MaxBytes
	}
	if o.MaxRatio > 0 {
		d.MaxRatio = o.MaxRatio
	}
	if o.MaxUnzipped > 0 {
		d.MaxUnzipped = o.MaxUnzipped
	}
	return d
}

// Kind is what a cell holds.
type Kind uint8

// The kinds of cells. A formula has the kind of its saved result.
const (
	Empty   Kind = iota
	Text         // text, also every cell of a CSV file
	Number       // a number; with Cell.Date it is a day serial
	Bool         // "1" or "0"
	Failure      // #REF!, #N/A and the like
)

// Cell is one cell that is not blank.
type Cell struct {
	Col     int    // from 0
	Kind    Kind   //
	Text    string // the value; numbers as plain decimal text, see Decimal
	Raw     string // the value exactly as the file has it
	Date    bool   // the number format shows a date
	Formula bool   // the value is the saved result of a formula
}

// Row is one row with at least one cell. Cells are valid until the next row is
// read; their texts stay valid.
type Row struct {
	Number int // as Excel shows it, from 1
	Cells  []Cell
}

// Range is a block of merged cells; rows from 1, columns from 0, inclusive.
type Range struct{ FirstRow, LastRow, FirstCol, LastCol int }

// Workbook is an opened file. It is for one goroutine at a time.
type Workbook struct {
	sheets   []*Sheet
	date1904 bool
	closer   io.Closer
}

// Sheet is one tab.
type Sheet struct {
	name   string
	hidden bool
	book   *Workbook
	tab    tab
}

// tab is where a sheet's rows come from: a part of an archive, or a CSV file.
type tab interface {
	rows(ctx context.Context, yield func(Row) error) error
	merges(ctx context.Context) ([]Range, error)
	canMerge() bool
}

// Open opens a file by path. What the file is, is told by its content, never
// by its name.
func Open(path string, opts Options) (*Workbook, error) {
	f, err := os.Open(path) // #nosec G304 -- the file the operator named
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.sheet.unreadable", nil)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("a directory")
	}
	if err != nil {
		return nil, errors.Join(errs.Wrap(err, errs.Invalid, "error.sheet.unreadable", nil), f.Close())
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	wb, err := OpenReader(f, info.Size(), name, opts)
	if err != nil {
		// The refusal is what the caller must see; a failing close of a file
		// opened for reading adds nothing to it.
		_ = f.Close()
		return nil, err
	}
	wb.closer = f
	return wb, nil
}

// OpenReader opens a file that is already open, an upload for example. The name
// becomes the tab's name of a CSV file.
func OpenReader(r io.ReaderAt, size int64, name string, opts Options) (*Workbook, error) {
	opts = opts.orDefault()
	if size > opts.MaxBytes {
		return nil, errs.New(errs.TooLarge, "error.sheet.too_large", errs.Args{"mb": opts.MaxBytes >> 20})
	}
	form, err := recognise(r, size)
	if err != nil {
		return nil, err
	}
	if form == formText {
		return openText(r, size, name)
	}
	return openArchive(r, size, opts)
}

// Close ends reading.
func (w *Workbook) Close() error {
	if w.closer == nil {
		return nil
	}
	return w.closer.Close()
}

// Sheets lists the tabs in their order.
func (w *Workbook) Sheets() []*Sheet { return w.sheets }

// Date1904 reports whether day serials count from 1904 (old Macintosh files).
func (w *Workbook) Date1904() bool { return w.date1904 }

// Name is the tab's name.
func (s *Sheet) Name() string { return s.name }

// Hidden reports whether Excel hides the tab.
func (s *Sheet) Hidden() bool { return s.hidden }

// CanMerge reports whether the format knows merged cells; CSV does not.
func (s *Sheet) CanMerge() bool { return s.tab.canMerge() }

// Rows hands on every row that is not blank, in order. An error of yield ends
// the reading and is returned.
func (s *Sheet) Rows(ctx context.Context, yield func(Row) error) error {
	return s.tab.rows(ctx, yield)
}

// Merges lists the merged ranges by first row. They stand behind the rows in
// the file, so this is a pass of its own.
func (s *Sheet) Merges(ctx context.Context) ([]Range, error) { return s.tab.merges(ctx) }

// broken is the refusal of a file that is damaged or was made to look so.
func broken(cause error) error {
	return &errs.Error{Kind: errs.Invalid, Key: "error.sheet.broken", Cause: cause}
}

// passOn keeps refusals and the caller's cancellation as they are, and calls
// every other reading error a broken file.
func passOn(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	return broken(err)
}
