package user

import (
	"encoding/base32"
	"encoding/binary"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// What every authenticator app understands without being told (RFC 6238).
const (
	factorStep   = 30 * time.Second
	factorSkew   = 1 // steps a clock may be off
	factorIssuer = "Shanhai"
)

// SecondFactor is the authenticator app of an account: six digits that change
// every thirty seconds. A code counts once, also within its own thirty seconds,
// so that one read over a shoulder is worth nothing.
type SecondFactor struct {
	AccountID   ident.ID
	Secret      string    // base32, as apps take it
	ConfirmedAt time.Time // zero: begun, and nobody is asked for it yet
	LastStep    int64     // the latest step whose code was accepted
}

// InForce reports whether sign-in asks for the code.
func (f SecondFactor) InForce() bool { return !f.ConfirmedAt.IsZero() }

// NewSecret spells 32 random bytes as the secret of an app: 160 bits, as RFC
// 4226 recommends.
func NewSecret(a, b [16]byte) string {
	raw := append(a[:], b[:4]...)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}

// Accept compares a code with those of now and one step to each side, and gives
// the factor as it is afterwards. Codes of steps up to the last accepted one are
// refused.
func (f SecondFactor) Accept(code string, now time.Time) (SecondFactor, bool) {
	code = onlyDigits(code)
	step := now.Unix() / int64(factorStep/time.Second)
	for at := step - factorSkew; at <= step+factorSkew; at++ {
		if at <= f.LastStep || at < 0 {
			continue
		}
		ok, err := hotp.ValidateCustom(code, uint64(at), f.Secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok {
			f.LastStep = at
			return f, true
		}
	}
	return f, false
}

// onlyDigits drops what apps and people put between them: "123 456".
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, halfWidth(s))
}

// URL is the text of the code an app scans.
func (f SecondFactor) URL(username string) string {
	q := url.Values{"secret": {f.Secret}, "issuer": {factorIssuer}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + factorIssuer + ":" + username, RawQuery: q.Encode()}
	return u.String()
}

// Grouped is the secret for typing: groups of four.
func (f SecondFactor) Grouped() string {
	var b strings.Builder
	for i, r := range f.Secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// RecoveryCodes is how many codes for a lost phone are given out at once.
const RecoveryCodes = 10

// RecoveryCode spells 16 random bytes as a code of two groups of five, 49 bits.
// Guesses are slowed down like those of passwords.
func RecoveryCode(entropy [16]byte) string {
	n := binary.BigEndian.Uint64(entropy[:8])
	var b strings.Builder
	for i := range 10 {
		if i == 5 {
			b.WriteByte('-')
		}
		b.WriteByte(recoveryLetters[n%uint64(len(recoveryLetters))])
		n /= uint64(len(recoveryLetters))
	}
	return b.String()
}

const recoveryLetters = plainLetters + plainDigits

// FoldRecoveryCode is the spelling that is compared: without the hyphen, in lower
// case. Empty means that the text is no recovery code at all.
func FoldRecoveryCode(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(halfWidth(s)))
	if len(s) != 10 || strings.Trim(s, recoveryLetters) != "" {
		return ""
	}
	return s
}

// WrongCode is the answer to a wrong, old or used code.
func WrongCode(path string) error {
	var f errs.Fields
	f.Add(path, "error.second_factor.wrong")
	return f.Err()
}
