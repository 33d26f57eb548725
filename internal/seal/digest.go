package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Purpose separates digests: the same digits as a document and as a phone
// number give different digests.
type Purpose string

// The purposes of digests.
const (
	PurposeDocument Purpose = "document" // identity documents; add the kind to the value
	PurposePhone    Purpose = "phone"
	// PurposeRecovery is of the codes that stand in for a lost phone.
	PurposeRecovery Purpose = "recovery"
	// PurposeScreening is of whole rows, to tell a repeated one from another.
	PurposeScreening Purpose = "screening"
	// PurposeOperation is of whole operations, for the same.
	PurposeOperation Purpose = "operation"
)

// DigestSize is 128 bits: enough against chance, half the index of a full hash.
const DigestSize = 16

// Digest is the keyed digest of a normalised value, for equality only. Chinese
// identity numbers have so little entropy that the key is the protection: it
// must never be in the database.
func (k *Keyring) Digest(purpose Purpose, value string) ([]byte, error) {
	return k.digest("digest/"+string(purpose), value)
}

// DigestTail is the keyed digest of the last four characters, for the search
// box; it has a key of its own.
func (k *Keyring) DigestTail(purpose Purpose, value string) ([]byte, error) {
	rs := []rune(value)
	return k.digest("tail/"+string(purpose), string(rs[max(0, len(rs)-4):]))
}

func (k *Keyring) digest(purpose, value string) ([]byte, error) {
	key, err := k.purposeKey(k.digests, purpose)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(value))
	return m.Sum(nil)[:DigestSize], nil
}

// ContentAddress is the keyed hash that names a stored file by its content. It
// is keyed so that nobody can ask the folder whether a known paper is in it.
func (k *Keyring) ContentAddress() (hash.Hash, error) {
	key, err := k.purposeKey(k.digests, "content")
	if err != nil {
		return nil, err
	}
	return hmac.New(sha256.New, key), nil
}

// TokenDigest is what is stored of a session or API token: 256 random bits need
// no key and no slow hash.
func TokenDigest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// MACSize is the key id and an HMAC-SHA-256.
const MACSize = 2 + sha256.Size

// MAC authenticates the canonical bytes of a row ("audit", "transfer"); the key
// id stands before it.
func (k *Keyring) MAC(purpose string, canonical []byte) ([]byte, error) {
	return k.mac(k.active, purpose, canonical)
}

func (k *Keyring) mac(id uint16, purpose string, canonical []byte) ([]byte, error) {
	key, err := k.purposeKey(id, "mac/"+purpose)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	m.Write(canonical)
	return m.Sum(binary.BigEndian.AppendUint16(make([]byte, 0, MACSize), id)), nil
}

// VerifyMAC returns ErrDamaged when the row is not as it was authenticated.
func (k *Keyring) VerifyMAC(purpose string, canonical, mac []byte) error {
	if len(mac) != MACSize {
		return ErrDamaged
	}
	want, err := k.mac(binary.BigEndian.Uint16(mac), purpose, canonical)
	if err != nil {
		return err
	}
	if !hmac.Equal(want, mac) {
		return ErrDamaged
	}
	return nil
}

// Genesis is the head of an empty chain. It names the chain, so that links of
// one lane or organisation cannot stand in another's.
func Genesis(partnership, organisation ident.ID, lane int) []byte {
	h := sha256.New()
	h.Write([]byte("shanhai/chain/1"))
	h.Write(partnership[:])
	h.Write(organisation[:])
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(lane))) // #nosec G115 -- lengths and lanes far below 65,536
	return h.Sum(nil)
}

// Link is the next head of a chain: the hash of the previous head and the MAC
// of the row. The MAC covers all columns, so the chain needs no key to be
// followed and none to be checked by an outsider.
func Link(head, mac []byte) []byte {
	h := sha256.New()
	h.Write([]byte{1})
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(head)))) // #nosec G115 -- lengths and lanes far below 65,536
	h.Write(head)
	h.Write(mac)
	return h.Sum(nil)
}

// Entropy is 16 random bytes, for temporary passwords.
func Entropy() (b [16]byte) {
	_, _ = rand.Read(b[:]) // never fails; it ends the process instead
	return b
}
