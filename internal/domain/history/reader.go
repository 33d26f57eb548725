package history

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
)

// maxBlankRows is how many blank rows in a run are reported one by one; a
// longer run is one message.
const maxBlankRows = 20

// phase is where in a sheet the reading stands.
type phase int

const (
	seeking  phase = iota // before a header
	inHeader              // collecting header rows
	inData
	givenUp
)

// sheetRun is the state while one sheet is read.
type sheetRun struct {
	reg    *registry
	src    Source
	merges []Range // not yet reached, by first row
	over   map[int]span
	phase  phase
	header *header
	block  Mapping
	last   int // last row that was not blank

	result     *SheetResult
	unit       money.Fen
	titles     []string // since the last block
	issues     map[int]*RowMessage
	groups     []*Treatment
	admissions map[digest]*Treatment
	previous   previous
	ages       []ageCheck
	refused    int            // rows with an error so far
	warned     map[string]int // rows by warning
	hospitals  map[string]*Unknown
	categories map[string]*Unknown
	rec        *record
}

// span is a merged range that reaches down into the rows to come.
type span struct {
	first, last int
	cell        Cell
}

// readSheet reads one sheet to its end.
func readSheet(ctx context.Context, src Source, reg *registry) (*sheetRun, error) {
	merges, err := src.Merges(ctx)
	if err != nil {
		return nil, err
	}
	s := &sheetRun{reg: reg, src: src, merges: merges, over: map[int]span{}, unit: money.Yuan, rec: &record{},
		issues: map[int]*RowMessage{}, warned: map[string]int{}, admissions: map[digest]*Treatment{},
		hospitals: map[string]*Unknown{}, categories: map[string]*Unknown{},
		result: &SheetResult{Sheet: src.Name(), Normalised: map[Change]int{}}}
	reg.sheet++
	reg.names = append(reg.names, src.Name())
	if err := src.Rows(ctx, func(r Row) error { s.row(r); return nil }); err != nil {
		return nil, err
	}
	if s.phase == inHeader {
		s.endHeader()
	}
	if len(s.result.Blocks) == 0 {
		s.note(LevelError, "history.sheet.no_header", nil)
	}
	return s, nil
}

func (s *sheetRun) note(level Level, key string, args errs.Args) {
	s.result.Notes = append(s.result.Notes, Note{level, key, args})
}

func (s *sheetRun) skip(row int, key string, args errs.Args) {
	s.issues[row] = &RowMessage{Row: row, Level: LevelSkip, Issues: []Issue{{LevelSkip, key, args, -1}}}
}

// row takes the next row that is in the file.
func (s *sheetRun) row(r Row) {
	if !slices.ContainsFunc(r.Cells, func(c Cell) bool { return !c.blank() }) {
		s.reach(r)
		return // a row of nothing but formats; the gap is seen at the next row
	}
	if s.phase == inData {
		s.gap(s.last+1, r.Number-1)
	}
	starts := s.reach(r)
	s.place(r, starts)
	s.last = r.Number
}

// reach brings the merged ranges up to a row and returns those that start there.
func (s *sheetRun) reach(r Row) []Range {
	n := 0
	for n < len(s.merges) && s.merges[n].FirstRow <= r.Number {
		n++
	}
	starts := s.merges[:n]
	s.merges = s.merges[n:]
	for col, sp := range s.over {
		if sp.last < r.Number {
			delete(s.over, col)
		}
	}
	for _, m := range starts {
		if m.LastRow <= r.Number || m.FirstRow != r.Number {
			continue
		}
		sp := span{first: m.FirstRow, last: m.LastRow, cell: Cell{Col: m.FirstCol}}
		for _, c := range r.Cells {
			if c.Col == m.FirstCol {
				sp.cell = c
			}
		}
		s.over[m.FirstCol] = sp
	}
	return starts
}

// place decides what a row is.
func (s *sheetRun) place(r Row, starts []Range) {
	switch s.phase {
	case givenUp:
	case seeking:
		s.seek(r, starts)
	case inHeader:
		if s.continues(r) {
			s.header.add(r, starts)
			return
		}
		s.endHeader()
		s.place(r, starts)
	case inData:
		s.data(r, starts)
	}
}

func (s *sheetRun) seek(r Row, starts []Range) {
	if s.forced(r) || take(r).startsHeader(false) {
		s.header = &header{}
		s.header.add(r, starts)
		s.phase = inHeader
		return
	}
	s.meta(r)
}

// continues reports whether a row belongs to the header being collected. What
// a person has said about its extent counts before what it looks like.
func (s *sheetRun) continues(r Row) bool {
	if m := s.said(s.header.first()); m != nil && m.HeaderLast >= m.HeaderFirst {
		return r.Number <= m.HeaderLast
	}
	return len(s.header.rows) < maxHeader && r.Number == s.header.last()+1 && !s.forced(r) &&
		take(r).continues(r.Number <= s.header.until)
}

// forced reports whether a person has said that a header starts in this row.
func (s *sheetRun) forced(r Row) bool { return s.said(r.Number) != nil }

