package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// A browser without a network keeps its forms under a key of its own, twice
// wrapped: with [Keyring.OutboxKey], which only the signed-in account is given,
// and in an envelope to the hospital's public key. The first opens the store
// after the next sign-in, the second when there will be none.

// pointSize is the length of an uncompressed P-256 point.
const pointSize = 65

// NewEnvelopeKey makes a key pair for envelopes (ECDH on P-256, the curve every
// browser has).
func NewEnvelopeKey() (private, public []byte, err error) {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return k.Bytes(), k.PublicKey().Bytes(), nil
}

// OpenEnvelope opens what a browser sealed to the public half of a key: its own
// point, nonce, ciphertext. The context has to be the one it was sealed for.
func OpenEnvelope(private, envelope []byte, context string) ([]byte, error) {
	if len(envelope) < pointSize+nonceSize+tagSize {
		return nil, ErrDamaged
	}
	own, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	point, rest := envelope[:pointSize], envelope[pointSize:]
	theirs, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, ErrDamaged
	}
	shared, err := own.ECDH(theirs)
	if err != nil {
		return nil, ErrDamaged
	}
	salt := bytes.Join([][]byte{point, own.PublicKey().Bytes()}, nil)
	key, err := hkdf.Key(sha256.New, shared, salt, "shanhai/envelope", secretSize)
	if err != nil {
		return nil, err
	}
	return OpenOutbox(key, rest[:nonceSize], rest[nonceSize:], context)
}

// OpenOutbox opens one thing a browser sealed under the key of its store.
func OpenOutbox(key, nonce, body []byte, context string) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil || len(nonce) != nonceSize {
		return nil, ErrDamaged
	}
	plain, err := gcm.Open(nil, nonce, body, []byte(context))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// OutboxKey is the key that ties a browser's store to an account: nobody else is
// given it, and it is the same after every sign-in. A store remembers the number
// of the key of the house it was made from; zero asks for a new one.
func (k *Keyring) OutboxKey(number uint16, account, box ident.ID) (made uint16, key []byte, err error) {
	if number == 0 {
		number = k.active
	}
	key, err = k.derive(number, "outbox", append(account[:], box[:]...))
	return number, key, err
}
