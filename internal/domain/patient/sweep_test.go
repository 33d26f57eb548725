package patient_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// unseen are the signs nobody sees: controls, directions, zero widths, fillers, choosers
// of a drawing, and every kind of space.
func unseen() (out []rune) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point) || r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF {
			out = append(out, r)
		}
	}
	return out
}

// I-6: a sign nobody sees, wherever it stands in a name, is refused or leaves the name as
// it is without it: two names that look the same are stored the same.
func TestNoUnseenSignMakesAnotherName(t *testing.T) {
	cases, refused := 0, 0
	for _, name := range []string{"向云禾", "阿依古丽·买买提", "𠮷田𪛖", "欧阳娜娜"} {
		runes := []rune(name)
		for i, sign := range unseen() {
			if sign > 0xFFFF && i%40 > 0 && !scaletest.Full() {
				continue // hundreds of tags and choosers that are alike
			}
			for at := 0; at <= len(runes); at++ {
				cases++
				typed := string(slices.Insert(slices.Clone(runes), at, sign))
				got, _, err := patient.ParseName(typed)
				switch {
				case err != nil && errs.Of(err).Key == "error.name.hidden":
					refused++
				case err != nil || got != name:
					t.Fatalf("%q with U+%04X at %d is stored as %q: %v", name, sign, at, got, err)
				}
			}
		}
	}
	if cases < 2000 || refused == 0 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d cases, %d refused", cases, refused)
}

// I-6: what becomes of each class of odd names: refused with a reason, brought to one
// form, or kept, with a warning where another name looks the same.
func TestEveryClassOfNamesHasItsPolicy(t *testing.T) {
	for _, c := range []struct{ class, typed, want string }{
		{"bidi controls", "向\u202e云\u202c禾", "error.name.hidden"}, {"bidi isolates", "\u2066向云禾\u2069", "error.name.hidden"}, {"direction marks", "向云禾\u200f", "error.name.hidden"},
		{"zero width", "向\u200b云禾", "error.name.hidden"}, {"joiner", "向\u200d云禾", "error.name.hidden"}, {"byte order mark", "\ufeff向云禾", "error.name.hidden"},
		{"filler", "向\u3164云禾", "error.name.hidden"}, {"half-width filler", "向\uffa0云禾", "error.name.hidden"}, {"grapheme joiner", "向\u034f云禾", "error.name.hidden"},
		{"tags", "向云禾\U000e0041", "error.name.hidden"}, {"NUL", "向\x00云禾", "error.name.hidden"}, {"line separator", "向云\u2028禾", "向云禾"},
		{"lone surrogate", "向\xed\xa0\x80云", "error.name.garbled"}, {"broken bytes", "向\xff云", "error.name.garbled"}, {"no character", "向\uffff云", "error.name.sign"},
		{"drawing of a rare character", "葛\U000e0100城", "葛城"}, {"emoji style", "向云禾\ufe0f", "向云禾"}, {"compatibility character", "\uf9e1云禾", "李云禾"},
		{"composed", "Jose\u0301", "José"}, {"full width", "Ａｎｎａ　Ｌｅｅ", "Anna Lee"},
		{"middle dots", "阿依•古丽․买买提⸱阿卜ꞏ都", "阿依·古丽·买买提·阿卜·都"}, {"katakana dot", "阿依・古丽", "阿依·古丽"},
		{"extension B", "𠮷𪚥𪜀", "𠮷𪚥𪜀"}, {"extension G and H", "𰀀𱍐𲎯", "𰀀𱍐𲎯"}, {"ideographic zero", "单〇", "单〇"}, {"radical for a character", "⽟云", "error.name.sign"},
		{"private use", "向\ue000", "向\ue000 warn.name.private_character"},
		{"Cyrillic among Latin", "Аnna", "Аnna warn.name.mixed_scripts"}, {"Greek among Latin", "Αnna Lee", "Αnna Lee warn.name.mixed_scripts"},
		{"Cyrillic alone", "Анна", "Анна"}, {"Latin beside Han", "Anna 李", "Anna 李"},
		{"50 characters", strings.Repeat("阿", 24) + "·" + strings.Repeat("提", 25), strings.Repeat("阿", 24) + "·" + strings.Repeat("提", 25)},
		{"64 characters", strings.Repeat("阿", 64), strings.Repeat("阿", 64)}, {"65 characters", strings.Repeat("阿", 65), "error.name.too_long"},
	} {
		got, warnings, err := patient.ParseName(c.typed)
		for _, w := range warnings {
			got += " " + w.Key
		}
		if err != nil {
			got = errs.Of(err).Key
		}
		if got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.class, c.typed, got, c.want)
		}
	}
}

