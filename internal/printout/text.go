package printout

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"

	"github.com/shanhai-health/shanhai/web"
)

// fontNames are the embedded fonts, the one asked first in front.
func fontNames() []string { return []string{"hei", "hei-rare"} }

// geta stands for a character no font has (U+3013, what typesetters put there).
const geta = '〓'

// fontSet knows which font has a character.
type fontSet struct {
	names  []string
	bytes  [][]byte
	parsed []*sfnt.Font
	buf    sfnt.Buffer
	absent []rune
}

func loadFonts() (*fontSet, error) {
	s := &fontSet{names: fontNames()}
	for _, name := range s.names {
		raw, err := fs.ReadFile(web.FS, "fonts/"+name+".ttf")
		if err != nil {
			return nil, fmt.Errorf("printout: %w", err)
		}
		font, err := sfnt.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("printout: font %s: %w", name, err)
		}
		s.bytes, s.parsed = append(s.bytes, raw), append(s.parsed, font)
	}
	return s, nil
}

// fresh is the set without what a former layout noted.
func (s *fontSet) fresh() *fontSet { return &fontSet{names: s.names, bytes: s.bytes, parsed: s.parsed} }

// pick is the font of a character and the character to draw.
func (s *fontSet) pick(r rune) (string, rune) {
	for i, font := range s.parsed {
		if g, err := font.GlyphIndex(&s.buf, r); err == nil && g != 0 {
			return s.names[i], r
		}
	}
	if unicode.IsSpace(r) || unicode.IsControl(r) {
		return s.names[0], ' '
	}
	for _, x := range s.absent {
		if x == r {
			return s.names[0], geta
		}
	}
	s.absent = append(s.absent, r)
	return s.names[0], geta
}

// missing names the characters drawn as 〓.
func (s *fontSet) missing() string {
	parts := make([]string, len(s.absent))
	for i, r := range s.absent {
		parts[i] = fmt.Sprintf("U+%04X", r)
	}
	return strings.Join(parts, " ")
}

// run is a piece of text in one font.
type run struct{ font, text string }

func (s *fontSet) runs(text string) []run {
	var out []run
	for _, r := range text {
		font, c := s.pick(r)
		if n := len(out); n > 0 && out[n-1].font == font {
			out[n-1].text += string(c)
		} else {
			out = append(out, run{font, string(c)})
		}
	}
	return out
}

// setFont chooses a font; one that no character needs stays out of the file.
func (p *pen) setFont(name string, size float64) {
	if i := slices.Index(p.fonts.names, name); !p.embedded[name] {
		p.pdf.AddUTF8FontFromBytes(name, "", p.fonts.bytes[i])
		p.embedded[name] = true
	}
	p.pdf.SetFont(name, "", size)
}

// text draws one line; y is its upper edge.
func (p *pen) text(x, y float64, text string, size float64) {
	for _, r := range p.fonts.runs(text) {
		p.setFont(r.font, size)
		p.pdf.Text(x, y+size*pointMM*(baseline+(leading-1)/2), r.text)
		x += p.pdf.GetStringWidth(r.text)
	}
}

// strong draws a line with strokes along the outlines, which makes the one
// weight heavier without a second copy of the text in the file.
func (p *pen) strong(x, y float64, text string, size float64) {
	p.pdf.SetTextRenderingMode(2)
	p.pdf.SetLineWidth(strokeShift)
	p.text(x, y, text, size)
	p.pdf.SetLineWidth(0.2)
	p.pdf.SetTextRenderingMode(0)
}

func (p *pen) width(text string, size float64) float64 {
	w := 0.0
	for _, r := range p.fonts.runs(text) {
		p.setFont(r.font, size)
		w += p.pdf.GetStringWidth(r.text)
	}
	return w
}

// noStart are characters that do not begin a line.
const noStart = "，。、；：？！）》」』”’·%)]},.;:?!"

// wrap breaks a text into lines no wider than w. Words of letters and digits
// stay whole while they fit on a line.
func (p *pen) wrap(text string, w, size float64) []string {
	if text == "" {
		return nil
	}
	var out []string
	for _, paragraph := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		line, width := "", 0.0
		for _, piece := range pieces(paragraph) {
			pw := p.width(piece, size)
			if width+pw > w && line != "" {
				out = append(out, strings.TrimRight(line, " "))
				line, width = "", 0
				if piece == " " {
					continue
				}
			}
			if pw > w { // one word wider than the cell is cut
				var cut []string
				cut, piece = p.cut(piece, w, size)
				out = append(out, cut...)
				pw = p.width(piece, size)
			}
			line, width = line+piece, width+pw
		}
		out = append(out, line)
	}
	return out
}

// cut breaks a word that is wider than a line; rest is its last part.
func (p *pen) cut(word string, w, size float64) (lines []string, rest string) {
	width := 0.0
	for _, r := range word {
		rw := p.width(string(r), size)
		if width+rw > w && rest != "" {
			lines, rest, width = append(lines, rest), "", 0
		}
		rest, width = rest+string(r), width+rw
	}
	return lines, rest
}

// pieces splits a line where it may be broken.
func pieces(text string) []string {
	var out []string
	joins := false
	for _, r := range text {
		word := unicode.IsLetter(r) && r < 0x2E80 || unicode.IsDigit(r) || strings.ContainsRune("-+/_@#", r)
		if n := len(out); n > 0 && (word && joins || strings.ContainsRune(noStart, r)) {
			out[n-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		joins = word || joins && strings.ContainsRune(",.:", r)
	}
	return out
}
