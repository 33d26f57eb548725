package seal

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// HashParams are the costs of a password hash (argon2id).
type HashParams struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultHashParams is the OWASP minimum, about 0.13 s on the reference
// machine. Dearer settings turn a morning of 1,000 sign-ins into an outage.
func DefaultHashParams() HashParams { return HashParams{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1} }

// Bounds of what is accepted from a stored hash: a changed row must not make
// one sign-in eat the machine.
const (
	maxHashMemoryKiB = 256 << 10
	maxHashPasses    = 10
	hashSaltSize     = 16
	hashKeySize      = 32
)

// Hasher hashes passwords, a limited number at a time: each takes its memory,
// so without the limit the sign-in page would be the door to bring the house
// down.
type Hasher struct {
	params HashParams
	slots  chan struct{}
}

// NewHasher makes a hasher for that many passwords at once (two per core).
func NewHasher(params HashParams, slots int) *Hasher {
	return &Hasher{params: params, slots: make(chan struct{}, max(1, slots))}
}

// acquire waits for a slot as long as the caller does.
func (h *Hasher) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errs.Wrap(ctx.Err(), errs.Unavailable, "error.sign_in.busy", nil)
	}
}

func (h *Hasher) release() { <-h.slots }

// Hash encodes a new password: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer h.release()
	salt := make([]byte, hashSaltSize)
	_, _ = rand.Read(salt) // never fails; it ends the process instead
	return encodeHash(h.params, salt, key(password, salt, h.params)), nil
}

func key(password string, salt []byte, p HashParams) []byte {
	return argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, hashKeySize)
}

// Verify compares a password with a stored hash. Rehash says that the hash was
// made with other costs and should be made anew now that the password is known.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	params, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	if err := h.acquire(ctx); err != nil {
		return false, false, err
	}
	defer h.release()
	ok = subtle.ConstantTimeCompare(key(password, salt, params), want) == 1
	return ok, ok && params != h.params, nil
}

// VerifyNobody does the work of Verify for a name that does not exist, so that
// the time of the answer does not tell which names do.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	if err := h.acquire(ctx); err != nil {
		return err
	}
	defer h.release()
	key(password, make([]byte, hashSaltSize), h.params)
	return nil
}

func encodeHash(p HashParams, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Passes, p.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decodeHash(encoded string) (p HashParams, salt, key []byte, err error) {
	bad := fmt.Errorf("seal: stored password hash is not readable")
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil {
		return p, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(key) != hashKeySize ||
		p.Passes < 1 || p.Passes > maxHashPasses || p.Lanes < 1 || p.MemoryKiB < 8*uint32(p.Lanes) || p.MemoryKiB > maxHashMemoryKiB {
		return p, nil, nil, bad
	}
	return p, salt, key, nil
}
