package patient_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
)

var today = clock.MustDate(2026, 11, 23)

// sealed appends the check digit by the standard's own weights, not by the code under test.
func sealed(first17 string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(first17[i]-'0')
	}
	return first17 + string("10X98765432"[sum%11])
}

func TestCitizenNumberSaysSexBirthAndRegion(t *testing.T) {
	for text, want := range map[string]string{
		"11010519491231002X": "11010519491231002X F 1949-12-31 110105", "440524188001010014": "error.identity.birth_too_early",
		"11010519491231002x": "11010519491231002X F 1949-12-31 110105", "１１０１０５１９４９１２３１００２Ｘ": "11010519491231002X F 1949-12-31 110105",
		" 110105 19491231 002X ": "11010519491231002X F 1949-12-31 110105", "110105-19491231-002×": "11010519491231002X F 1949-12-31 110105",
		"'11010519491231002X": "11010519491231002X F 1949-12-31 110105", "\u200b11010519491231002X\ufeff": "11010519491231002X F 1949-12-31 110105",
		"110105491231002": "11010519491231002X F 1949-12-31 110105", "110105491231002.0": "11010519491231002X F 1949-12-31 110105",
	} {
		n, err := patient.ParseCitizenNumber(text, today)
		got := fmt.Sprintf("%s %s %s %s", n.Number, n.Sex, n.Birth, n.RegionCode)
		if err != nil {
			got = errs.Of(err).Key
		}
		if got != want {
			t.Errorf("ParseCitizenNumber(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestCitizenNumberNamesWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"": "error.identity.required", "  ": "error.identity.required",
		"1101051949123100": "error.identity.too_short 2", "11010519491231002": "error.identity.too_short 1", "1101": "error.identity.too_short 14",
		"11010549123100X": "error.identity.too_short 3", "11010519491231002X1": "error.identity.characters", "1101051949123100211": "error.identity.too_long 1",
		"1101051949123I002X": "error.identity.characters", "X10105194912310021": "error.identity.characters", "一二三": "error.identity.characters",
		"110105194912310021": "error.identity.check_digit", "110105194913310025": "error.identity.birth", sealed("11010519490230002"): "error.identity.birth",
		"500114209901010011": "error.identity.birth_future", "50011420990101002X": "error.identity.birth_future", "371102209906300158": "error.identity.birth_future",
		"500114209602290033":  "error.identity.birth_future",
		"1.10105194912310E17": "error.identity.damaged_by_excel", "1.2E+17": "error.identity.damaged_by_excel", "5.00199e+17": "error.identity.damaged_by_excel",
		"110105194912310000": "error.identity.damaged_by_excel", "110105194912310000.0": "error.identity.damaged_by_excel",
		"000000000000000001": "error.identity.birth", // passes the checksum, but is nobody's
	} {
		_, err := patient.ParseCitizenNumber(text, today)
		if err == nil {
			t.Errorf("%q was accepted", text)
			continue
		}
		e := errs.Of(err)
		got := e.Key
		if n, ok := e.Args["n"]; ok && strings.Contains(e.Key, "too_") {
			got += fmt.Sprint(" ", n)
		}
		if got != want || e.Kind != errs.Invalid || len(e.Fields) != 1 {
			t.Errorf("ParseCitizenNumber(%q) = %s (%v), want %s", text, got, e.Fields, want)
		}
	}
}

func TestANumberWithTrueZerosAtTheEndIsNotDamaged(t *testing.T) {
	for i := range 100 {
		s := sealed(fmt.Sprintf("50019919600101%02d0", i))
		if strings.HasSuffix(s, "000") {
			if _, err := patient.ParseCitizenNumber(s, today); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			return
		}
	}
	t.Fatal("no such number found")
}

func TestBornTodayIsAcceptedAndTomorrowIsNot(t *testing.T) {
	n, err := patient.ParseCitizenNumber(sealed("50019920261123001"), today)
	if err != nil || n.Birth != today || n.Sex != patient.Male {
		t.Fatalf("%+v %v", n, err)
	}
	if _, err := patient.ParseCitizenNumber(sealed("50019920261124001"), today); errs.Of(err).Key != "error.identity.birth_future" {
		t.Fatal(err)
	}
}

func TestUnknownAndAbolishedRegionsOnlyWarn(t *testing.T) {
	for region, want := range map[string]string{"990101": "warn.identity.region_unknown", "513523": "warn.identity.region_abolished",
		"830000": "warn.identity.residence_permit", "500114": "", "500199": "", "130102": ""} {
		n, err := patient.ParseCitizenNumber(sealed(region+"19600101001"), today)
		got := ""
		if len(n.Warnings) > 0 {
			got = n.Warnings[0].Key
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", region, got, err, want)
		}
	}
}

func TestEveryMadeNumberReadsBackAndEveryDigitMattersButIsNotRevealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := clock.MustDate(1900, 1, 1).AddDays(rapid.IntRange(0, 46000).Draw(t, "day"))
		sequence := rapid.IntRange(0, 999).Draw(t, "sequence")
		number := sealed(fmt.Sprintf("500199%s%03d", strings.ReplaceAll(birth.String(), "-", ""), sequence))
		n, err := patient.ParseCitizenNumber(number, today)
		if err != nil || n.Number != number || n.Birth != birth || (n.Sex == patient.Male) != (sequence%2 == 1) {
			t.Fatalf("%s: %+v %v", number, n, err)
		}
		at := rapid.IntRange(0, 16).Draw(t, "at")
		other := byte('0' + (int(number[at]-'0')+rapid.IntRange(1, 9).Draw(t, "by"))%10)
		_, err = patient.ParseCitizenNumber(number[:at]+string(other)+number[at+1:], today)
		if err == nil {
			t.Fatalf("a changed digit at %d passed", at)
		}
		if e := errs.Of(err); e.Key == "error.identity.check_digit" && len(e.Args) != 0 {
			t.Fatalf("the answer reveals %v", e.Args)
		}
	})
}

