package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// fixedRing has keys 1 to n with known bytes, for tests that compare.
func fixedRing(n uint16) *Keyring {
	k := &Keyring{keys: map[uint16]secret{}, active: n, digests: 1}
	for id := uint16(1); id <= n; id++ {
		s := secret{id: id}
		for i := range s.bytes {
			s.bytes[i] = byte(i) * byte(id)
		}
		k.keys[id] = s
	}
	return k
}

var spot = Place{Table: "person_document", Column: "number", Row: ident.Derive(ident.Nil, "row")}

func TestSealedFieldsOpenAtTheirPlace(t *testing.T) {
	k := fixedRing(2)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		at := Place{Table: rapid.String().Draw(t, "table"), Column: rapid.String().Draw(t, "column"), Row: ident.New()}
		sealed, err := k.Seal(plain, at)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Open(sealed, at)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x, %v", got, err)
		}
		if len(plain) > 4 && bytes.Contains(sealed, plain) {
			t.Fatal("the plain value is in the sealed one")
		}
	})
}

func TestAnyChangedByteOfASealedFieldIsNoticed(t *testing.T) {
	k := fixedRing(2)
	sealed, err := k.SealString("500199199001010017", spot)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			bad := slices.Clone(sealed)
			bad[i] ^= bit
			if _, err := k.Open(bad, spot); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnknownKey) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
	for n := range sealed {
		if _, err := k.Open(sealed[:n], spot); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	if _, err := k.Open(append(slices.Clone(sealed), 0), spot); !errors.Is(err, ErrDamaged) {
		t.Fatalf("one byte more: %v", err)
	}
}

