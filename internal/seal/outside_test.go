package seal

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"
)

func sealedOutside(t *testing.T, k *Keyring, plain []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := k.SealOutside(&buf)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func openedOutside(k *Keyring, r io.Reader) ([]byte, error) {
	plain, err := k.OpenOutside(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

// Whoever has the printed identity opens a backup with the age library alone, and
// a ring that was rotated opens what its older keys sealed.
func TestWhatLeavesTheHouseOpensWithThePrintedIdentityAlone(t *testing.T) {
	k := fixedRing(1)
	plain := bytes.Repeat([]byte("医院的备份"), 20_000)
	file := sealedOutside(t, k, plain)
	printed, err := k.Identities()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(strings.NewReader(printed))
	if err != nil || len(ids) != 1 || !strings.Contains(printed, "AGE-SECRET-KEY-1") {
		t.Fatalf("%q %v", printed, err)
	}
	r, err := age.Decrypt(bytes.NewReader(file), ids...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%d bytes %v", len(got), err)
	}
	two := fixedRing(2)
	if got, err := openedOutside(two, bytes.NewReader(file)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after a rotation: %d bytes %v", len(got), err)
	}
	if _, err := openedOutside(k, bytes.NewReader(sealedOutside(t, two, plain))); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("with a ring of older keys: %v", err)
	}
	back, err := ParsePaper(k.Paper() + printed)
	if err != nil || back.Fingerprint() != k.Fingerprint() {
		t.Errorf("the sheet with the identity below it: %v", err)
	}
	for sheet := 1; sheet <= 2; sheet++ {
		if strings.Contains(k.Half(sheet), "AGE-SECRET") {
			t.Error("a half opens backups alone")
		}
	}
}

func TestWhatWasChangedOrCutOutsideIsNotHandedOut(t *testing.T) {
	k := fixedRing(1)
	file := sealedOutside(t, k, bytes.Repeat([]byte{7}, 200_000))
	for i := 0; i < len(file); i += 1 + len(file)/400 {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		if _, err := openedOutside(k, bytes.NewReader(bad)); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnknownKey) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if _, err := openedOutside(k, bytes.NewReader(file[:i])); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	broken := errors.New("the disk")
	if _, err := openedOutside(k, io.MultiReader(bytes.NewReader(file[:90_000]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a disk that fails is called damage: %v", err)
	}
}
