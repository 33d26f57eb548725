package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// The vectors were sealed by web/ts/outbox.ts.
func TestWhatABrowserSealedOpensHere(t *testing.T) {
	var v struct {
		Private, Envelope, Key []byte
		Context                string
		Form                   struct {
			Place    string
			IV, Data []byte
			Plain    string
		}
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "web", "ts", "vectors", "envelope.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	key, err := seal.OpenEnvelope(v.Private, v.Envelope, v.Context)
	if err != nil || !bytes.Equal(key, v.Key) {
		t.Fatalf("the envelope: %v", err)
	}
	plain, err := seal.OpenOutbox(key, v.Form.IV, v.Form.Data, v.Form.Place)
	if err != nil || string(plain) != v.Form.Plain {
		t.Fatalf("the form: %s, %v", plain, err)
	}
	other, _, err := seal.NewEnvelopeKey()
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(v.Envelope)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]func() error{
		"another hospital's key": func() error { _, err := seal.OpenEnvelope(other, v.Envelope, v.Context); return err },
		"another store":          func() error { _, err := seal.OpenEnvelope(v.Private, v.Envelope, "outbox/other"); return err },
		"a changed envelope":     func() error { _, err := seal.OpenEnvelope(v.Private, changed, v.Context); return err },
		"a cut envelope":         func() error { _, err := seal.OpenEnvelope(v.Private, v.Envelope[:50], v.Context); return err },
		"no point":               func() error { _, err := seal.OpenEnvelope(v.Private, make([]byte, 130), v.Context); return err },
		"another form":           func() error { _, err := seal.OpenOutbox(key, v.Form.IV, v.Form.Data, v.Context); return err },
		"a short nonce":          func() error { _, err := seal.OpenOutbox(key, v.Form.IV[:4], v.Form.Data, v.Form.Place); return err },
	} {
		if err := try(); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheKeyOfAStoreIsItsAccountsAlone(t *testing.T) {
	dir := t.TempDir()
	k, err := seal.Create(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	account, box := ident.New(), ident.New()
	number, first, err := k.OutboxKey(0, account, box)
	if err != nil {
		t.Fatal(err)
	}
	_, other, _ := k.OutboxKey(0, ident.New(), box)
	_, second, _ := k.OutboxKey(0, account, ident.New())
	if bytes.Equal(first, other) || bytes.Equal(first, second) {
		t.Error("another account or store has the same key")
	}
	if k, err = seal.Rotate(dir, clock.System{}); err != nil {
		t.Fatal(err)
	}
	if _, again, err := k.OutboxKey(number, account, box); err != nil || !bytes.Equal(first, again) {
		t.Errorf("after a rotation the store does not open: %v", err)
	}
	if _, _, err := k.OutboxKey(99, account, box); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("a key of another ring: %v", err)
	}
}

// A key of another length is a fault of the house and no damage of what was sent;
// a key of a store that is too short opens nothing.
func TestAnEnvelopeIsOpenedWithAWholeKeyOnly(t *testing.T) {
	if _, err := seal.OpenEnvelope([]byte("short"), make([]byte, 200), "x"); err == nil || errors.Is(err, seal.ErrDamaged) {
		t.Errorf("a private key that is none: %v", err)
	}
	if _, err := seal.OpenOutbox([]byte("short"), make([]byte, 12), make([]byte, 40), "x"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("a key of a store that is none: %v", err)
	}
}