// I-6: any text is refused, or stored in one form without a sign nobody sees.
func TestAnyTextIsANameInOneFormOrNone(t *testing.T) {
	const seed = 20261129
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 6))
	pools := [][]rune{[]rune("向云禾阿依买提·•・ 　.．()（）'-"), []rune("AaＡé\u0301\u0308ΑАВЕ"), []rune("𠮷𪛖𫝀𰀀\ue000\uf9e1⽟〇"), unseen(), []rune("0１!?;=<>\"\\\ufffd😀"), []rune("\u0600ᠠ\u180b한\u1160กำ")}
	stored := 0
	for range scaletest.Times(2000) {
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			pool := pools[rng.IntN(len(pools))]
			if rng.IntN(3) > 0 {
				pool = pools[rng.IntN(2)]
			}
			b.WriteRune(pool[rng.IntN(len(pool))])
		}
		name, _, err := patient.ParseName(b.String())
		if err != nil {
			if !errs.Is(err, errs.Invalid) || name != "" {
				t.Fatalf("%q: %q %v", b.String(), name, err)
			}
			continue
		}
		stored++
		again, _, err := patient.ParseName(name)
		if err != nil || again != name || !norm.NFC.IsNormalString(name) || !utf8.ValidString(name) || utf8.RuneCountInString(name) > patient.MaxName ||
			strings.ContainsFunc(name, func(r rune) bool { return r != ' ' && slices.Contains(pools[3], r) }) {
			t.Fatalf("%q is stored as %q, which is read as %q: %v", b.String(), name, again, err)
		}
	}
	if stored < 100 {
		t.Errorf("only %d were names", stored)
	}
	t.Logf("%d names", stored)
}

// genuine says by the standard and the calendar of the library, not by the code under
// test, whether 18 characters are the number of somebody who may be alive.
func genuine(s string) bool {
	if len(s) != 18 || strings.Trim(s[:17], "0123456789") != "" || sealed(s[:17]) != s {
		return false
	}
	birth, err := time.Parse("20060102", s[6:14])
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	return err == nil && !birth.After(day) && birth.AddDate(patient.MaxAge+1, 0, 0).After(day)
}

// slips are what happens to a number on its way from the card into the box.
var slips = []func(*rand.Rand, []byte) []byte{
	func(*rand.Rand, []byte) []byte { return nil }, // none
	func(r *rand.Rand, s []byte) []byte { s[r.IntN(len(s))] = byte('0' + r.IntN(10)); return s },
	func(r *rand.Rand, s []byte) []byte {
		at := r.IntN(len(s) - 1)
		s[at], s[at+1] = s[at+1], s[at]
		return s
	},
	func(r *rand.Rand, s []byte) []byte {
		for range 2 {
			s[r.IntN(len(s))] = byte('0' + r.IntN(10))
		}
		return s
	},
	func(r *rand.Rand, s []byte) []byte {
		copy(s[6:], fmt.Sprintf("%04d%02d%02d", 1850+r.IntN(200), r.IntN(15), r.IntN(35)))
		return s
	},
	func(r *rand.Rand, s []byte) []byte { // a date that cannot be, under its own check digit
		copy(s[6:], fmt.Sprintf("%04d%02d%02d", 1850+r.IntN(200), r.IntN(15), r.IntN(35)))
		return []byte(sealed(string(s[:17])))
	},
	func(r *rand.Rand, s []byte) []byte { at := r.IntN(len(s)); return append(s[:at], s[at+1:]...) },
	func(r *rand.Rand, s []byte) []byte { return slices.Insert(s, r.IntN(len(s)), byte('0'+r.IntN(10))) },
	func(r *rand.Rand, s []byte) []byte { s[r.IntN(len(s))] = 'X'; return s },
	func(*rand.Rand, []byte) []byte { return []byte("000000000000000000") },
	func(r *rand.Rand, s []byte) []byte { copy(s[15:], "000"); return s },
}

// spelled is a number as people type it, which is the same number.
func spelled(r *rand.Rand, s string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ToLower(s)
	case 1:
		return strings.Map(func(c rune) rune { return c - '!' + '！' }, s) // full width
	case 2:
		return " " + s[:min(6, len(s))] + " " + s[min(6, len(s)):] + "\u3000"
	case 3:
		return "\u200b" + s + "\ufeff"
	}
	return s
}

// I-7: of 100,000 numbers, good ones and such with a slip, in every spelling, exactly
// those are taken that the standard and the calendar allow; none is taken falsely, and
// none is repaired into another.
func TestNoNumberIsTakenFalsely(t *testing.T) {
	const seed = 20261129
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 7))
	taken, refused, old := 0, 0, 0
	for range scaletest.Times(20_000) {
		birth := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rng.IntN(46_000))
		number := sealed(fmt.Sprintf("500199%s%03d", birth.Format("20060102"), rng.IntN(1000)))
		if got := slips[rng.IntN(len(slips))](rng, []byte(number)); got != nil {
			number = string(got)
		}
		want := number
		if rng.IntN(10) == 0 && len(number) == 18 && number[6:8] == "19" { // one of the old, of 15 digits
			number = number[:6] + number[8:17]
			want = ""
			if strings.Trim(number, "0123456789") == "" {
				want = sealed(number[:6] + "19" + number[6:])
			}
			old++
		}
		n, err := patient.ParseCitizenNumber(spelled(rng, number), today)
		switch ok := genuine(want); {
		case err == nil && (!ok || n.Number != want):
			t.Fatalf("%q was taken as %s", number, want)
		case err != nil && ok:
			t.Fatalf("%q was refused: %v", number, err)
		case ok:
			taken++
		default:
			refused++
		}
	}
	if scaletest.Times(20_000) >= 10_000 && (taken < 1000 || refused < 1000) {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
	t.Logf("%d taken, %d refused, %d of them of 15 digits", taken, refused, old)
}
