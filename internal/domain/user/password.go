package user

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// PasswordPolicy is what a new password must fulfil. Two standards disagree:
// GB/T 22239 level 3 asks for character classes and periodic change, OWASP ASVS
// 5.0 (6.2.5, 6.2.10) forbids both and asks for length; so it is a setting.
type PasswordPolicy struct {
	Profile string
	Min     int           // characters
	Classes int           // of lower, upper, digit, other; 0 asks for none
	MaxAge  time.Duration // 0: never expires
	Reuse   int           // how many earlier passwords may not come back
}

// The names of the profiles.
const (
	ProfileMLPS = "mlps"
	ProfileASVS = "asvs"
)

// maxPassword bounds the work of hashing; longer than any pass phrase.
const maxPassword = 128

// minOwn is how many characters must be left of a password when names, common
// words and runs like 12345 are taken out.
const minOwn = 6

// PasswordProfile is the policy of a profile name.
func PasswordProfile(name string) (PasswordPolicy, error) {
	switch name {
	case ProfileMLPS:
		return PasswordPolicy{Profile: name, Min: 10, Classes: 3, MaxAge: 90 * 24 * time.Hour, Reuse: 5}, nil
	case ProfileASVS:
		return PasswordPolicy{Profile: name, Min: 15, Reuse: 1}, nil
	}
	return PasswordPolicy{}, errs.New(errs.Invalid, "error.password.profile", errs.Args{"profile": name})
}

// Check refuses a password that does not fulfil the policy. Words are what the
// person is likely to use: user name, own name, names of the organisation.
func (p PasswordPolicy) Check(password string, words ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < p.Min:
		return fieldError("password", "error.password.short", "min", p.Min)
	case n > maxPassword:
		return fieldError("password", "error.password.long", "max", maxPassword)
	case classes(password) < p.Classes:
		return fieldError("password", "error.password.classes", "classes", p.Classes)
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return fieldError("password", "error.password.characters")
	}
	folded := foldPassword(password)
	own := stripWords(folded, words)
	if own != folded && utf8.RuneCountInString(stripRuns(own)) < minOwn {
		return fieldError("password", "error.password.names")
	}
	if utf8.RuneCountInString(stripRuns(stripWords(own, commonWords()))) < minOwn {
		return fieldError("password", "error.password.common")
	}
	return nil
}

// Expired reports whether the policy asks for a new password.
func (p PasswordPolicy) Expired(changed, now time.Time) bool {
	return p.MaxAge > 0 && now.Sub(changed) > p.MaxAge
}

// classes counts the character classes used: lower, upper, digit, anything else.
func classes(s string) int {
	var lower, upper, digit, other int
	for _, r := range s {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}

// foldPassword undoes case, width and the usual substitutions, so that
// P@ssw0rd is recognised as the word it is.
func foldPassword(s string) string {
	return strings.NewReplacer("@", "a", "0", "o", "$", "s", "3", "e").Replace(strings.ToLower(halfWidth(s)))
}

// stripWords takes words of at least three characters (two for Han) out.
func stripWords(s string, words []string) string {
	for _, w := range words {
		for part := range strings.FieldsFuncSeq(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			part = foldPassword(part)
			if utf8.RuneCountInString(part) >= 3 || utf8.RuneCountInString(part) == 2 && unicode.Is(unicode.Han, []rune(part)[0]) {
				s = strings.ReplaceAll(s, part, "")
			}
		}
	}
	return s
}

// stripRuns takes out runs of three and more that count up, down or stand
// still (1234, cba, aaaa). The digits folded to letters are unfolded first.
func stripRuns(s string) string {
	rs := []rune(strings.NewReplacer("o", "0", "e", "3").Replace(s))
	var out []rune
	for i := 0; i < len(rs); {
		j := i + 1
		for j < len(rs) && j-i >= 1 && rs[j]-rs[j-1] == rs[min(i+1, len(rs)-1)]-rs[i] && abs(rs[j]-rs[j-1]) <= 1 {
			j++
		}
		if j-i < 3 {
			j = i + 1
			out = append(out, rs[i])
		}
		i = j
	}
	return string(out)
}

func abs(r rune) rune { return max(r, -r) }

// commonWords are the stems of the passwords seen first in every guessing list,
// and the words nearest to this product.
func commonWords() []string {
	return strings.Fields(`password passwd passw0rd qwertyuiop qwerty asdfghjkl asdfgh zxcvbnm zxcvbn qazwsxedc qazwsx
		1qaz2wsx 3edc4rfv 1q2w3e4r5t 1q2w3e4r q1w2e3r4 qwer1234 admin administrator welcome letmein iloveyou monkey dragon
		football baseball sunshine princess master shadow superman trustno1 changeme default secret login guest test
		woaini woaini1314 5201314 1314520 520520 woaiwojia zhongguo china beijing shanghai chongqing shandong
		mima mimamima yisheng yiyuan hospital doctor nurse huanzhe xiezuo bangfu shanhai weisheng jiankang health
		yunling langang 医院 医生 密码 山海 协作 帮扶 卫健委 888888 666666 147258369 147258 159357 789456123 123654 112233
		abc123 a123456 aa123456 abcd1234 p455w0rd root toor user pass word`)
}

// Alphabets of temporary passwords: nothing that is misread on paper.
const (
	plainLetters = "abcdefghjkmnpqrstuvwxyz"
	plainDigits  = "23456789"
)

// TemporaryPassword spells 16 random bytes as a password to read out, four
// groups like kdm7-fqx2-… (66 bits). It fulfils every profile and has to be
// changed at the first sign-in.
func TemporaryPassword(entropy [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(entropy[:8]), binary.BigEndian.Uint64(entropy[8:])
	var b strings.Builder
	for group := range 4 {
		src := &hi
		if group >= 2 {
			src = &lo
		}
		if group > 0 {
			b.WriteByte('-')
		}
		for range 3 {
			b.WriteByte(plainLetters[*src%uint64(len(plainLetters))])
			*src /= uint64(len(plainLetters))
		}
		b.WriteByte(plainDigits[*src%uint64(len(plainDigits))])
		*src /= uint64(len(plainDigits))
	}
	return b.String()
}
