package sheet

import (
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
)

const (
	maxSheets  = 256
	maxName    = 255   // of a tab, in characters; Excel's own limit is 31
	maxStyles  = 65490 // Excel's own limit of cell formats
	maxTexts   = 8 << 20
	kindOffice = "/officeDocument"
)

// relation is one line of a .rels part.
type relation struct{ id, kind, target string }

// openArchive reads the small parts of a workbook: which tabs there are, which
// cell formats are dates, and the shared strings.
func openArchive(r io.ReaderAt, size int64, opts Options) (*Workbook, error) {
	a, err := openZip(r, size, opts)
	if err != nil {
		return nil, err
	}
	if err := refuseOthers(a); err != nil {
		return nil, err
	}
	main, err := a.mainPart()
	if err != nil {
		return nil, err
	}
	rels, err := a.relations(main)
	if err != nil {
		return nil, err
	}
	src := &source{archive: a}
	for _, rel := range rels {
		switch {
		case strings.HasSuffix(rel.kind, "/styles"):
			src.dates, err = a.dateStyles(rel.target)
		case strings.HasSuffix(rel.kind, "/sharedStrings"):
			src.texts, err = a.sharedStrings(rel.target)
		}
		if err != nil {
			return nil, passOn(err)
		}
	}
	wb, err := a.tabs(main, rels, src)
	if err != nil {
		return nil, passOn(err)
	}
	if len(wb.sheets) == 0 {
		return nil, errs.New(errs.Invalid, "error.sheet.no_sheet", nil)
	}
	return wb, nil
}

// refuseOthers names archives that are something else.
func refuseOthers(a *archive) error {
	for _, other := range []struct{ part, key string }{
		{"EncryptedPackage", "error.sheet.encrypted"},
		{"xl/workbook.bin", "error.sheet.xlsb"},
		{"mimetype", "error.sheet.ods"},
		{"word/document.xml", "error.sheet.not_workbook"},
		{"ppt/presentation.xml", "error.sheet.not_workbook"},
	} {
		if _, ok := a.parts[other.part]; ok {
			return errs.New(errs.Invalid, other.key, nil)
		}
	}
	return nil
}

// mainPart finds the workbook part; without package relations it is where
// every producer puts it.
func (a *archive) mainPart() (string, error) {
	const usual = "xl/workbook.xml"
	if _, ok := a.parts["_rels/.rels"]; ok {
		rels, err := a.relations("")
		if err != nil {
			return "", err
		}
		for _, rel := range rels {
			if _, ok := a.parts[rel.target]; ok && strings.HasSuffix(rel.kind, kindOffice) {
				return rel.target, nil
			}
		}
	}
	if _, ok := a.parts[usual]; !ok {
		return "", errs.New(errs.Invalid, "error.sheet.not_workbook", nil)
	}
	return usual, nil
}

// each calls fn for every opening tag of a small part.
func (a *archive) each(part string, fn func(s *scanner) error) (err error) {
	rc, err := a.open(part)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	s := newScanner(rc)
	for {
		tok, err := s.next()
		if err != nil || tok == tokenEnd {
			return err
		}
		if tok == tokenOpen {
			if err := fn(s); err != nil {
				return err
			}
		}
	}
}

// relations reads the .rels of a part ("" is the package), targets made
// absolute.
func (a *archive) relations(part string) ([]relation, error) {
	dir, base := path.Split(part)
	name := dir + "_rels/" + base + ".rels"
	if _, ok := a.parts[name]; !ok {
		return nil, nil
	}
	var rels []relation
	err := a.each(name, func(s *scanner) error {
		if string(s.name) != "Relationship" || string(s.attr("TargetMode")) == "External" {
			return nil
		}
		if len(rels) >= maxParts {
			return bomb()
		}
		target, err := s.attrText("Target")
		if err != nil {
			return err
		}
		if !strings.HasPrefix(target, "/") {
			target = "/" + dir + target
		}
		rels = append(rels, relation{string(s.attr("Id")), string(s.attr("Type")), path.Clean(target)[1:]})
		return nil
	})
	return rels, passOn(err)
}

// attrText is an attribute with entities decoded.
func (s *scanner) attrText(name string) (string, error) {
	b, err := unescape(nil, s.attr(name))
	return string(b), err
}

