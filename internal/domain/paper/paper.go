// Package paper is what makes a printed form checkable: the digest of the
// figures it shows, the token its QR code carries, and the short code people
// read out.
//
// Token and code name a form by the random id of its record and say nothing
// about a person. The token is signed elsewhere; here are its bytes.
//
// Tokens come in two editions. SH2 also binds the name on the paper, by a digest
// that can be compared with a name but not read: see [NameDigest]. SH1 is what
// papers from before that carry; it stays checkable and leaves the name open.
package paper

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Kind is a kind of form.
type Kind string

// The forms of the house.
const (
	Approval   Kind = "approval"   // 减免审批表
	Settlement Kind = "settlement" // 费用结算单
	Estimate   Kind = "estimate"   // 费用预估单
)

// Kinds lists the forms. A token holds the position in this list, so new kinds
// come at the end.
func Kinds() []Kind { return []Kind{Approval, Settlement, Estimate} }

// Label is the message key of the form's name.
func (k Kind) Label() errs.Key { return errs.Key("paper.kind." + string(k)) }

// States a form can be printed in; a token holds the position in this list.
// The empty one is for forms without a state.
func States() []string {
	return []string{"", "requested", "approved", "refused", "returned", "withdrawn", "revoked", "settled", "reversed"}
}

// Digest is what binds a form to its figures: 128 bits of SHA-256 over kind,
// record, state and the amounts in the order of the paper. A zero is an amount.
type Digest [16]byte

// Form is what is on the paper, as far as it can be checked.
type Form struct {
	Kind    Kind
	ID      ident.ID // of the record
	State   string   // when it was printed
	Figures []money.Fen
	Name    string // of the person, as it is printed: masked on some papers
}

// Digest computes the digest.
func (f Form) Digest() Digest {
	h := sha256.New()
	h.Write([]byte("shanhai/form/1\x00" + string(f.Kind) + "\x00" + f.State + "\x00"))
	h.Write(f.ID[:])
	for _, amount := range f.Figures {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(amount))) // #nosec G115 -- bits to be signed, not a quantity
	}
	return Digest(h.Sum(nil)[:16])
}

// NameDigest binds the name on a paper. Its salt is the record's random id, so
// that one person's papers have nothing in common. It is short and slow on
// purpose: whoever has a QR code without its paper and tries all the names of a
// country computes for weeks and is left with dozens that fit, while a name
// changed on paper passes one time in sixteen million. Who already suspects a
// name can confirm it: that is what a check without a connection means.
type NameDigest [3]byte

// nameRounds makes one comparison take milliseconds.
const nameRounds = 1 << 15

func nameDigest(kind Kind, id ident.ID, name string) NameDigest {
	text := []byte(patient.NormaliseName(name)) // whatever dots, widths and spaces it is typed with
	sum := sha256.Sum256(slices.Concat([]byte("shanhai/name/1\x00"+string(kind)+"\x00"), id[:], text))
	for range nameRounds {
		sum = sha256.Sum256(append(sum[:], text...))
	}
	return NameDigest(sum[:len(NameDigest{})])
}

// Token is the content of the QR code.
type Token struct {
	Kind      Kind
	State     string
	ID        ident.ID
	Issued    clock.Date
	Digest    Digest
	Named     bool       // it binds the name: edition SH2
	Name      NameDigest // zero unless Named
	Key       uint16     // of the signature
	Signature []byte
}

// Of is the unsigned token of a form printed on a day.
func Of(f Form, day clock.Date, key uint16) Token {
	return Token{Kind: f.Kind, State: f.State, ID: f.ID, Issued: day, Digest: f.Digest(), Named: true, Name: nameDigest(f.Kind, f.ID, f.Name), Key: key}
}

// Shows reports whether figures are those the form was printed with.
func (t Token) Shows(figures []money.Fen) bool {
	return Form{Kind: t.Kind, ID: t.ID, State: t.State, Figures: figures}.Digest() == t.Digest
}

// Names reports whether a name is the one the form was printed with. A token
// that binds none names nobody.
func (t Token) Names(name string) bool { return t.Named && nameDigest(t.Kind, t.ID, name) == t.Name }

const (
	prefixPlain   = "SH1"
	prefixNamed   = "SH2"
	payloadSize   = 1 + 1 + 2 + 4 + 16 + 16
	signatureSize = 64
)

