package seal

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
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
)

// Paper is the text of the paper copy: a title with the ring's two roles and
// its fingerprint, then per key seven lines like
//
//	1.3  7K3M-9QXA-4F
//
// key id and line number, eight characters of the key, and two check characters
// that also cover the place of the line. It has no words to translate; the
// caller prints the instructions around it.
func (k *Keyring) Paper() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %d %s\n", paperTitle, k.active, k.digests, k.Fingerprint())
	for _, id := range k.ids() {
		s := k.keys[id]
		padded := append(s.bytes[:], make([]byte, paperLines*paperRow-secretSize)...)
		for i := range paperLines {
			row := padded[i*paperRow : (i+1)*paperRow]
			text := paperCode.EncodeToString(row)
			fmt.Fprintf(&b, "%d.%d  %s-%s-%s\n", id, i+1, text[:4], text[4:], paperCheck(id, i+1, row))
		}
	}
	return b.String()
}

// paperCheck is two characters (10 bits) over the line and its place.
func paperCheck(id uint16, line int, row []byte) string {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint16([]byte("paper"), id))
	h.Write([]byte{byte(line)})
	h.Write(row)
	return paperCode.EncodeToString(h.Sum(nil)[:2])[:2]
}

var (
	paperHead = regexp.MustCompile(`(?i)` + paperTitle + ` +(\d{1,5}) +(\d{1,5}) +([0-9A-F]{4}(?:-[0-9A-F]{4}){3})`)
	paperLine = regexp.MustCompile(`(?m)^[ \t]*(\d{1,5})\.(\d)[ \t]+([0-9A-Za-z]{4})[- ]?([0-9A-Za-z]{4})[- ]?([0-9A-Za-z]{2})[ \t\r]*$`)
)

// ParsePaper reads a keyring typed in from paper. A typing mistake is refused
// with the line it is in; other text around is allowed.
func ParsePaper(text string) (*Keyring, error) {
	head := paperHead.FindStringSubmatch(text)
	if head == nil {
		return nil, errs.New(errs.Invalid, "error.key.paper_title", errs.Args{"title": paperTitle})
	}
	k := &Keyring{keys: map[uint16]secret{}}
	lines := map[uint16]int{}
	for _, m := range paperLine.FindAllStringSubmatch(text, -1) {
		id, _ := strconv.ParseUint(m[1], 10, 16) // out of range gives the largest id, whose check fails
		line, _ := strconv.Atoi(m[2])
		row, err := paperCode.DecodeString(unmistake(m[3] + m[4]))
		if err != nil || line < 1 || line > paperLines || paperCheck(uint16(id), line, row) != unmistake(m[5]) {
			return nil, errs.New(errs.Invalid, "error.key.paper_line", errs.Args{"line": m[1] + "." + m[2]})
		}
		s := k.keys[uint16(id)]
		s.id = uint16(id)
		copy(s.bytes[(line-1)*paperRow:], row)
		k.keys[s.id] = s
		lines[s.id] |= 1 << line
	}
	for id, seen := range lines {
		if seen != 1<<(paperLines+1)-2 {
			return nil, errs.New(errs.Invalid, "error.key.paper_incomplete", errs.Args{"key": id})
		}
	}
	active, _ := strconv.ParseUint(head[1], 10, 16)
	digests, _ := strconv.ParseUint(head[2], 10, 16)
	k.active, k.digests = uint16(active), uint16(digests)
	if !slices.Contains(k.ids(), k.active) || !slices.Contains(k.ids(), k.digests) || k.Fingerprint() != strings.ToUpper(head[3]) {
		return nil, errs.New(errs.Invalid, "error.key.paper_fingerprint", errs.Args{"fingerprint": head[3]})
	}
	return k, nil
}

// unmistake undoes what handwriting and eyes confuse.
func unmistake(s string) string {
	return strings.NewReplacer("I", "1", "L", "1", "O", "0", "U", "V").Replace(strings.ToUpper(s))
}

// Confirm records that the paper copy exists: the person types the fingerprint
// printed on it.
func (k *Keyring) Confirm(dataDir, typed string) error {
	clean := strings.ToUpper(strings.Join(strings.FieldsFunc(typed, func(r rune) bool { return r == ' ' || r == '-' }), ""))
	want := strings.ReplaceAll(k.Fingerprint(), "-", "")
	if subtle.ConstantTimeCompare([]byte(clean), []byte(want)) != 1 {
		return errs.New(errs.Invalid, "error.key.paper_fingerprint", errs.Args{"fingerprint": typed})
	}
	err := writeFile(filepath.Join(dataDir, keyFolder), confirmedFile, []byte(k.Fingerprint()+"\n"), true)
	return errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": filepath.Join(dataDir, keyFolder)})
}

// Confirmed reports whether a paper copy of exactly this ring was confirmed.
// Until then doctor and backup warn: a backup without its key restores nothing.
func (k *Keyring) Confirmed(dataDir string) bool {
	raw, err := os.ReadFile(filepath.Join(dataDir, keyFolder, confirmedFile))
	return err == nil && strings.TrimSpace(string(raw)) == k.Fingerprint()
}
