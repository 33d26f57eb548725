// Package seal is the house's cryptography: sealed fields and files, keyed
// digests, message authentication of audit rows, the step of the hash chain,
// and password hashes.
//
// All keys come from the keyring, a file outside the database. Sealed values
// begin with an algorithm byte and the id of their key, so that algorithms (the
// commercial ciphers SM4 and SM3 may be asked for one day) and keys can change
// while old values stay readable. Without the keyring the sealed data is lost:
// that is why a paper copy exists (see Paper).
package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Where the keyring lives below the data directory.
const (
	keyFolder     = "keys"
	keyFile       = "keyring.json"
	confirmedFile = "paper-confirmed"
	secretSize    = 32
)

// Errors of opening sealed things. They are faults, not messages for people.
var (
	// ErrDamaged: the value was changed, cut, or belongs to another place.
	ErrDamaged = errors.New("seal: value is damaged or belongs elsewhere")
	// ErrUnknownKey: sealed with a key that is not in the ring.
	ErrUnknownKey = errors.New("seal: sealed with a key that is not in the keyring")
)

// secret is one master key; everything used is derived from it.
type secret struct {
	id      uint16
	bytes   [secretSize]byte
	created time.Time
}

// Keyring holds the keys. It is safe for concurrent use and never shows a key
// in logs, %v or JSON.
type Keyring struct {
	keys    map[uint16]secret
	active  uint16 // seals
	digests uint16 // digests and content addresses; changes only with a recomputation of all of them
	derived sync.Map
}

type storedRing struct {
	Format  int         `json:"format"`
	Active  uint16      `json:"active"`
	Digests uint16      `json:"digests"`
	Keys    []storedKey `json:"keys"`
}

type storedKey struct {
	ID      uint16    `json:"id"`
	Created time.Time `json:"created"`
	Secret  []byte    `json:"secret"`
}

// Path is where the keyring of a data directory lives.
func Path(dataDir string) string { return filepath.Join(dataDir, keyFolder, keyFile) }

// Exists reports whether a data directory has a keyring. A database with data
// and no keyring must not start with a new one; the caller knows.
func Exists(dataDir string) bool {
	_, err := os.Lstat(Path(dataDir))
	return err == nil
}

// Load reads the keyring. A file other people may read is refused.
func Load(dataDir string) (*Keyring, error) {
	path := Path(dataDir)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(err, errs.NotFound, "error.key.missing", errs.Args{"path": path})
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unreadable", errs.Args{"path": path})
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Precondition, "error.key.open_to_others", errs.Args{"path": path})
	}
	raw, err := os.ReadFile(path) // #nosec G304 -- the key folder of the data directory
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unreadable", errs.Args{"path": path})
	}
	k, err := parse(raw)
	return k, errs.Wrap(err, errs.Invalid, "error.key.damaged", errs.Args{"path": path})
}

// Create makes a keyring with one random key. It never replaces a file: when
// another process was faster, that one's keyring is loaded.
func Create(dataDir string, clk clock.Clock) (*Keyring, error) {
	k := &Keyring{keys: map[uint16]secret{}}
	k.add(clk.Now())
	k.digests = k.active
	if err := k.write(dataDir, false); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": Path(dataDir)})
	}
	return Load(dataDir)
}

// LoadOrCreate is for a first start, when no data can be sealed with a lost key.
func LoadOrCreate(dataDir string, clk clock.Clock) (k *Keyring, created bool, err error) {
	if Exists(dataDir) {
		k, err = Load(dataDir)
		return k, false, err
	}
	k, err = Create(dataDir, clk)
	return k, err == nil, err
}

// Rotate adds a key and seals with it from now on; what was sealed before stays
// readable, digests keep their key. The paper copy has to be made anew.
func Rotate(dataDir string, clk clock.Clock) (*Keyring, error) {
	k, err := Load(dataDir)
	if err != nil {
		return nil, err
	}
	k.add(clk.Now())
	if err := k.write(dataDir, true); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": Path(dataDir)})
	}
	return Load(dataDir)
}

// Save writes a keyring read from paper into a data directory that has none.
func (k *Keyring) Save(dataDir string) error {
	err := k.write(dataDir, false)
	if errors.Is(err, fs.ErrExist) {
		return errs.New(errs.Conflict, "error.key.exists", errs.Args{"path": Path(dataDir)})
	}
	return errs.Wrap(err, errs.Unavailable, "error.key.unwritable", errs.Args{"path": Path(dataDir)})
}

