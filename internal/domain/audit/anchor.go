package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Head is where one chain of the log stood.
type Head struct {
	Organisation ident.ID
	Lane         int
	Seq          int64
	Hash         []byte
}

// Anchor is what all chains of one partnership's log looked like at an instant.
// Signed and kept elsewhere, it is what a chain whose end was cut off, or which
// was computed anew from some row on, no longer agrees with. It holds no
// personal data: who has it learns how many rows there were, and nothing of them.
type Anchor struct {
	Partnership ident.ID // nil: the platform
	At          time.Time
	Previous    []byte // digest of the anchor before; empty for the first
	Heads       []Head // in the order of organisation and lane
	// Held are the digests of anchors of other installations that came in since
	// the one before: from then on nobody can pretend to have had others.
	Held [][]byte
}

// SignedAnchor is an anchor as it leaves the house.
type SignedAnchor struct {
	Anchor
	Key       uint16
	Signature []byte
}

// AnchorPurpose separates signatures of anchors from all others.
const AnchorPurpose = "anchor"

const anchorTitle = "SHANHAI-ANCHOR 1"

// ErrNoAnchor: the text is not an anchor as we write them.
var ErrNoAnchor = errors.New("audit: this is no anchor, or it is not whole")

// Message is what the signature covers: one line for each fact.
func (a Anchor) Message() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\npartnership %s\nmade %s\nprevious %s\n", anchorTitle, a.Partnership, a.At.UTC().Format(time.RFC3339Nano), digestText(a.Previous))
	for _, h := range a.Heads {
		fmt.Fprintf(&b, "chain %s %d %d %s\n", h.Organisation, h.Lane, h.Seq, hex.EncodeToString(h.Hash))
	}
	for _, d := range a.Held {
		fmt.Fprintf(&b, "held %s\n", digestText(d))
	}
	return b.Bytes()
}

func digestText(d []byte) string {
	if len(d) == 0 {
		return "-"
	}
	return hex.EncodeToString(d)
}

// Links is the number of rows all chains held together.
func (a Anchor) Links() (n int64) {
	for _, h := range a.Heads {
		n += h.Seq
	}
	return n
}

// File is the anchor as a file: the message and its signature.
func (s SignedAnchor) File() string {
	return fmt.Sprintf("%ssignature %d %s\n", s.Message(), s.Key, base64.StdEncoding.EncodeToString(s.Signature))
}

// Digest names an anchor: the SHA-256 of its file.
func (s SignedAnchor) Digest() []byte {
	sum := sha256.Sum256([]byte(s.File()))
	return sum[:]
}

// maxAnchorLines bounds what is read: ten thousand organisations of eight lanes.
const maxAnchorLines = 100_000

// ParseAnchor reads a file of [SignedAnchor.File]. Only the spelling we write is
// read, so that two files that differ are two anchors. Windows line ends, which
// a mail program may put in, are forgiven.
func ParseAnchor(text string) (s SignedAnchor, err error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 5 || len(lines) > maxAnchorLines || lines[0] != anchorTitle {
		return s, ErrNoAnchor
	}
	for _, line := range lines[1:] {
		word, rest, _ := strings.Cut(line, " ")
		if err := s.read(word, strings.Split(rest, " ")); err != nil {
			return s, ErrNoAnchor
		}
	}
	if s.File() != text || !slices.IsSortedFunc(s.Heads, compareHeads) {
		return s, ErrNoAnchor
	}
	return s, nil
}

func compareHeads(a, b Head) int {
	return cmp.Or(slices.Compare(a.Organisation[:], b.Organisation[:]), a.Lane-b.Lane)
}

// read takes one line in; a word too few or too many shows when the file is
// written again and compared.
func (s *SignedAnchor) read(word string, parts []string) (err error) {
	var key uint64
	switch {
	case word == "partnership":
		s.Partnership, err = ident.Parse(parts[0])
	case word == "made":
		s.At, err = time.Parse(time.RFC3339Nano, parts[0])
	case word == "previous":
		s.Previous, err = readDigest(parts[0])
	case word == "held":
		var d []byte
		d, err = readDigest(parts[0])
		s.Held = append(s.Held, d)
	case word == "chain" && len(parts) == 4:
		var h Head
		var e [4]error
		h.Organisation, e[0] = ident.Parse(parts[0])
		h.Lane, e[1] = strconv.Atoi(parts[1])
		h.Seq, e[2] = strconv.ParseInt(parts[2], 10, 64)
		h.Hash, e[3] = readDigest(parts[3])
		err = errors.Join(e[:]...)
		s.Heads = append(s.Heads, h)
	case word == "signature" && len(parts) == 2:
		if key, err = strconv.ParseUint(parts[0], 10, 16); err == nil {
			s.Key = uint16(key)
			s.Signature, err = base64.StdEncoding.DecodeString(parts[1])
		}
	default:
		return ErrNoAnchor
	}
	return err
}

func readDigest(text string) ([]byte, error) {
	if text == "-" {
		return nil, nil
	}
	d, err := hex.DecodeString(text)
	if err == nil && len(d) != sha256.Size {
		err = ErrNoAnchor
	}
	return d, err
}