func TestASealedFieldDoesNotOpenElsewhere(t *testing.T) {
	k := fixedRing(1)
	sealed, _ := k.SealString("13900000000", spot)
	for name, at := range map[string]Place{
		"row":    {spot.Table, spot.Column, ident.New()},
		"column": {spot.Table, "phone", spot.Row},
		"table":  {"registration", spot.Column, spot.Row},
		"border": {spot.Table + spot.Column[:1], spot.Column[1:], spot.Row},
	} {
		if _, err := k.Open(sealed, at); !errors.Is(err, ErrDamaged) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestValuesOfAnOlderKeyStayReadableAndForeignOnesDoNotOpen(t *testing.T) {
	old, now := fixedRing(1), fixedRing(2)
	sealed, _ := old.SealString("13900000000", spot)
	if got, err := now.OpenString(sealed, spot); got != "13900000000" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if now.Current(sealed) || !old.Current(sealed) {
		t.Error("current key wrongly told")
	}
	newer, _ := now.SealString("13900000000", spot)
	if _, err := old.OpenString(newer, spot); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestTheSameValueIsNeverSealedTheSameWay(t *testing.T) {
	k := fixedRing(1)
	seen := map[string]bool{}
	for range 1000 {
		sealed, _ := k.SealString("13900000000", spot)
		seen[string(sealed)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different of 1000", len(seen))
	}
}

func TestEmptyTextIsAnEmptyColumn(t *testing.T) {
	k := fixedRing(1)
	if sealed, err := k.SealString("", spot); sealed != nil || err != nil {
		t.Errorf("%x, %v", sealed, err)
	}
	if got, err := k.OpenString(nil, spot); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzOpen(f *testing.F) {
	k := fixedRing(2)
	good, _ := k.SealString("500199199001010017", spot)
	f.Add(good)
	f.Add([]byte{algGCM, 0, 1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := k.Open(sealed, spot)
		if err == nil && string(plain) != "500199199001010017" {
			t.Fatalf("a made-up value opened as %x", plain)
		}
	})
}

func TestDigestsAreStableAndSeparated(t *testing.T) {
	k := fixedRing(2)
	a, err := k.Digest(PurposeDocument, "500199199001010017")
	if err != nil || len(a) != DigestSize {
		t.Fatalf("%x, %v", a, err)
	}
	// Computed outside of Go (HKDF-SHA256, then HMAC-SHA256): a change of the
	// derivation makes every stored digest useless.
	if got, want := hex.EncodeToString(a), "4932791e9f91a78096dd6492958b04db"; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	again, _ := k.Digest(PurposeDocument, "500199199001010017")
	phone, _ := k.Digest(PurposePhone, "500199199001010017")
	tail, _ := k.DigestTail(PurposeDocument, "500199199001010017")
	short, _ := k.Digest(PurposeDocument, "0017")
	if !bytes.Equal(a, again) {
		t.Error("not stable")
	}
	if bytes.Equal(a, phone) || bytes.Equal(tail, short) {
		t.Error("two purposes share a digest")
	}
	sameTail, _ := k.DigestTail(PurposeDocument, "999999999999990017")
	if !bytes.Equal(tail, sameTail) {
		t.Error("the tail is not the last four")
	}
	if whole, _ := k.DigestTail(PurposeDocument, "017"); bytes.Equal(whole, tail) {
		t.Error("a shorter value has the same tail")
	}
	rotated := fixedRing(3)
	if b, _ := rotated.Digest(PurposeDocument, "500199199001010017"); !bytes.Equal(a, b) {
		t.Error("rotation changed the digests")
	}
	other := fixedRing(2)
	other.digests = 2
	if b, _ := other.Digest(PurposeDocument, "500199199001010017"); bytes.Equal(a, b) {
		t.Error("another key gives the same digest")
	}
}

func TestContentAddressesAreKeyed(t *testing.T) {
	sum := func(k *Keyring) string {
		h, err := k.ContentAddress()
		if err != nil {
			t.Fatal(err)
		}
		h.Write([]byte("a known paper"))
		return hex.EncodeToString(h.Sum(nil))
	}
	other := fixedRing(2)
	other.digests = 2
	if sum(fixedRing(1)) != sum(fixedRing(2)) || sum(other) == sum(fixedRing(2)) {
		t.Error("content addresses do not follow the digest key")
	}
}

func TestMACNoticesEveryChange(t *testing.T) {
	k := fixedRing(2)
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "row")
		mac, err := k.MAC("audit", row)
		if err != nil || len(mac) != MACSize {
			t.Fatal(err)
		}
		if err := k.VerifyMAC("audit", row, mac); err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(row)
		bad[rapid.IntRange(0, len(row)-1).Draw(t, "at")] ^= 1
		if !errors.Is(k.VerifyMAC("audit", bad, mac), ErrDamaged) {
			t.Fatal("a changed row passed")
		}
		if k.VerifyMAC("transfer", row, mac) == nil {
			t.Fatal("another purpose passed")
		}
	})
	mac, _ := fixedRing(1).MAC("audit", []byte("row"))
	if err := k.VerifyMAC("audit", []byte("row"), mac); err != nil {
		t.Errorf("a row of the older key: %v", err)
	}
	if err := fixedRing(1).VerifyMAC("audit", []byte("row"), append([]byte{0, 9}, mac[2:]...)); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
	if err := k.VerifyMAC("audit", []byte("row"), mac[:10]); !errors.Is(err, ErrDamaged) {
		t.Errorf("a cut MAC: %v", err)
	}
}

func TestChainNoticesChangeOmissionAndOrder(t *testing.T) {
	p, o := ident.New(), ident.New()
	run := func(rows ...string) string {
		head := Genesis(p, o, 0)
		for _, r := range rows {
			head = Link(head, []byte(r))
		}
		return hex.EncodeToString(head)
	}
	good := run("a", "b", "c")
	for name, got := range map[string]string{
		"changed": run("a", "x", "c"), "left out": run("a", "c"), "swapped": run("b", "a", "c"), "joined": run("ab", "c"), "added": run("a", "b", "c", "d"),
	} {
		if got == good {
			t.Errorf("%s: same head", name)
		}
	}
	if run("a", "b", "c") != good {
		t.Error("not stable")
	}
	heads := map[string]bool{}
	for lane := range 8 {
		heads[string(Genesis(p, o, lane))] = true
		heads[string(Genesis(o, p, lane))] = true
	}
	if len(heads) != 16 {
		t.Error("two chains begin alike")
	}
}

func TestTokenDigestAndEntropy(t *testing.T) {
	if bytes.Equal(TokenDigest("a"), TokenDigest("b")) || len(TokenDigest("a")) != 32 {
		t.Error("token digest")
	}
	if one, two := Entropy(), Entropy(); one == two {
		t.Error("entropy repeats")
	}
}

func BenchmarkSealField(b *testing.B) {
	k := fixedRing(1)
	for b.Loop() {
		if _, err := k.SealString("500199199001010017", spot); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	k := fixedRing(1)
	for b.Loop() {
		if _, err := k.Digest(PurposeDocument, "500199199001010017"); err != nil {
			b.Fatal(err)
		}
	}
}

// A ring that lost the key it is told to use makes nothing: no value that could
// never be opened, and no digest that would never match.
func TestARingWithoutItsKeyMakesNothing(t *testing.T) {
	k := fixedRing(1)
	k.active, k.digests = 7, 7
	sealed, err := fixedRing(1).Sign("form", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"a value":            func() error { _, err := k.Seal([]byte("x"), spot); return err },
		"a text":             func() error { _, err := k.SealString("x", spot); return err },
		"a stream":           func() error { _, err := k.SealStream(io.Discard, spot); return err },
		"a backup":           func() error { _, err := k.SealOutside(io.Discard); return err },
		"a digest":           func() error { _, err := k.Digest(PurposePhone, "13900000000"); return err },
		"a digest of a tail": func() error { _, err := k.DigestTail(PurposePhone, "13900000000"); return err },
		"a content address":  func() error { _, err := k.ContentAddress(); return err },
		"a MAC":              func() error { _, err := k.MAC("audit", []byte("x")); return err },
		"a signature":        func() error { _, err := k.Sign("form", []byte("x")); return err },
	} {
		if err := try(); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	public, err := k.PublicKeys()
	if err != nil || public.Verify("form", []byte("x"), sealed) != nil {
		t.Errorf("the keys it has still check: %v", err)
	}
}
