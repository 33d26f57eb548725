package seal

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Backups and the archive of the log are encrypted in the age format, so that they
// can be opened on a machine that has nothing of the house: with the identity of
// the keyring (see Identities) and any program that knows the format. What lies in
// the database and in the folder of attachments stays in the house's own envelope,
// which binds every value to its place and carries the number of its key.
//
// The identity of a key is an X25519 key derived from it, one for each key of the
// ring, so a ring that was had back from paper opens everything its keys ever
// sealed. age says that nothing was changed, not who wrote it: whoever knew the
// public half could make a file that opens. The public half is never shown, and
// what is read back is held against a MAC of the keyring besides.

const agePurpose = "age/backup"

// identity is the X25519 identity of a key.
func (k *Keyring) identity(id uint16) (*age.X25519Identity, error) {
	scalar, err := k.purposeKey(id, agePurpose)
	if err != nil {
		return nil, err
	}
	return age.ParseX25519Identity(ageSecret(scalar))
}

// Identities are the secret keys of the ring as the age program reads them from a
// file, the newest first. Who has them opens every backup: they belong to the paper
// copy and nowhere else. A half of the paper copy does not have them.
func (k *Keyring) Identities() (string, error) {
	var b strings.Builder
	ids := k.ids()
	for i := range ids {
		id := ids[len(ids)-1-i]
		x, err := k.identity(id)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "# %d\n%s\n", id, x)
	}
	return b.String(), nil
}

// SealOutside returns a writer that encrypts into dst in the age format. Close
// writes the end and must be called; it does not close dst.
func (k *Keyring) SealOutside(dst io.Writer) (io.WriteCloser, error) {
	x, err := k.identity(k.active)
	if err != nil {
		return nil, err
	}
	return age.Encrypt(dst, x.Recipient())
}

// OpenOutside returns a reader of the plain content. Like OpenStream it hands out
// only what was authenticated and ends with ErrDamaged when the file was changed
// or cut; ErrUnknownKey says that it is for another keyring.
func (k *Keyring) OpenOutside(src io.Reader) (io.Reader, error) {
	var all []age.Identity
	for _, id := range k.ids() {
		x, err := k.identity(id)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	s := &source{r: src}
	plain, err := age.Decrypt(s, all...)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return nil, ErrUnknownKey
	}
	if err != nil {
		return nil, s.blame()
	}
	return &outsideReader{plain: plain, src: s}, nil
}

// source remembers whether the file itself could not be read.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// blame is the error of the file, or that it is damaged.
func (s *source) blame() error {
	if s.err != nil {
		return s.err
	}
	return ErrDamaged
}

type outsideReader struct {
	plain io.Reader
	src   *source
}

// Read hands out opened bytes.
func (r *outsideReader) Read(p []byte) (int, error) {
	n, err := r.plain.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.src.blame()
	}
	return n, err
}

const (
	ageHead  = "age-secret-key-"
	bechCode = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// ageSecret writes a scalar as the age program does: Bech32 (BIP 173) in capitals.
// The library reads this form and writes it for keys it made itself, but takes no
// key that was derived.
func ageSecret(scalar []byte) string {
	var values []byte
	acc, bits := uint32(0), 0
	for _, b := range scalar { // eight bits in, five out
		acc, bits = acc<<8|uint32(b), bits+8
		for ; bits >= 5; bits -= 5 {
			values = append(values, byte(acc>>(bits-5)&31))
		}
	}
	if bits > 0 {
		values = append(values, byte(acc<<(5-bits)&31))
	}
	var head, tail []byte
	for _, c := range []byte(ageHead) {
		head, tail = append(head, c>>5), append(tail, c&31)
	}
	check := bechSum(append(append(append(append(head, 0), tail...), values...), 0, 0, 0, 0, 0, 0)) ^ 1
	for i := range 6 {
		values = append(values, byte(check>>(5*(5-i))&31))
	}
	var b strings.Builder
	b.WriteString(ageHead + "1")
	for _, v := range values {
		b.WriteByte(bechCode[v])
	}
	return strings.ToUpper(b.String())
}

func bechSum(values []byte) uint32 {
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}
