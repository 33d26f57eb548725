package seal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrForged: the signature is not one of this ring over these bytes.
var ErrForged = errors.New("seal: signature does not belong to this text")

// Signature is what anybody with the public keys can check.
type Signature struct {
	Key   uint16 // which key of the ring made it
	Bytes []byte // Ed25519, 64 bytes; the same message has always the same one
}

// SignatureSize is the length of Signature.Bytes.
const SignatureSize = ed25519.SignatureSize

// signed separates the uses of one key: a signature of a form is none of a package.
func signed(purpose string, message []byte) []byte {
	return append([]byte("shanhai/"+purpose+"\x00"), message...)
}

func (k *Keyring) signer(id uint16) (ed25519.PrivateKey, error) {
	seed, err := k.purposeKey(id, "signature")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Signer is the id of the key that signs now. Work that must repeat to the byte
// notes it and signs with SignWith.
func (k *Keyring) Signer() uint16 { return k.active }

// Sign signs a message with the active key.
func (k *Keyring) Sign(purpose string, message []byte) (Signature, error) {
	return k.SignWith(k.active, purpose, message)
}

// SignWith signs with a named key of the ring.
func (k *Keyring) SignWith(id uint16, purpose string, message []byte) (Signature, error) {
	key, err := k.signer(id)
	if err != nil {
		return Signature{}, err
	}
	return Signature{id, ed25519.Sign(key, signed(purpose, message))}, nil
}

// PublicKeys are the keys signatures are checked with. They are no secret.
type PublicKeys map[uint16]ed25519.PublicKey

// PublicKeys lists the public half of every signing key, old ones included.
func (k *Keyring) PublicKeys() (PublicKeys, error) {
	out := PublicKeys{}
	for _, id := range k.ids() {
		key, err := k.signer(id)
		if err != nil {
			return nil, err
		}
		out[id] = ed25519.PublicKey(slices.Clone(key[ed25519.SeedSize:]))
	}
	return out, nil
}

// Verify returns ErrForged for a wrong signature and ErrUnknownKey for one of a
// key that is not among these.
func (p PublicKeys) Verify(purpose string, message []byte, s Signature) error {
	key, ok := p[s.Key]
	if !ok {
		return ErrUnknownKey
	}
	if len(s.Bytes) != SignatureSize || !ed25519.Verify(key, signed(purpose, message), s.Bytes) {
		return ErrForged
	}
	return nil
}

const publicTitle = "SHANHAI-PUBLIC-KEYS 1"

// Text is the file people hand on: a title, then per line a key id and the key.
func (p PublicKeys) Text() string {
	var b strings.Builder
	b.WriteString(publicTitle + "\n")
	for _, id := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%d %s\n", id, base64.StdEncoding.EncodeToString(p[id]))
	}
	return b.String()
}

// ParsePublicKeys reads such a file.
func ParsePublicKeys(text string) (PublicKeys, error) {
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n")
	if strings.TrimSpace(lines[0]) != publicTitle || len(lines) < 2 {
		return nil, errors.New("seal: this is no file of public keys")
	}
	out := PublicKeys{}
	for _, line := range lines[1:] {
		var id uint16
		var encoded string
		if _, err := fmt.Sscanf(line, "%d %s", &id, &encoded); err != nil {
			return nil, errors.New("seal: a line of the public keys is not readable")
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, errors.New("seal: a public key is not whole")
		}
		out[id] = key
	}
	return out, nil
}
