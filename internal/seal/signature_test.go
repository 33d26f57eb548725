package seal_test

import (
	"errors"
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
