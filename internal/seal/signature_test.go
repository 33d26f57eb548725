package seal_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/seal"
)

func TestASignatureHoldsForItsMessageAndPurposeOnly(t *testing.T) {
	dir := t.TempDir()
	k, err := seal.Create(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Sign("form", []byte("amount 100"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = seal.ParsePublicKeys(public.Text()); err != nil { // as an auditor has it
		t.Fatal(err)
	}
	if err := public.Verify("form", []byte("amount 100"), s); err != nil {
		t.Errorf("the true message: %v", err)
	}
	for name, err := range map[string]error{
		"another message": public.Verify("form", []byte("amount 900"), s),
		"another purpose": public.Verify("package", []byte("amount 100"), s),
	} {
		if !errors.Is(err, seal.ErrForged) {
			t.Errorf("%s: %v, want ErrForged", name, err)
		}
	}
	s.Key = 9
	if err := public.Verify("form", []byte("amount 100"), s); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("a key nobody has: %v, want ErrUnknownKey", err)
	}
}

func TestOldSignaturesHoldAfterARotation(t *testing.T) {
	dir := t.TempDir()
	k, err := seal.Create(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	old, err := k.Sign("form", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	next, err := seal.Rotate(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	public, err := next.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Verify("form", []byte("x"), old); err != nil {
		t.Errorf("signed before the rotation: %v", err)
	}
	if again, err := next.SignWith(old.Key, "form", []byte("x")); err != nil || string(again.Bytes) != string(old.Bytes) {
		t.Errorf("the same key and message give another signature (%v)", err)
	}
	if next.Signer() == old.Key {
		t.Error("the new key does not sign")
	}
}

// An auditor's file of public keys is whole, or it is refused: a key that was
// left out silently would make true signatures look like a stranger's.
func TestAFileOfPublicKeysIsReadWholeOrNotAtAll(t *testing.T) {
	k, err := seal.Create(t.TempDir(), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	text := public.Text()
	title, key, _ := strings.Cut(text, "\n")
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"as it was written":      {text, true},
		"after a mail programme": {strings.ReplaceAll(text, "\n", "\r\n") + "\r\n", true},
		"nothing":                {"", false},
		"the title only":         {title, false},
		"without the title":      {key, false},
		"another title":          {"SHANHAI-PUBLIC-KEYS 2\n" + key, false},
		"a line without a key":   {text + "2\n", false},
		"a number that is none":  {text + "x " + base64.StdEncoding.EncodeToString(make([]byte, 32)), false},
		"a number too large":     {text + "65536 " + base64.StdEncoding.EncodeToString(make([]byte, 32)), false},
		"letters that are none":  {text + "2 ????", false},
		"half a key":             {text + "2 " + base64.StdEncoding.EncodeToString(make([]byte, 16)), false},
	} {
		if got, err := seal.ParsePublicKeys(c.text); (err == nil) != c.ok || c.ok && got.Text() != text {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