// add makes a random key and lets it seal.
func (k *Keyring) add(now time.Time) {
	s := secret{id: k.active + 1, created: now}
	_, _ = rand.Read(s.bytes[:]) // never fails; it ends the process instead
	k.keys[s.id], k.active = s, s.id
}

func parse(raw []byte) (*Keyring, error) {
	var f storedRing
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, errors.New("seal: keyring is not readable") // the cause may quote a secret
	}
	k := &Keyring{keys: map[uint16]secret{}, active: f.Active, digests: f.Digests}
	for _, s := range f.Keys {
		if len(s.Secret) != secretSize || s.ID == 0 {
			return nil, fmt.Errorf("seal: key %d is not whole", s.ID)
		}
		k.keys[s.ID] = secret{id: s.ID, bytes: [secretSize]byte(s.Secret), created: s.Created}
	}
	if f.Format != 1 {
		return nil, fmt.Errorf("seal: keyring format %d is not known", f.Format)
	}
	if _, ok := k.keys[k.active]; !ok {
		return nil, errors.New("seal: the active key is missing")
	}
	if _, ok := k.keys[k.digests]; !ok {
		return nil, errors.New("seal: the digest key is missing")
	}
	return k, nil
}

// write stores the ring through a temporary file, so that a full disk or a
// crash never leaves half a keyring.
func (k *Keyring) write(dataDir string, replace bool) (err error) {
	f := storedRing{Format: 1, Active: k.active, Digests: k.digests}
	for _, id := range k.ids() {
		s := k.keys[id]
		f.Keys = append(f.Keys, storedKey{s.id, s.created, s.bytes[:]})
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dataDir, keyFolder), keyFile, raw, replace)
}

// writeFile makes a private file durable; without replace an existing one stays
// and fs.ErrExist is returned.
func writeFile(folder, name string, raw []byte, replace bool) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(folder, name+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	final := filepath.Join(folder, name)
	if replace {
		err = os.Rename(tmp.Name(), final)
	} else {
		err = os.Link(tmp.Name(), final)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(folder) // #nosec G304 -- the key folder of the data directory
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (k *Keyring) ids() []uint16 { return slices.Sorted(maps.Keys(k.keys)) }

// derive makes the key of one purpose from a master key. Separate purposes
// never share a key, so a leak or a limit of one touches no other.
func (k *Keyring) derive(id uint16, purpose string, salt []byte) ([]byte, error) {
	s, ok := k.keys[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	return hkdf.Key(sha256.New, s.bytes[:], salt, "shanhai/"+purpose, secretSize)
}

// purposeKey is derive without salt, remembered: the set of purposes is small.
func (k *Keyring) purposeKey(id uint16, purpose string) ([]byte, error) {
	type slot struct {
		id      uint16
		purpose string
	}
	if key, ok := k.derived.Load(slot{id, purpose}); ok {
		return key.([]byte), nil
	}
	key, err := k.derive(id, purpose, nil)
	if err != nil {
		return nil, err
	}
	k.derived.Store(slot{id, purpose}, key)
	return key, nil
}

// Fingerprint names the ring without revealing it: four groups of four. It
// changes when a key is added.
func (k *Keyring) Fingerprint() string {
	h := sha256.New()
	for _, id := range k.ids() {
		key, err := k.derive(id, "fingerprint", nil)
		if err != nil {
			continue // ids come from the ring itself
		}
		h.Write(binary.BigEndian.AppendUint16(nil, id))
		h.Write(key)
	}
	return grouped(h.Sum(nil)[:8])
}

// grouped writes eight bytes for people.
func grouped(b []byte) string {
	s := strings.ToUpper(hex.EncodeToString(b))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// LogValue shows the fingerprint only.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue("keyring:" + k.Fingerprint()) }

// Format shows the fingerprint for every verb, %#v included.
func (k *Keyring) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("keyring:" + k.Fingerprint())) }

// MarshalJSON shows the fingerprint only.
func (k *Keyring) MarshalJSON() ([]byte, error) { return json.Marshal("keyring:" + k.Fingerprint()) }
