// Package document is the rules of attachments: the proofs people photograph or
// scan. What a file is, is decided by its first bytes, never by its name or by
// what the browser says. Pictures and PDF only: SVG and HTML can carry scripts
// and are not pictures here.
package document

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Kind is what the paper proves.
type Kind string

// The kinds.
const (
	Identity Kind = "identity"         // identity card, household register, passport
	Poverty  Kind = "poverty"          // certificate of the beneficiary category
	Consent  Kind = "consent"          // signed consent
	Invoice  Kind = "invoice"          // hospital bill
	Sheet    Kind = "settlement_sheet" // the insurers' settlement sheet
	Medical  Kind = "medical"          // report, picture, discharge paper
	Chart    Kind = "acuity_chart"     // the sheet of the acuity chart, photographed
	Sticker  Kind = "sticker"          // the labels of what was implanted
	Other    Kind = "other"
)

// Kinds lists the kinds in the order of the form.
func Kinds() []Kind {
	return []Kind{Identity, Poverty, Consent, Invoice, Sheet, Medical, Chart, Sticker, Other}
}

// Label is the message key of the kind's name.
func (k Kind) Label() string { return "attachment.kind." + string(k) }

// MaxSize is the largest file, 10 MiB: a phone's photo fits, a scanned book does not.
const MaxSize = 10 << 20

// The media types that are taken.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
	PDF  = "application/pdf"
)

// Media lists the media types, for the file chooser.
func Media() []string { return []string{JPEG, PNG, WebP, PDF} }

// Sniff decides the media type by the first bytes of the file.
func Sniff(head []byte) (media string, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}):
		return JPEG, true
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, true
	case len(head) >= 12 && bytes.HasPrefix(head, []byte("RIFF")) && string(head[8:12]) == "WEBP":
		return WebP, true
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return PDF, true
	}
	return "", false
}

// Extension is the file ending of a media type, for downloads.
func Extension(media string) string {
	switch media {
	case JPEG:
		return ".jpg"
	case PNG:
		return ".png"
	case WebP:
		return ".webp"
	case PDF:
		return ".pdf"
	}
	return ".bin"
}

// Image reports whether the page can show the file as a picture.
func Image(media string) bool { return media == JPEG || media == PNG || media == WebP }

// Upload is a file as it arrives.
type Upload struct {
	Kind    Kind
	Name    string // as the browser sent it
	Content []byte
}

// Accept checks an upload and returns its media type.
func Accept(u Upload) (media string, err error) {
	if len(u.Content) > MaxSize {
		return "", &errs.Error{Kind: errs.TooLarge, Key: "error.attachment.too_large", Args: errs.Args{"max": MaxSize >> 20}}
	}
	var f errs.Fields
	if !slices.Contains(Kinds(), u.Kind) {
		f.Add("kind", "error.attachment.kind")
	}
	media, ok := Sniff(u.Content)
	switch {
	case len(u.Content) == 0:
		f.Add("file", "error.attachment.empty")
	case !ok:
		f.Add("file", "error.attachment.media")
	case floods(u.Content):
		f.Add("file", "error.attachment.pixels", "max", MaxPixels/1_000_000)
	}
	return media, f.Err()
}

// maxName bounds a stored file name.
const maxName = 100

// longNumber is what an identity, bank or telephone number looks like in a name.
var longNumber = regexp.MustCompile(`\d{11,}[Xx]?`)

// CleanName keeps the last part of a name, without control characters and
// characters that mean something to file systems or headers. Of a long number only
// the last four are kept: people name the scan of a card after the card, and a file
// name is stored, listed and sent in clear.
func CleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F || r == utf8.RuneError || strings.ContainsRune(`<>:"|?*;`, r) || bidi(r) {
			return -1
		}
		return r
	}, name)
	name = longNumber.ReplaceAllStringFunc(strings.Trim(name, " ."), func(s string) string {
		return strings.Repeat("x", len(s)-4) + s[len(s)-4:]
	})
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return name
}

// bidi are the marks that let gpj.exe be read as exe.jpg.
func bidi(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

// Rotations lists the turns of a picture in degrees, clockwise.
func Rotations() []int { return []int{0, 90, 180, 270} }

// Rotate turns a picture by quarter turns from where it stands.
func Rotate(from, quarters int) int { return ((from/90+quarters)%4 + 4) % 4 * 90 }

// CheckRotation refuses a turn that is not a quarter.
func CheckRotation(degrees int) error {
	if slices.Contains(Rotations(), degrees) {
		return nil
	}
	var f errs.Fields
	f.Add("rotation", "error.attachment.rotation")
	return f.Err()
}