// said is the mapping a person has made for the header that starts in a row.
func (s *sheetRun) said(row int) *Mapping {
	for i := range s.reg.opts.Mappings {
		if m := &s.reg.opts.Mappings[i]; m.Sheet == s.result.Sheet && m.HeaderFirst == row {
			return m
		}
	}
	return nil
}

// endHeader makes a block of the collected rows, or finds that they were none.
func (s *sheetRun) endHeader() {
	h := s.header
	s.header, s.phase = nil, seeking
	auto := h.mapping(s.result.Sheet, s.unit)
	m, chosen := given(s.reg.opts.Mappings, auto)
	if !chosen && h.sideBySide() {
		s.note(LevelError, "history.sheet.side_by_side", errs.Args{"row": h.first()})
		return
	}
	if !chosen && !m.viable() {
		for _, row := range h.rows {
			s.meta(Row{row.number, row.cells})
		}
		return
	}
	if m.Programme == "" {
		m.Programme = s.titleProgramme()
	}
	s.titles = nil
	s.block, s.phase, s.last, s.previous = m, inData, h.last(), previous{}
	s.result.Blocks = append(s.result.Blocks, m)
	if s.result.Programme == "" {
		s.result.Programme = m.Programme
	}
	s.rec.bind(&s.result.Blocks[len(s.result.Blocks)-1])
}

// titleProgramme reads the programme out of the titles over the header, then
// out of the tab's name; a block under a header without a title of its own
// belongs to the one above.
func (s *sheetRun) titleProgramme() procedure.Programme {
	for _, t := range slices.Backward(s.titles) {
		if p := programmeOf(t); p != "" {
			return p
		}
	}
	if p := programmeOf(s.result.Sheet); p != "" {
		return p
	}
	return s.block.Programme
}

// meta reads a row outside of data: titles, who filled it in, when, the unit.
func (s *sheetRun) meta(r Row) {
	for i, c := range r.Cells {
		if c.Kind == Failure || c.blank() {
			continue
		}
		text := strings.TrimFunc(c.Text, invisible)
		compact := squeeze(text)
		if len(compact) > 1000 {
			continue
		}
		if u := unitNamed(compact); u != 0 {
			s.unit = u
		}
		switch {
		case s.filledOn(compact, r.Cells[i+1:]):
		case strings.ContainsAny(compact, ":："):
		case c.Kind == Text:
			s.titles = append(s.titles, text)
			if s.result.Title == "" {
				s.result.Title = text
			}
		}
	}
}

// filledOn reads 填报日期：2023年5月31日, the day behind the words in the same or
// the next cell. The first one counts.
func (s *sheetRun) filledOn(text string, next []Cell) bool {
	for _, word := range []string{"填报日期", "填报时间", "填表日期", "填表时间", "制表日期", "制表时间", "统计日期", "统计时间", "报送日期",
		"上报日期", "上报时间", "截止日期", "截止时间", "截至日期", "日期", "截至", "截止"} {
		i := strings.Index(text, word)
		if i < 0 {
			continue
		}
		rest := strings.TrimLeft(text[i+len(word):], ":： ")
		c := Cell{Kind: Text, Text: rest}
		if rest == "" && len(next) > 0 {
			c = next[0]
		}
		d := s.leadingDay(c)
		if d.IsZero() {
			continue
		}
		if s.result.FilledOn.IsZero() {
			s.result.FilledOn = d
		}
		return true
	}
	return false
}

// leadingDay is the day a text begins with.
func (s *sheetRun) leadingDay(c Cell) clock.Date {
	if d, _, err := parseDay(c, s.src.Date1904(), s.reg.opts.Today); err == nil {
		return d
	}
	if m := dayInText.FindString(squeeze(c.Text)); m != "" {
		if d, _, err := parseDay(Cell{Kind: Text, Text: m}, false, s.reg.opts.Today); err == nil {
			return d
		}
	}
	return clock.Date{}
}

// gap reports blank rows inside a block. They are held back until something
// follows: what is blank at the end is no row.
func (s *sheetRun) gap(from, to int) {
	switch n := to - from + 1; {
	case n <= 0:
	case n > maxBlankRows:
		s.skip(from, "history.row.blank_rows", errs.Args{"to": to})
	default:
		for row := from; row <= to; row++ {
			s.skip(row, "history.row.blank", nil)
		}
	}
}

// giveUp stops reading a sheet that is wrong as a whole; nothing of it is taken.
func (s *sheetRun) giveUp() {
	s.phase = givenUp
	s.groups = nil
	s.ages = nil
	s.note(LevelError, "history.sheet.given_up", errs.Args{"rows": s.refused})
}

// data takes a row below a header.
func (s *sheetRun) data(r Row, starts []Range) {
	if s.forced(r) || take(r).startsHeader(true) {
		s.header = &header{}
		s.header.add(r, starts)
		s.phase = inHeader
		return
	}
	s.rec.fill(r, s.over)
	switch kind := s.classify(r, starts); kind {
	case rowData:
		s.result.DataRows++
		s.interpret()
	case rowRemark:
		s.meta(r)
		s.skip(r.Number, kind, nil)
	default:
		s.skip(r.Number, kind, nil)
	}
}
