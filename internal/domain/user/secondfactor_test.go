package user

import (
	"encoding/base32"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"pgregory.net/rapid"
)

// The secret and times of RFC 6238, appendix B, cut to six digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if _, ok := (SecondFactor{Secret: secret}).Accept(code, time.Unix(at, 0)); !ok {
			t.Errorf("at %d the code %s is refused", at, code)
		}
	}
}

func TestACodeCountsOnceAndForAMinuteAndAHalf(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	f := SecondFactor{Secret: secret}
	now := time.Unix(1111111109, 0)
	next, ok := f.Accept(" 081 804 ", now)
	if !ok {
		t.Fatal("spaces make a code wrong")
	}
	if _, ok := next.Accept("081804", now); ok {
		t.Error("the same code counts twice")
	}
	if _, ok := next.Accept("081804", now.Add(20*time.Second)); ok {
		t.Error("the same code counts again in the next step")
	}
	for off, want := range map[time.Duration]bool{-30 * time.Second: true, 30 * time.Second: true, -70 * time.Second: false, 70 * time.Second: false} {
		if _, ok := f.Accept("081804", now.Add(off)); ok != want {
			t.Errorf("%s beside its time: accepted %v", off, ok)
		}
	}
	for _, bad := range []string{"", "081805", "0818", "0818044", "abcdef"} {
		if _, ok := f.Accept(bad, now); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// However the clock jumps, a code that was accepted is never accepted again, and
// the phone's next code is, once both clocks agree.
func TestACodeCountsOnceWhereTheClockJumps(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	rapid.Check(t, func(t *rapid.T) {
		f, used := SecondFactor{Secret: secret}, map[string]bool{}
		true0 := time.Unix(1_800_000_000, 0)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			true0 = true0.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "passes")) * time.Second)
			jump := rapid.SampledFrom([]time.Duration{0, -10 * time.Minute, 10 * time.Minute, -24 * time.Hour, 24 * time.Hour, -30 * time.Second, 30 * time.Second}).Draw(t, "jump")
			at := true0.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "of")) * factorStep)
			code, err := totp.GenerateCode(secret, at)
			if err != nil {
				t.Fatal(err)
			}
			step := strconv.FormatInt(at.Unix()/30, 10)
			next, ok := f.Accept(code, true0.Add(jump))
			if ok && used[step] {
				t.Fatalf("the code of %s is accepted twice", at)
			}
			if ok && next.LastStep <= f.LastStep {
				t.Fatalf("the last step goes from %d to %d", f.LastStep, next.LastStep)
			}
			if ok {
				used[step] = true
			}
			f = next
		}
		later := true0.Add(24*time.Hour + 2*time.Minute) // past whatever a wrong clock accepted
		if code, err := totp.GenerateCode(secret, later); err != nil {
			t.Fatal(err)
		} else if _, ok := f.Accept(code, later); !ok {
			t.Fatal("the code of a right clock is refused")
		}
	})
}

func TestSecretsAndRecoveryCodesAreReadableAndFoldBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "entropy"))
		code := RecoveryCode(raw)
		if len(code) != 11 || FoldRecoveryCode(strings.ToUpper(code)) != strings.ReplaceAll(code, "-", "") {
			t.Fatalf("%q folds to %q", code, FoldRecoveryCode(code))
		}
		secret := NewSecret(raw, raw)
		if len(secret) != 32 {
			t.Fatalf("a secret of %d letters", len(secret))
		}
	})
	for _, no := range []string{"", "123456", "abcde-fghi", "abcde-fghij-k", "ab de fghi!"} {
		if FoldRecoveryCode(no) != "" {
			t.Errorf("%q is taken for a recovery code", no)
		}
	}
	if got := (SecondFactor{Secret: "ABCDEFGH"}).Grouped(); got != "ABCD EFGH" {
		t.Errorf("grouped %q", got)
	}
	if got := (SecondFactor{Secret: "ABCD"}).URL("zhou.xh"); got != "otpauth://totp/Shanhai:zhou.xh?issuer=Shanhai&secret=ABCD" {
		t.Error(got)
	}
}