func TestAnOldNumberIsTheSamePersonAsTheNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := clock.MustDate(1900, 1, 1).AddDays(rapid.IntRange(0, 36000).Draw(t, "day"))
		day, seq := strings.ReplaceAll(birth.String(), "-", ""), rapid.IntRange(0, 999).Draw(t, "seq")
		long, err1 := patient.ParseCitizenNumber(sealed(fmt.Sprintf("513523%s%03d", day, seq)), today)
		short, err2 := patient.ParseCitizenNumber(fmt.Sprintf("513523%s%03d", day[2:], seq), today)
		if err1 != nil || err2 != nil || long.Number != short.Number || !short.Upgraded || long.Upgraded {
			t.Fatalf("%v %v %v %v", long, short, err1, err2)
		}
	})
}

func TestPrintingANumberShowsTheMask(t *testing.T) {
	n, err := patient.ParseCitizenNumber("11010519491231002X", today)
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %s %v", n, n, n.LogValue()); strings.Contains(s, "1949") || !strings.Contains(s, "**************002X") {
		t.Fatal(s)
	}
}

func FuzzParseCitizenNumber(f *testing.F) {
	for _, s := range []string{"11010519491231002X", "110105491231002", "1.2E+17", "１１０ 105", "110105194912310000", "'1-1×", "\u202e12", "99999999999999999999999", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := patient.ParseCitizenNumber(text, today)
		if err != nil {
			if !errs.Is(err, errs.Invalid) || n.Number != "" {
				t.Fatalf("%q: %v %v", text, n, err)
			}
			return
		}
		again, err := patient.ParseCitizenNumber(n.Number, today)
		if err != nil || again.Number != n.Number || again.Birth != n.Birth || len(n.Number) != 18 || n.Birth.After(today) {
			t.Fatalf("%q reads as %v, which reads as %v, %v", text, n.Number, again.Number, err)
		}
	})
}
