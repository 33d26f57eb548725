package seal

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/ident"
)

func sealAll(t testing.TB, k *Keyring, plain []byte, at Place) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := k.SealStream(&out, at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openAll(k *Keyring, sealed []byte, at Place) ([]byte, error) {
	r, err := k.OpenStream(bytes.NewReader(sealed), at)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 31 >> 3)
	}
	return b
}

func TestStreamsOfEverySizeComeBack(t *testing.T) {
	k := fixedRing(2)
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize, 3*chunkSize + 7} {
		plain := pattern(n)
		got, err := openAll(k, sealAll(t, k, plain, spot), spot)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d back, %v", n, len(got), err)
		}
	}
}

func TestStreamsWrittenAndReadInOddPiecesComeBack(t *testing.T) {
	k := fixedRing(1)
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.IntRange(0, 40_000), 0, 8).Draw(t, "pieces")
		var sealed bytes.Buffer
		var plain []byte
		w, err := k.SealStream(&sealed, spot)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range pieces {
			piece := pattern(n)
			plain = append(plain, piece...)
			if wrote, err := w.Write(piece); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := k.OpenStream(iotest.HalfReader(&sealed), spot)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 200))); err != nil || !bytes.Equal(got, plain[:min(200, len(plain))]) {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain[min(200, len(plain)):]) {
			t.Fatal(err)
		}
	})
}

func TestATamperedStreamIsNeverReadToTheEnd(t *testing.T) {
	k := fixedRing(1)
	sealed := sealAll(t, k, pattern(2*chunkSize+100), spot)
	head, full := headerSize+saltSize, chunkSize+tagSize
	first, second, third := sealed[head:head+full], sealed[head+full:head+2*full], sealed[head+2*full:]
	join := func(parts ...[]byte) []byte { return slices.Concat(append([][]byte{sealed[:head]}, parts...)...) }
	for name, bad := range map[string][]byte{
		"empty":                    {},
		"header only":              sealed[:head],
		"header cut":               sealed[:head-1],
		"cut after a chunk":        join(first),
		"cut inside a chunk":       sealed[:head+full+100],
		"last chunk left out":      join(first, second),
		"chunk left out":           join(first, third),
		"chunks swapped":           join(second, first, third),
		"chunk repeated":           join(first, first, second, third),
		"something after the end":  append(slices.Clone(sealed), 0),
		"a second end":             join(first, second, third, third),
		"last chunk one byte less": sealed[:len(sealed)-1],
	} {
		got, err := openAll(k, bad, spot)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for _, i := range []int{0, 1, 2, 5, head, head + full, len(sealed) - 1} {
		bad := slices.Clone(sealed)
		bad[i] ^= 1
		if _, err := openAll(k, bad, spot); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnknownKey) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := openAll(k, sealed, Place{spot.Table, spot.Column, ident.New()}); !errors.Is(err, ErrDamaged) {
		t.Errorf("elsewhere: %v", err)
	}
	if _, err := openAll(fixedRing(2), sealed, spot); err != nil {
		t.Errorf("older key: %v", err)
	}
}

var errDisk = errors.New("disk")

type failAfter struct{ left int }

func (f *failAfter) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestStreamErrorsOfDiskAreNotHidden(t *testing.T) {
	k := fixedRing(1)
	if _, err := k.SealStream(&failAfter{0}, spot); !errors.Is(err, errDisk) {
		t.Errorf("header: %v", err)
	}
	w, err := k.SealStream(&failAfter{100}, spot)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pattern(2 * chunkSize)); !errors.Is(err, errDisk) {
		t.Errorf("write: %v", err)
	}
	if err := w.Close(); !errors.Is(err, errDisk) {
		t.Errorf("close after a failed write: %v", err)
	}
	last, _ := k.SealStream(&failAfter{40}, spot)
	if err := last.Close(); !errors.Is(err, errDisk) {
		t.Errorf("close: %v", err)
	}
	done, _ := k.SealStream(io.Discard, spot)
	if err := done.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := done.Write([]byte("x")); err == nil {
		t.Error("a write after close passed")
	}
	sealed := sealAll(t, k, pattern(chunkSize*2), spot)
	r, err := k.OpenStream(io.MultiReader(bytes.NewReader(sealed[:chunkSize]), iotest.ErrReader(errDisk)), spot)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, errDisk) {
		t.Errorf("read: %v", err)
	}
	if _, err := k.OpenStream(iotest.ErrReader(errDisk), spot); !errors.Is(err, errDisk) {
		t.Errorf("read of the header: %v", err)
	}
}

func FuzzOpenStream(f *testing.F) {
	k := fixedRing(1)
	good := sealAll(f, k, []byte("a scanned proof"), spot)
	f.Add(good)
	f.Add(good[:headerSize+saltSize])
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := openAll(k, sealed, spot); err == nil && string(got) != "a scanned proof" {
			t.Fatalf("a made-up stream opened as %x", got)
		}
	})
}

// A disk that fails exactly where a chunk ends has failed; nothing says whether
// that was the last one, so the chunk is not handed out as the end.
func TestADiskThatFailsBetweenTwoChunksIsNoEnd(t *testing.T) {
	k, broken := fixedRing(1), errors.New("the disk")
	sealed := sealAll(t, k, pattern(2*chunkSize), spot)
	first := sealed[:headerSize+saltSize+chunkSize+tagSize]
	r, err := k.OpenStream(io.MultiReader(bytes.NewReader(first), iotest.ErrReader(broken)), spot)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); !errors.Is(err, broken) || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
