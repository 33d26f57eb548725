package seal

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Half is the text of one of two sheets for two holders: alone it says nothing of
// the keys, and with the other it is the keyring. The first is derived from each
// key, the second is the key masked with it; so a sheet that was lost can be
// printed again and still fits the other.
func (k *Keyring) Half(sheet int) string {
	return fmt.Sprintf("%s %d %d %s %d %s\n", halfTitle, k.active, k.digests, k.Fingerprint(), sheet, k.sheetFingerprint(sheet)) +
		paperText(sheet, k.shares(sheet))
}

// shares are what a half holds of each key.
func (k *Keyring) shares(sheet int) map[uint16]secret {
	out := map[uint16]secret{}
	for id, s := range k.keys {
		mask, err := k.derive(id, "paper/half", nil)
		if err != nil {
			continue // ids come from the ring itself
		}
		share := secret{id: id, bytes: [secretSize]byte(mask)}
		if sheet == 2 {
			subtle.XORBytes(share.bytes[:], s.bytes[:], mask)
		}
		out[id] = share
	}
	return out
}

// sheetFingerprint names a sheet without revealing it: whoever holds it types it.
func (k *Keyring) sheetFingerprint(sheet int) string {
	if sheet == Whole {
		return k.Fingerprint()
	}
	sum := sha256.Sum256([]byte("sheet " + paperText(sheet, k.shares(sheet))))
	return grouped(sum[:8])
}

// join puts two halves together.
func join(sheets []paperSheet) (*Keyring, error) {
	var halves [3]*paperSheet
	for i, s := range sheets {
		if s.fingerprint != sheets[0].fingerprint {
			return nil, errs.New(errs.Invalid, "error.key.half_other", errs.Args{"fingerprint": sheets[0].fingerprint, "other": s.fingerprint})
		}
		halves[s.sheet] = &sheets[i]
	}
	for sheet, h := range halves[1:] {
		if h == nil {
			return nil, errs.New(errs.Invalid, "error.key.half_missing", errs.Args{"sheet": sheet + 1})
		}
	}
	whole := *halves[1]
	whole.keys = map[uint16]secret{}
	for id, s := range halves[1].keys {
		other := halves[2].keys[id] // what is missing shows in the fingerprint
		subtle.XORBytes(s.bytes[:], s.bytes[:], other.bytes[:])
		whole.keys[id] = s
	}
	return whole.check()
}
