package sheet

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// token is what the scanner found.
type token uint8

const (
	tokenOpen token = iota + 1
	tokenClose
	tokenText
	tokenEnd
)

const (
	scanBuffer = 1 << 20 // longest tag or text run; Excel allows 32,767 characters in a cell
	maxDepth   = 64      // nesting; a sheet has seven levels
)

var (
	errToken   = errors.New("xml: token too long")
	errSyntax  = errors.New("xml: syntax")
	errDoctype = errors.New("xml: document type not allowed")
	errDepth   = errors.New("xml: nested too deeply")
)

// scanner is a small pull parser for the XML of spreadsheets. encoding/xml
// buffers a token of any length and makes several objects per cell; here a
// token has a limit, comments are skipped without being kept, document types
// (entity bombs) are refused, and nothing is allocated per tag.
type scanner struct {
	r          io.Reader
	buf        []byte
	pos, end   int
	ended      bool
	name       []byte // local name of the last tag
	attrs      []byte // inside of the last opening tag
	text       []byte // last text run, entities not decoded
	cdata      bool   // the last text run is taken as it is
	closeLater bool   // the last tag was <a/>
	stack      []byte // qualified names of the open elements
	marks      []int
	seenRoot   bool
}

func newScanner(r io.Reader) *scanner { return &scanner{r: r, buf: make([]byte, 64<<10)} }

