package seal

import (
	"crypto/subtle"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Holding is a sheet of the paper copy that somebody is known to hold.
type Holding struct {
	Sheet  int    // [Whole], 1 or 2
	Holder string // a person or an office; a half always has one
}

// Holdings are the confirmed sheets of exactly this ring, in order. They are kept
// in a file beside the keyring, a line each: the ring's fingerprint, the sheet and
// its holder.
func (k *Keyring) Holdings(dataDir string) []Holding {
	raw, err := os.ReadFile(filepath.Join(dataDir, keyFolder, confirmedFile)) // #nosec G304 -- the key folder of the data directory
	if err != nil {
		return nil
	}
	var out []Holding
	for line := range strings.Lines(string(raw)) {
		ring, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if ring != k.Fingerprint() {
			continue // of a ring before a key was added
		}
		sheet, holder, _ := strings.Cut(rest, " ")
		if n, _ := strconv.Atoi(sheet); n >= Whole && n <= 2 { // a line without a sheet is of the whole
			out = append(out, Holding{n, holder})
		}
	}
	slices.SortFunc(out, func(a, b Holding) int { return a.Sheet - b.Sheet })
	return out
}

// Confirmed reports whether the ring can be had back from paper: the whole sheet
// was confirmed, or both halves. Until then doctor and backup warn: a backup
// without its key restores nothing.
func (k *Keyring) Confirmed(dataDir string) bool {
	var held [3]bool
	for _, h := range k.Holdings(dataDir) {
		held[h.Sheet] = true
	}
	return held[Whole] || held[1] && held[2]
}

// Confirm records that a sheet of the paper copy exists: who holds it types the
// fingerprint printed on it. The holder of a half must be named, and two halves in
// one hand are refused: they protect no more than the whole sheet.
func (k *Keyring) Confirm(dataDir, typed, holder string) (Holding, error) {
	h := Holding{Sheet: -1, Holder: strings.Join(strings.Fields(holder), " ")}
	clean := plain(typed)
	for sheet := range 3 {
		if subtle.ConstantTimeCompare([]byte(clean), []byte(plain(k.sheetFingerprint(sheet)))) == 1 {
			h.Sheet = sheet
		}
	}
	held := k.Holdings(dataDir)
	switch {
	case h.Sheet < 0:
		return h, errs.New(errs.Invalid, "error.key.paper_fingerprint", errs.Args{"fingerprint": typed})
	case h.Sheet != Whole && h.Holder == "":
		return h, errs.New(errs.Invalid, "error.key.half_holder", errs.Args{"sheet": h.Sheet})
	case h.Sheet != Whole && slices.ContainsFunc(held, func(x Holding) bool {
		return x.Sheet == 3-h.Sheet && strings.EqualFold(x.Holder, h.Holder)
	}):
		return h, errs.New(errs.Precondition, "error.key.half_same", errs.Args{"holder": h.Holder})
	}
	held = append(slices.DeleteFunc(held, func(x Holding) bool { return x.Sheet == h.Sheet }), h)
	var b strings.Builder
	for _, x := range held {
		fmt.Fprintf(&b, "%s %d %s\n", k.Fingerprint(), x.Sheet, x.Holder)
	}
	err := writeFile(filepath.Join(dataDir, keyFolder), confirmedFile, []byte(b.String()), true)
	return h, errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": filepath.Join(dataDir, keyFolder)})
}

// plain is a fingerprint without what groups it.
func plain(fingerprint string) string {
	return strings.ToUpper(strings.Join(strings.FieldsFunc(fingerprint, func(r rune) bool { return r == ' ' || r == '-' }), ""))
}