// letters leave out I, L, O and U; on reading, I and L count as 1, O as 0
// (Crockford's base 32). All of them are in the dense mode of QR codes.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var code32 = base32.NewEncoding(letters).WithPadding(base32.NoPadding)

// Payload is what the signature covers.
func (t Token) Payload() []byte {
	b := []byte{position(Kinds(), t.Kind), position(States(), t.State)}
	b = binary.BigEndian.AppendUint16(b, t.Key)
	b = binary.BigEndian.AppendUint32(b, uint32(t.Issued.Year()*10000+t.Issued.Month()*100+t.Issued.Day())) // #nosec G115 -- bits to be signed, not a quantity
	b = append(b, t.ID[:]...)
	b = append(b, t.Digest[:]...)
	if t.Named {
		b = append(b, t.Name[:]...)
	}
	return b
}

func position[T comparable](list []T, v T) byte {
	for i, x := range list {
		if x == v {
			return byte(i)
		}
	}
	return 255
}

// Text is the content of the QR code.
func (t Token) Text() string {
	prefix := prefixPlain
	if t.Named {
		prefix = prefixNamed
	}
	return prefix + code32.EncodeToString(append(t.Payload(), t.Signature...))
}

// ErrNoToken: the text is not from a form, or a part of it is missing.
var ErrNoToken = errors.New("paper: not the text of a form")

// IsToken reports whether a text looks like the content of a QR code.
func IsToken(text string) bool { return len(plain(text)) > 2*codeSize }

// Parse reads the content of a QR code. Whether the signature holds is for the
// holder of the keys to say. The edition needs no signature of its own: it is in
// the length of what is signed.
func Parse(text string) (Token, error) {
	text = plain(text)
	body, named := strings.CutPrefix(text, prefixNamed)
	if !named {
		var ok bool
		if body, ok = strings.CutPrefix(text, prefixPlain); !ok {
			return Token{}, ErrNoToken
		}
	}
	size := payloadSize
	if named {
		size += len(NameDigest{})
	}
	raw, err := code32.DecodeString(body)
	if err != nil || len(raw) != size+signatureSize || code32.EncodeToString(raw) != body || int(raw[0]) >= len(Kinds()) || int(raw[1]) >= len(States()) {
		return Token{}, ErrNoToken
	}
	day := int(binary.BigEndian.Uint32(raw[4:]))
	issued, err := clock.NewDate(day/10000, day/100%100, day%100)
	if err != nil {
		return Token{}, ErrNoToken
	}
	t := Token{Kind: Kinds()[raw[0]], State: States()[raw[1]], Key: binary.BigEndian.Uint16(raw[2:]), Issued: issued, ID: ident.ID(raw[8:24]),
		Digest: Digest(raw[24:40]), Named: named, Signature: raw[size:]}
	copy(t.Name[:], raw[payloadSize:size])
	return t, nil
}

// plain is a text as it is compared: what a person types varies.
func plain(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "\n", "", "\r", "", "\t", "", "I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(text))
}

const codeSize = 12

// Code is the short code beside the QR code: eleven characters of a hash of the
// payload and a check character, in groups of four.
func (t Token) Code() string {
	sum := sha256.Sum256(append([]byte("shanhai/code/1\x00"), t.Payload()...))
	c := code32.EncodeToString(sum[:7])[:codeSize-1]
	c += string(check(c))
	return c[:4] + "-" + c[4:8] + "-" + c[8:]
}

// check is the character that makes the weighted sum come out even (Luhn's rule
// in base 32): a single wrong character is always found.
func check(c string) byte {
	sum, factor := 0, 2
	for i := len(c) - 1; i >= 0; i-- {
		v := factor * strings.IndexByte(letters, c[i])
		sum += v/len(letters) + v%len(letters)
		factor = 3 - factor
	}
	return letters[(len(letters)-sum%len(letters))%len(letters)]
}

// ParseCode reads a typed code into its printed form; false when a character is
// wrong or missing.
func ParseCode(text string) (string, bool) {
	c := plain(text)
	if len(c) != codeSize || strings.Trim(c, letters) != "" || check(c[:codeSize-1]) != c[codeSize-1] {
		return "", false
	}
	return c[:4] + "-" + c[4:8] + "-" + c[8:], true
}