// fill reads more behind end, moving the unread part to the front. The buffer
// grows only up to the token limit.
func (s *scanner) fill() error {
	if s.ended {
		return io.ErrUnexpectedEOF
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= scanBuffer {
			return errToken
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if errors.Is(err, io.EOF) {
			s.ended = true
			if n == 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// index finds b at or behind offset from (relative to pos), reading on as needed.
func (s *scanner) index(from int, b byte) (int, error) {
	for {
		if i := bytes.IndexByte(s.buf[s.pos+from:s.end], b); i >= 0 {
			return from + i, nil
		}
		from = s.end - s.pos
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// skipPast drops everything up to and including mark, keeping nothing of it.
func (s *scanner) skipPast(mark string) error {
	for {
		if i := bytes.Index(s.buf[s.pos:s.end], []byte(mark)); i >= 0 {
			s.pos += i + len(mark)
			return nil
		}
		s.pos = max(s.pos, s.end-len(mark)+1)
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// has reports whether the unread part starts with the text.
func (s *scanner) has(start string) (bool, error) {
	for s.end-s.pos < len(start) {
		if !bytes.HasPrefix([]byte(start), s.buf[s.pos:s.end]) {
			return false, nil
		}
		if err := s.fill(); err != nil {
			return false, err
		}
	}
	return bytes.HasPrefix(s.buf[s.pos:s.end], []byte(start)), nil
}

// next advances to the next tag or text run.
func (s *scanner) next() (token, error) {
	if s.closeLater {
		s.closeLater = false
		return s.pop(s.stack[s.marks[len(s.marks)-1]:])
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err != nil {
				return s.finish(err)
			}
		}
		if s.buf[s.pos] != '<' {
			if ok, err := s.textRun(); ok || err != nil {
				return tokenText, err
			}
			continue
		}
		done, tok, err := s.markup()
		if done || err != nil {
			return tok, err
		}
	}
}

// finish accepts the end of the file only when the root is closed.
func (s *scanner) finish(err error) (token, error) {
	if s.ended && s.seenRoot && len(s.marks) == 0 {
		return tokenEnd, nil
	}
	return 0, err
}

// textRun reads up to the next tag. Outside the root only white space and a
// byte order mark may stand.
func (s *scanner) textRun() (bool, error) {
	n, err := s.index(0, '<')
	if err != nil {
		if len(s.marks) == 0 && s.ended && blank(s.buf[s.pos:s.end]) {
			s.pos = s.end
			return false, nil
		}
		return false, err
	}
	s.text, s.cdata = s.buf[s.pos:s.pos+n], false
	s.pos += n
	if len(s.marks) > 0 {
		return true, nil
	}
	if !blank(bytes.TrimPrefix(s.text, []byte("\xEF\xBB\xBF"))) {
		return false, errSyntax
	}
	return false, nil
}

func blank(b []byte) bool { return len(bytes.TrimSpace(b)) == 0 }

// markup reads what starts with '<'. Comments and processing instructions are
// not reported.
func (s *scanner) markup() (bool, token, error) {
	if s.end-s.pos < 2 {
		if err := s.fill(); err != nil {
			return false, 0, err
		}
	}
	switch s.buf[s.pos+1] {
	case '?':
		return false, 0, s.skipPast("?>")
	case '!':
		return s.declaration()
	case '/':
		n, err := s.index(2, '>')
		if err != nil {
			return false, 0, err
		}
		name := bytes.TrimRight(s.buf[s.pos+2:s.pos+n], " \t\r\n")
		s.pos += n + 1
		tok, err := s.pop(name)
		return true, tok, err
	}
	err := s.openTag()
	return true, tokenOpen, err
}

func (s *scanner) declaration() (bool, token, error) {
	if ok, err := s.has("<!--"); ok || err != nil {
		if err != nil {
			return false, 0, err
		}
		s.pos += len("<!--")
		return false, 0, s.skipPast("-->")
	}
	ok, err := s.has("<![CDATA[")
	if err != nil || !ok || len(s.marks) == 0 {
		return false, 0, errors.Join(errDoctype, err)
	}
	const start = len("<![CDATA[")
	for from := start; ; {
		n, err := s.index(from, '>')
		if err != nil {
			return false, 0, err
		}
		if n >= start+2 && string(s.buf[s.pos+n-2:s.pos+n]) == "]]" {
			s.text, s.cdata = s.buf[s.pos+start:s.pos+n-2], true
			s.pos += n + 1
			return true, tokenText, nil
		}
		from = n + 1
	}
}

// openTag reads an opening tag; '>' may stand inside quoted values.
func (s *scanner) openTag() error {
	from, quote := 1, byte(0)
	var n int
	for {
		var err error
		if n, err = s.index(from, '>'); err != nil {
			return err
		}
		if quote = openQuote(s.buf[s.pos+from:s.pos+n], quote); quote == 0 {
			break
		}
		from = n + 1
	}
	inside := s.buf[s.pos+1 : s.pos+n]
	s.pos += n + 1
	if len(inside) > 0 && inside[len(inside)-1] == '/' {
		s.closeLater = true
		inside = inside[:len(inside)-1]
	}
	cut := bytes.IndexAny(inside, " \t\r\n")
	if cut < 0 {
		cut = len(inside)
	}
	if bytes.IndexByte(inside, '<') >= 0 {
		return errSyntax
	}
	s.attrs = inside[cut:]
	return s.push(inside[:cut])
}

// openQuote is the quote still open at the end of b.
func openQuote(b []byte, quote byte) byte {
	for _, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		}
	}
	return quote
}

func (s *scanner) push(qualified []byte) error {
	if len(s.marks) >= maxDepth {
		return errDepth
	}
	if len(qualified) == 0 || !nameStart(qualified[0]) || len(s.marks) == 0 && s.seenRoot {
		return errSyntax
	}
	s.seenRoot = true
	s.marks = append(s.marks, len(s.stack))
	s.stack = append(s.stack, qualified...)
	s.name = local(s.stack[s.marks[len(s.marks)-1]:])
	return nil
}

// nameStart accepts what may begin a name; everything beyond ASCII is let
// through, no part of a spreadsheet is named so.
func nameStart(c byte) bool {
	return c == '_' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (s *scanner) pop(qualified []byte) (token, error) {
	if len(s.marks) == 0 {
		return 0, errSyntax
	}
	mark := s.marks[len(s.marks)-1]
	if !bytes.Equal(s.stack[mark:], qualified) {
		return 0, errSyntax
	}
	s.name = local(s.stack[mark:])
	s.marks = s.marks[:len(s.marks)-1]
	s.stack = s.stack[:mark]
	return tokenClose, nil
}

// local drops a name space prefix: some producers write <x:row>.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// attr is the value of an attribute of the last opening tag, by local name,
// entities not decoded.
func (s *scanner) attr(name string) []byte {
	rest := s.attrs
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := local(bytes.TrimSpace(rest[:eq]))
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		stop := bytes.IndexByte(rest[1:], rest[0])
		if stop < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+stop]
		}
		rest = rest[stop+2:]
	}
}

// appendText adds the last text run to dst with entities decoded and line ends
// made single. Bytes that are not UTF-8 become the replacement character.
func (s *scanner) appendText(dst []byte) ([]byte, error) {
	if s.cdata {
		return append(dst, bytes.ToValidUTF8(s.text, []byte("\uFFFD"))...), nil
	}
	return unescape(dst, s.text)
}

// unescape decodes the five named entities and the numbered ones; others do
// not exist without a document type.
func unescape(dst, src []byte) ([]byte, error) {
	if !utf8.Valid(src) {
		src = bytes.ToValidUTF8(src, []byte("\uFFFD"))
	}
	for {
		i := bytes.IndexByte(src, '&')
		if i < 0 {
			return append(dst, src...), nil
		}
		dst = append(dst, src[:i]...)
		src = src[i+1:]
		stop := bytes.IndexByte(src, ';')
		if stop < 1 || stop > 12 {
			return dst, errSyntax
		}
		r, ok := entity(src[:stop])
		if !ok {
			return dst, errSyntax
		}
		dst = utf8.AppendRune(dst, r)
		src = src[stop+1:]
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, false
	}
	digits, base := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}