// tabs lists the worksheets; chart sheets and macro sheets have no rows.
func (a *archive) tabs(main string, rels []relation, src *source) (*Workbook, error) {
	wb := &Workbook{}
	err := a.each(main, func(s *scanner) error {
		switch string(s.name) {
		case "workbookPr":
			v := string(s.attr("date1904"))
			wb.date1904 = v == "1" || v == "true"
		case "sheet":
			name, err := s.attrText("name")
			if err != nil {
				return err
			}
			i := slices.IndexFunc(rels, func(r relation) bool { return r.id == string(s.attr("id")) })
			if i < 0 || !strings.HasSuffix(rels[i].kind, "/worksheet") {
				return nil
			}
			if len(wb.sheets) >= maxSheets {
				return bomb()
			}
			if utf8.RuneCountInString(name) > maxName {
				return broken(errors.New("name of a tab too long"))
			}
			state := string(s.attr("state"))
			wb.sheets = append(wb.sheets, &Sheet{name: name, book: wb,
				hidden: state == "hidden" || state == "veryHidden", tab: &part{src, rels[i].target}})
		}
		return nil
	})
	return wb, err
}

// dateStyles tells for each cell format whether its number format is a date.
func (a *archive) dateStyles(name string) ([]bool, error) {
	custom := map[int]bool{}
	var dates []bool
	inFormats := false
	err := a.each(name, func(s *scanner) error {
		switch string(s.name) {
		case "numFmt":
			id, err1 := strconv.Atoi(string(s.attr("numFmtId")))
			code, err2 := s.attrText("formatCode")
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			if len(custom) >= maxStyles {
				return bomb()
			}
			custom[id] = dateCode(code)
		case "cellXfs":
			inFormats = true
		case "cellStyles", "dxfs", "cellStyleXfs":
			inFormats = false
		case "xf":
			if !inFormats {
				return nil
			}
			if len(dates) >= maxStyles {
				return bomb()
			}
			id, _ := strconv.Atoi(string(s.attr("numFmtId"))) // absent means General
			is, ok := custom[id]
			dates = append(dates, ok && is || !ok && builtinDate(id))
		}
		return nil
	})
	return dates, err
}

// builtinDate knows the numbers Excel reserves for dates; 27–36 and 50–58 are
// the Chinese ones (yyyy"年"m"月" and so on).
func builtinDate(id int) bool {
	return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id == 36 || id >= 50 && id <= 54 ||
		id == 57 || id == 58
}

// dateCode tells whether a custom number format shows a day: it has a year or
// day letter outside quoted text, brackets and escapes.
func dateCode(code string) bool {
	var quoted, bracket, escape bool
	for _, c := range code {
		switch {
		case escape:
			escape = false
		case quoted:
			quoted = c != '"'
		case bracket:
			bracket = c != ']'
		case c == '"':
			quoted = true
		case c == '[':
			bracket = true
		case c == '\\' || c == '_' || c == '*':
			escape = true
		case c == 'y' || c == 'Y' || c == 'd' || c == 'D':
			return true
		}
	}
	return false
}

// texts are the shared strings, end to end in one string: no header per entry,
// and a cell's text is a slice of it.
type texts struct {
	all  string
	ends []uint32
}

// at is the i-th text.
func (t *texts) at(i int) (string, bool) {
	if t == nil || i < 0 || i >= len(t.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.all[from:t.ends[i]], true
}

// sharedStrings reads the table; phonetic guides (rPh) are not part of a text.
func (a *archive) sharedStrings(name string) (t *texts, err error) {
	f, ok := a.parts[name]
	if !ok {
		return nil, nil
	}
	if n := f.UncompressedSize64; n > maxStrings || n > bigStrings && n/stringsRatio > f.CompressedSize64 {
		return nil, bomb()
	}
	rc, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	s := newScanner(rc)
	var all strings.Builder
	var piece []byte
	t = &texts{}
	inText, phonetic := false, false
	for {
		tok, err := s.next()
		if err != nil {
			return nil, err
		}
		switch tok {
		case tokenEnd:
			t.all = all.String()
			return t, nil
		case tokenOpen, tokenClose:
			open := tok == tokenOpen
			switch string(s.name) {
			case "t":
				inText = open
			case "rPh":
				phonetic = open
			case "si":
				if open {
					continue
				}
				if len(t.ends) >= maxTexts {
					return nil, bomb()
				}
				t.ends = append(t.ends, uint32(all.Len())) // #nosec G115 -- texts of one workbook, below the limit of what is unpacked
			}
		case tokenText:
			if inText && !phonetic {
				if piece, err = s.appendText(piece[:0]); err != nil {
					return nil, err
				}
				all.Write(piece)
			}
		}
	}
}
