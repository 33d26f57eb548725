package sheet

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/xuri/excelize/v2"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// MaxReturned bounds the rows of a returned workbook: cells with comments are
// kept in memory until it is written, and nobody mends more by hand at a time.
const MaxReturned = 20000

// ReturnedRow is one row to hand back to the office. Without a message it is
// copied as it is: titles and headers.
type ReturnedRow struct {
	Sheet   string
	Row     int
	Message string
	Columns []int // cells the message is about, from 0; none colours the row
}

// fills of a returned workbook: what has to be mended, and the rest of its row.
const (
	fillWrong = "FFC7CE"
	fillRow   = "FFF4E5"
)

// WriteReturned writes the chosen rows of a workbook with the wrong cells
// coloured and the message as a comment. The layout stays, so that the mended
// file can be imported again: merged cells whose rows all come along stay
// merged, others are filled into each row. It returns the number of rows with a
// message that were written.
func WriteReturned(ctx context.Context, w io.Writer, src *Workbook, rows []ReturnedRow) (n int, err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	out := &returned{f: f}
	if err := out.newStyles(); err != nil {
		return 0, err
	}
	for i, s := range src.Sheets() {
		out.rows = map[int]ReturnedRow{}
		for _, r := range rows {
			if r.Sheet == s.Name() && (r.Message == "" || n < MaxReturned) {
				out.rows[r.Row] = r
				if r.Message != "" {
					n++
				}
			}
		}
		if len(out.rows) == 0 {
			continue
		}
		if err := out.sheet(ctx, s, i); err != nil {
			return 0, err
		}
	}
	if !out.any {
		return 0, errs.New(errs.Precondition, "error.sheet.nothing_returned", nil)
	}
	return n, f.Write(w)
}

// returned is the workbook being made.
type returned struct {
	f      *excelize.File
	any    bool
	styles map[styleKey]int
	name   string
	rows   map[int]ReturnedRow
	at     map[int]int // row of the source → row written
}

type styleKey struct {
	fill string
	date bool
}

// newStyles makes the few styles there are.
func (o *returned) newStyles() error {
	o.styles = map[styleKey]int{{}: 0}
	format := "yyyy-mm-dd"
	for _, fill := range []string{"", fillRow, fillWrong} {
		for _, date := range []bool{false, true} {
			if fill == "" && !date {
				continue
			}
			style := &excelize.Style{}
			if fill != "" {
				style.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}}
			}
			if date {
				style.CustomNumFmt = &format
			}
			id, err := o.f.NewStyle(style)
			if err != nil {
				return err
			}
			o.styles[styleKey{fill, date}] = id
		}
	}
	return nil
}

// sheet copies the chosen rows of one tab.
func (o *returned) sheet(ctx context.Context, s *Sheet, index int) error {
	if err := o.open(s.Name(), index); err != nil {
		return err
	}
	o.place()
	merges, err := s.Merges(ctx)
	if err != nil {
		return err
	}
	fillIn, err := o.merge(merges)
	if err != nil {
		return err
	}
	top := map[[2]int]Cell{}
	err = s.Rows(ctx, func(r Row) error {
		for _, c := range r.Cells {
			if _, wanted := fillIn[[2]int{r.Number, c.Col}]; wanted {
				top[[2]int{r.Number, c.Col}] = c
			}
			if to, ok := o.at[r.Number]; ok {
				if err := o.cell(to, c, o.rows[r.Number]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for from, targets := range fillIn {
		c, ok := top[from]
		for _, row := range targets {
			if !ok {
				continue
			}
			if err := o.cell(o.at[row], c, o.rows[row]); err != nil {
				return err
			}
		}
	}
	return o.comments()
}

// open makes the tab; the first one takes the place of the library's own.
func (o *returned) open(name string, index int) error {
	o.name = name
	if !validTab(name) {
		o.name = "Sheet" + string(rune('1'+index%9))
	}
	if !o.any {
		o.any = true
		return o.f.SetSheetName(o.f.GetSheetName(0), o.name)
	}
	_, err := o.f.NewSheet(o.name)
	return err
}

// validTab reports whether Excel takes the name; a CSV file's name may be longer.
func validTab(name string) bool {
	return name != "" && len([]rune(name)) <= 31 && !slices.ContainsFunc([]rune(name), func(r rune) bool {
		return slices.Contains([]rune(`:\/?*[]'`), r)
	})
}

// place closes the rows up, in their order.
func (o *returned) place() {
	o.at = map[int]int{}
	for i, row := range slices.Sorted(maps.Keys(o.rows)) {
		o.at[row] = i + 1
	}
}

// merge keeps merged cells whose rows all come along next to each other. For
// the others it tells which cell's value goes into which rows.
func (o *returned) merge(merges []Range) (map[[2]int][]int, error) {
	fillIn := map[[2]int][]int{}
	for _, m := range merges {
		var rows []int
		for row := m.FirstRow; row <= min(m.LastRow, m.FirstRow+MaxReturned); row++ {
			if _, ok := o.at[row]; ok {
				rows = append(rows, row)
			}
		}
		if len(rows) == 0 {
			continue
		}
		if len(rows) == m.LastRow-m.FirstRow+1 {
			from, err1 := excelize.CoordinatesToCellName(m.FirstCol+1, o.at[m.FirstRow])
			to, err2 := excelize.CoordinatesToCellName(m.LastCol+1, o.at[m.LastRow])
			if err := errors.Join(err1, err2, o.f.MergeCell(o.name, from, to)); err != nil {
				return nil, err
			}
			continue
		}
		for _, row := range rows {
			if row != m.FirstRow {
				fillIn[[2]int{m.FirstRow, m.FirstCol}] = append(fillIn[[2]int{m.FirstRow, m.FirstCol}], row)
			}
		}
	}
	return fillIn, nil
}

// cell writes a value as what it is: numbers by their decimal text, all else as
// text, so nothing can become a formula.
func (o *returned) cell(row int, c Cell, r ReturnedRow) error {
	axis, err := excelize.CoordinatesToCellName(c.Col+1, row)
	if err != nil {
		return err
	}
	if c.Kind == Number {
		err = o.f.SetCellDefault(o.name, axis, c.Text)
	} else {
		err = o.f.SetCellStr(o.name, axis, c.Text)
	}
	style := styleKey{date: c.Date && c.Kind == Number}
	if r.Message != "" {
		style.fill = fillRow
	}
	return errors.Join(err, o.f.SetCellStyle(o.name, axis, axis, o.styles[style]))
}

// comments colours the wrong cells and says why, once per row.
func (o *returned) comments() error {
	for _, number := range slices.Sorted(maps.Keys(o.rows)) {
		r := o.rows[number]
		if r.Message == "" {
			continue
		}
		cols := slices.DeleteFunc(slices.Clone(r.Columns), func(c int) bool { return c < 0 || c >= MaxColumns })
		if len(cols) == 0 {
			cols = []int{0}
		}
		for i, col := range cols {
			axis, err := excelize.CoordinatesToCellName(col+1, o.at[number])
			if err != nil {
				return err
			}
			id, err := o.f.GetCellStyle(o.name, axis)
			if err != nil {
				return err
			}
			date := id == o.styles[styleKey{fillRow, true}]
			err = o.f.SetCellStyle(o.name, axis, axis, o.styles[styleKey{fillWrong, date}])
			if err == nil && i == 0 {
				err = o.f.AddComment(o.name, excelize.Comment{Cell: axis, Text: r.Message, Width: 320, Height: 90})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
