package seal

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// The paper alphabet leaves out I, L, O and U; on reading, I and L count as 1,
// O as 0 (Crockford's base 32).
var paperCode = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

const (
	paperRow   = 5 // bytes per line: eight characters
	paperLines = (secretSize + paperRow - 1) / paperRow
	paperTitle = "SHANHAI-KEYRING 1"
	halfTitle  = "SHANHAI-KEYHALF 1"
)

// Whole is the number of the sheet that holds the whole keyring; the halves are
// 1 and 2.
const Whole = 0

// Paper is the text of the paper copy: a title with the ring's two roles and
// its fingerprint, then per key seven lines like
//
//	1.3  7K3M-9QXA-4F
//
// key id and line number, eight characters of the key, and two check characters
// that also cover the place of the line. It has no words to translate; the
// caller prints the instructions around it.
func (k *Keyring) Paper() string {
	return fmt.Sprintf("%s %d %d %s\n", paperTitle, k.active, k.digests, k.Fingerprint()) + paperText(Whole, k.keys)
}

// paperText is the lines of a sheet.
func paperText(sheet int, keys map[uint16]secret) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		s := keys[id]
		padded := append(s.bytes[:], make([]byte, paperLines*paperRow-secretSize)...)
		for i := range paperLines {
			row := padded[i*paperRow : (i+1)*paperRow]
			text := paperCode.EncodeToString(row)
			fmt.Fprintf(&b, "%d.%d  %s-%s-%s\n", id, i+1, text[:4], text[4:], paperCheck(sheet, id, i+1, row))
		}
	}
	return b.String()
}

// paperCheck is two characters (10 bits) over the line and its place.
func paperCheck(sheet int, id uint16, line int, row []byte) string {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint16([]byte("paper"), id))
	h.Write([]byte{byte(line)}) // #nosec G115 -- lines and sheets of a paper key
	if sheet != Whole {
		h.Write([]byte{byte(sheet)}) // #nosec G115 -- lines and sheets of a paper key
	}
	h.Write(row)
	return paperCode.EncodeToString(h.Sum(nil)[:2])[:2]
}

var (
	paperHead = regexp.MustCompile(`(?i)SHANHAI-KEY(RING|HALF) 1 +(\d{1,5}) +(\d{1,5}) +([0-9A-F]{4}(?:-[0-9A-F]{4}){3})(?: +([12]) )?`)
	paperLine = regexp.MustCompile(`(?m)^[ \t]*(\d{1,5})\.(\d)[ \t]+([0-9A-Za-z]{4})[- ]?([0-9A-Za-z]{4})[- ]?([0-9A-Za-z]{2})[ \t\r]*$`)
)

// ParsePaper reads a keyring typed in from paper: the whole sheet, or the two
// halves one after the other. A typing mistake is refused with the line it is in;
// other text around is allowed.
func ParsePaper(text string) (*Keyring, error) {
	heads := paperHead.FindAllStringSubmatchIndex(text, -1)
	if heads == nil {
		return nil, errs.New(errs.Invalid, "error.key.paper_title", errs.Args{"title": paperTitle})
	}
	var sheets []paperSheet
	for i, at := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		s, err := parseSheet(paperHead.FindStringSubmatch(text[at[0]:at[1]]), text[at[1]:end])
		if err != nil {
			return nil, err
		}
		if s.sheet == Whole {
			return s.check()
		}
		sheets = append(sheets, s)
	}
	return join(sheets)
}

// paperSheet is a sheet as it was read.
type paperSheet struct {
	sheet           int
	fingerprint     string            // of the whole ring
	keys            map[uint16]secret // or the shares of the keys
	active, digests uint16
}

// parseSheet reads the lines below a title.
func parseSheet(head []string, body string) (paperSheet, error) {
	p := paperSheet{keys: map[uint16]secret{}, fingerprint: strings.ToUpper(head[4])}
	p.sheet, _ = strconv.Atoi(head[5]) // none is the whole
	if half := strings.EqualFold(head[1], "HALF"); half != (p.sheet != Whole) {
		return p, errs.New(errs.Invalid, "error.key.paper_title", errs.Args{"title": halfTitle})
	}
	lines := map[uint16]int{}
	for _, m := range paperLine.FindAllStringSubmatch(body, -1) {
		id, _ := strconv.ParseUint(m[1], 10, 16) // out of range gives the largest id, whose check fails
		line, _ := strconv.Atoi(m[2])
		row, err := paperCode.DecodeString(unmistake(m[3] + m[4]))
		if err != nil || line < 1 || line > paperLines || paperCheck(p.sheet, uint16(id), line, row) != unmistake(m[5]) {
			return p, errs.New(errs.Invalid, "error.key.paper_line", errs.Args{"line": m[1] + "." + m[2]})
		}
		s := p.keys[uint16(id)]
		s.id = uint16(id)
		copy(s.bytes[(line-1)*paperRow:], row)
		p.keys[s.id] = s
		lines[s.id] |= 1 << line
	}
	for id, seen := range lines {
		if seen != 1<<(paperLines+1)-2 {
			return p, errs.New(errs.Invalid, "error.key.paper_incomplete", errs.Args{"key": id})
		}
	}
	active, _ := strconv.ParseUint(head[2], 10, 16)
	digests, _ := strconv.ParseUint(head[3], 10, 16)
	p.active, p.digests = uint16(active), uint16(digests)
	return p, nil
}

// check gives the ring when it is the one the title names.
func (p paperSheet) check() (*Keyring, error) {
	k := &Keyring{keys: p.keys, active: p.active, digests: p.digests}
	if !slices.Contains(k.ids(), k.active) || !slices.Contains(k.ids(), k.digests) || k.Fingerprint() != p.fingerprint {
		return nil, errs.New(errs.Invalid, "error.key.paper_fingerprint", errs.Args{"fingerprint": p.fingerprint})
	}
	return k, nil
}

// unmistake undoes what handwriting and eyes confuse.
func unmistake(s string) string {
	return strings.NewReplacer("I", "1", "L", "1", "O", "0", "U", "V").Replace(strings.ToUpper(s))
}
