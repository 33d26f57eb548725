package user

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

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
