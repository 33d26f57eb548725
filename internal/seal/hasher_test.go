package seal

import (
	"context"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// cheap keeps the tests quick; the costs do not change what is tested.
var cheap = HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestPasswordHashesVerifyAndAreSalted(t *testing.T) {
	ctx, h := context.Background(), NewHasher(cheap, 2)
	one, err := h.Hash(ctx, "kV7-mossy-fern")
	if err != nil {
		t.Fatal(err)
	}
	two, _ := h.Hash(ctx, "kV7-mossy-fern")
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("%s %s", one, two)
	}
	for password, want := range map[string]bool{"kV7-mossy-fern": true, "kV7-mossy-ferN": false, "": false} {
		if ok, rehash, err := h.Verify(ctx, password, one); ok != want || rehash || err != nil {
			t.Errorf("%q: %v %v %v", password, ok, rehash, err)
		}
	}
}

func TestOldCostsAreMadeAnewOnlyAfterARightPassword(t *testing.T) {
	ctx := context.Background()
	old, _ := NewHasher(cheap, 1).Hash(ctx, "kV7-mossy-fern")
	h := NewHasher(HashParams{MemoryKiB: 128, Passes: 1, Lanes: 1}, 1)
	if ok, rehash, err := h.Verify(ctx, "kV7-mossy-fern", old); !ok || !rehash || err != nil {
		t.Errorf("right: %v %v %v", ok, rehash, err)
	}
	if ok, rehash, _ := h.Verify(ctx, "wrong", old); ok || rehash {
		t.Errorf("wrong: %v %v", ok, rehash)
	}
}

func TestHashesThatWouldEatTheMachineAreNotComputed(t *testing.T) {
	ctx, h := context.Background(), NewHasher(cheap, 1)
	good, _ := h.Hash(ctx, "x")
	for name, bad := range map[string]string{
		"memory":    strings.Replace(good, "m=64", "m=4294967295", 1),
		"passes":    strings.Replace(good, "t=1", "t=1000", 1),
		"no passes": strings.Replace(good, "t=1", "t=0", 1),
		"no lanes":  strings.Replace(good, "p=1", "p=0", 1),
		"algorithm": strings.Replace(good, "argon2id", "argon2i", 1),
		"version":   strings.Replace(good, "v=19", "v=16", 1),
		"cut":       good[:len(good)-5],
		"salt":      strings.Replace(good, "p=1$", "p=1$!", 1),
		"fields":    strings.Replace(good, "m=64,", "", 1),
		"empty":     "",
	} {
		if ok, _, err := h.Verify(ctx, "x", bad); ok || err == nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestASignInThatFindsNoSlotGivesUpWithItsCaller(t *testing.T) {
	h := NewHasher(cheap, 1)
	encoded, _ := h.Hash(context.Background(), "x")
	h.slots <- struct{}{} // the only slot is taken
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err1 := h.Hash(ctx, "x")
	_, _, err2 := h.Verify(ctx, "x", encoded)
	for _, err := range []error{err1, err2, h.VerifyNobody(ctx, "x")} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%v", err)
		}
	}
	<-h.slots
	if err := h.VerifyNobody(context.Background(), "x"); err != nil || len(h.slots) != 0 {
		t.Errorf("slot not given back: %v", err)
	}
}

func TestDefaultCostsAreTheAgreedMinimum(t *testing.T) {
	if p := DefaultHashParams(); p != (HashParams{MemoryKiB: 19456, Passes: 2, Lanes: 1}) {
		t.Errorf("%+v", p)
	}
	if cap(NewHasher(cheap, 0).slots) != 1 {
		t.Error("no slot at all")
	}
}
