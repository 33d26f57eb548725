package sheet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// maxCellBytes is Excel's cell limit of 32,767 characters in UTF-8 (three
// bytes for a Han character), rounded up.
const maxCellBytes = 128 << 10

// textFile is a CSV file.
type textFile struct {
	r     io.ReaderAt
	size  int64
	code  encoding.Encoding // nil is UTF-8
	comma byte
}

// openText opens a CSV file: UTF-8 with or without byte order mark, UTF-16 with
// one (Excel's "Unicode text"), else GB18030, which contains GBK and GB2312.
func openText(r io.ReaderAt, size int64, name string) (*Workbook, error) {
	t := &textFile{r: r, size: size}
	head := make([]byte, 4)
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		t.code = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case !validUTF8(io.NewSectionReader(r, 0, size)):
		t.code = simplifiedchinese.GB18030
	}
	comma, err := t.separator()
	if err != nil {
		return nil, err
	}
	t.comma = comma
	wb := &Workbook{}
	wb.sheets = []*Sheet{{name: name, book: wb, tab: t}}
	return wb, nil
}

// validUTF8 looks at the whole file: the first Han character of a file may
// stand far behind its beginning.
func validUTF8(r io.Reader) bool {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		last := errors.Is(err, io.EOF)
		whole := len(b)
		if !last {
			whole = completeRunes(b)
		}
		if !utf8.Valid(b[:whole]) {
			return false
		}
		if err != nil {
			return last
		}
		kept = copy(buf, b[whole:])
	}
}

// completeRunes is the length of b without a character cut off at its end.
func completeRunes(b []byte) int {
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

// open starts at the beginning, in UTF-8.
func (t *textFile) open() *bufio.Reader {
	var r io.Reader = io.NewSectionReader(t.r, 0, t.size)
	if t.code != nil {
		r = t.code.NewDecoder().Reader(r)
	}
	b := bufio.NewReaderSize(r, 64<<10)
	if bom, err := b.Peek(3); err == nil && string(bom) == "\xEF\xBB\xBF" {
		// Peek has shown that three bytes are there.
		_, _ = b.Discard(3)
	}
	return b
}

// separator is the one that occurs most often in the first lines, outside
// quotes: Excel writes tabs for "Unicode text" and semicolons in some settings.
func (t *textFile) separator() (byte, error) {
	head, err := t.open().Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, passOn(err)
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return 0, errs.New(errs.Invalid, "error.sheet.not_workbook", nil)
	}
	counts := map[byte]int{}
	quoted := false
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '\t' || c == ';'):
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{'\t', ';'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best, nil
}

func (t *textFile) canMerge() bool { return false }

func (t *textFile) merges(context.Context) ([]Range, error) { return nil, nil }

// rows streams the records. The row number is the one Excel shows: blank lines
// count, a line break inside quotes does not. encoding/csv tells neither and
// has no limit for a record.
func (t *textFile) rows(ctx context.Context, yield func(Row) error) error {
	p := &csvParser{r: t.open(), comma: t.comma}
	for {
		err := p.record()
		if p.row.Number%checkEvery == 0 && err == nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return passOn(err)
		}
		if len(p.row.Cells) > 0 {
			if err := yield(p.row); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// csvParser reads one record at a time.
type csvParser struct {
	r     *bufio.Reader
	comma byte
	row   Row
	col   int
	field []byte
}

// record reads the next row; io.EOF comes together with the last one.
func (p *csvParser) record() error {
	p.row = Row{Number: p.row.Number + 1, Cells: p.row.Cells[:0]}
	p.col, p.field = 0, p.field[:0]
	if p.row.Number > MaxRows {
		return errs.New(errs.Invalid, "error.sheet.too_many_rows", errs.Args{"max": MaxRows})
	}
	start, quoted := true, false
	for {
		c, err := p.r.ReadByte()
		if err != nil {
			if bad := p.endField(); bad != nil {
				return bad
			}
			return err
		}
		switch {
		case quoted:
			if c != '"' {
				break
			}
			if next, err := p.r.Peek(1); err == nil && next[0] == '"' {
				// The doubled quote is one quote; Peek has shown it is there.
				_, _ = p.r.Discard(1)
				break
			}
			quoted = false
			continue
		case c == '"' && start:
			quoted, start = true, false
			continue
		case c == p.comma:
			if err := p.endField(); err != nil {
				return err
			}
			start = true
			continue
		case c == '\n':
			return p.endField()
		}
		start = false
		if len(p.field) >= maxCellBytes {
			return errs.New(errs.Invalid, "error.sheet.broken", nil)
		}
		p.field = append(p.field, c)
	}
}

// endField keeps the collected field as a cell unless it is blank.
func (p *csvParser) endField() error {
	text := strings.ReplaceAll(strings.TrimRight(string(p.field), "\r"), "\r\n", "\n") // one line end inside of a cell, as in a workbook
	p.field = p.field[:0]
	p.col++
	if p.col > MaxColumns {
		return errs.New(errs.Invalid, "error.sheet.too_many_columns", errs.Args{"max": MaxColumns})
	}
	text = strings.TrimPrefix(text, "\t") // a tab keeps Excel from reading a long number
	if strings.HasPrefix(text, `="`) && strings.HasSuffix(text, `"`) && len(text) >= 3 {
		text = text[2 : len(text)-1] // ="5001…" does the same
	} else {
		text = original(text)
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	p.row.Cells = append(p.row.Cells, Cell{Col: p.col - 1, Kind: Text, Text: text, Raw: text})
	return nil
}
