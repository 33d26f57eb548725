package store

import "github.com/shanhai-health/shanhai/internal/errs"

// SameVersion is the one rule about the version a change was made on. A change
// on an older picture of the record is refused as overtaken. One that does not
// say which picture it was made on could overwrite what nobody had seen, so it is
// refused too, with another sentence; only a system principal, which decides on
// what it reads in the same transaction, may leave the version out. What was never
// saved has version 0, and is changed on 0.
func (tx *Tx) SameVersion(have, want int64) error {
	switch {
	case want == have, want == 0 && tx.who.IsSystem():
		return nil
	case want < 1:
		var f errs.Fields
		f.Add("version", "error.version.missing")
		return f.Err()
	}
	return errs.New(errs.Stale, "error.stale", nil)
}

// SameEdition is the rule for settings that are in force unsaved, at version 0:
// there 0 says "as shipped", and is overtaken like any other once somebody saved.
func (tx *Tx) SameEdition(have, want int64) error {
	if want == 0 && have != 0 {
		return errs.New(errs.Stale, "error.stale", nil)
	}
	return tx.SameVersion(have, want)
}
