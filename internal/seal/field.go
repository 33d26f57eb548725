package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Algorithm bytes of sealed values.
const (
	algGCM       = 1 // AES-256-GCM, 12-byte random nonce
	algGCMStream = 2 // AES-256-GCM in chunks, key per stream
)

const (
	nonceSize  = 12
	tagSize    = 16
	headerSize = 3 // algorithm, key id
)

// Place is where a sealed value belongs. It is authenticated, so a value copied
// into another row, column or table does not open.
type Place struct {
	Table  string
	Column string
	Row    ident.ID
}

// bytes is the place with lengths before its names, so that no two places have
// one spelling, behind the header that names algorithm and key.
func (p Place) bytes(header []byte) []byte {
	b := append([]byte(nil), header...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Table))) // #nosec G115 -- names of tables and columns
	b = append(b, p.Table...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Column))) // #nosec G115 -- names of tables and columns
	b = append(b, p.Column...)
	return append(b, p.Row[:]...)
}

// fieldCipher has its own key per column: with random nonces one key is good
// for 2^32 values, which is then a limit per column and not for the house.
func (k *Keyring) fieldCipher(id uint16, at Place) (cipher.AEAD, error) {
	key, err := k.purposeKey(id, "field/"+at.Table+"/"+at.Column)
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func header(alg byte, key uint16) []byte { return binary.BigEndian.AppendUint16([]byte{alg}, key) }

// Seal encrypts a value for its place: algorithm, key id, nonce, ciphertext,
// tag (31 bytes longer than the value).
func (k *Keyring) Seal(plain []byte, at Place) ([]byte, error) {
	gcm, err := k.fieldCipher(k.active, at)
	if err != nil {
		return nil, err
	}
	out := make([]byte, headerSize+nonceSize, headerSize+nonceSize+len(plain)+tagSize)
	copy(out, header(algGCM, k.active))
	nonce := out[headerSize : headerSize+nonceSize]
	_, _ = rand.Read(nonce) // never fails; it ends the process instead
	return gcm.Seal(out, nonce, plain, at.bytes(out[:headerSize])), nil
}

// Open decrypts a sealed value. It returns ErrDamaged for anything that was not
// sealed for this place with this ring, and ErrUnknownKey for another ring's.
func (k *Keyring) Open(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) < headerSize+nonceSize+tagSize || sealed[0] != algGCM {
		return nil, ErrDamaged
	}
	gcm, err := k.fieldCipher(binary.BigEndian.Uint16(sealed[1:]), at)
	if err != nil {
		return nil, err
	}
	nonce, body := sealed[headerSize:headerSize+nonceSize], sealed[headerSize+nonceSize:]
	plain, err := gcm.Open(nil, nonce, body, at.bytes(sealed[:headerSize]))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// SealString is Seal for text; empty text stays empty (a NULL column).
func (k *Keyring) SealString(plain string, at Place) ([]byte, error) {
	if plain == "" {
		return nil, nil
	}
	return k.Seal([]byte(plain), at)
}

// OpenString is Open for text; an empty column is empty text.
func (k *Keyring) OpenString(sealed []byte, at Place) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := k.Open(sealed, at)
	return string(plain), err
}

// Current reports whether a value is sealed with the active key; the others are
// sealed anew by a job after a rotation.
func (k *Keyring) Current(sealed []byte) bool {
	return len(sealed) >= headerSize && binary.BigEndian.Uint16(sealed[1:]) == k.active
}
