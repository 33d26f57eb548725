package servicetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Telephone is a browser without a network: a sealed store of its own, and the
// file it writes for a stick.
type Telephone struct {
	Box      ident.ID
	Account  ident.ID
	Hospital ident.ID
	key      []byte
	items    []map[string]any
}

// NewTelephone makes an empty store.
func NewTelephone(account, hospital ident.ID) *Telephone {
	p := &Telephone{Box: ident.New(), Account: account, Hospital: hospital, key: make([]byte, 32)}
	_, _ = rand.Read(p.key)
	return p
}

func locked(key, plain []byte, place string) (iv, data []byte) {
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	iv = make([]byte, gcm.NonceSize())
	_, _ = rand.Read(iv)
	return iv, gcm.Seal(nil, iv, plain, []byte(place))
}

// Keep keeps a screening.
func (p *Telephone) Keep(body string) ident.ID { return p.form("", "form", body) }

// Operate keeps an operation.
func (p *Telephone) Operate(body string) ident.ID { return p.form("operation", "operation", body) }

func (p *Telephone) form(kind, place, body string) ident.ID {
	id := ident.New()
	iv, data := locked(p.key, []byte(body), p.Box.String()+"/"+id.String()+"/"+place)
	p.items = append(p.items, map[string]any{"id": id, "form": ident.Nil, "kind": kind, "iv": iv, "data": data})
	return id
}

// Photograph keeps a photo with a form.
func (p *Telephone) Photograph(form ident.ID, kind document.Kind, content []byte) {
	id := ident.New()
	iv, data := locked(p.key, content, p.Box.String()+"/"+id.String()+"/photo/"+form.String()+"/"+string(kind))
	p.items = append(p.items, map[string]any{"id": id, "form": form, "kind": string(kind), "iv": iv, "data": data})
}

// File is what the browser writes for the stick; its envelope is sealed as
// web/ts/outbox.ts does.
func (p *Telephone) File(t testing.TB, recovery store.RecoveryKey) []byte {
	t.Helper()
	theirs, err := ecdh.P256().NewPublicKey(recovery.Public)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := ecdh.P256().GenerateKey(rand.Reader)
	shared, _ := own.ECDH(theirs)
	point := own.PublicKey().Bytes()
	key, _ := hkdf.Key(sha256.New, shared, append(bytes.Clone(point), recovery.Public...), "shanhai/envelope", 32)
	iv, data := locked(key, p.key, "outbox/"+p.Box.String())
	raw, _ := json.Marshal(map[string]any{"format": 1, "box": p.Box, "account": p.Account, "hospital": p.Hospital, "recovery": recovery.ID,
		"envelope": bytes.Join([][]byte{point, iv, data}, nil), "items": p.items})
	return raw
}
