package procedure

import "slices"

// Chain lists what was done to the same joint or eye of a person, in any
// hospital, the earliest first: a first replacement, its revisions and the
// operations between them. A record is one of the list once it is stored.
func Chain(p Procedure, recorded []Recorded) []Recorded {
	if !p.Side.Known() {
		return nil
	}
	var out []Recorded
	for _, o := range recorded {
		if samePlace(p, o) {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b Recorded) int { return a.OperatedOn.Compare(b.OperatedOn) })
	return out
}

// Revises is the first operation a revision belongs to: the latest first
// replacement of the same joint on or before its day. False when none is on
// record; then the record says why.
func Revises(p Procedure, recorded []Recorded) (Recorded, bool) {
	var found Recorded
	ok := false
	for _, o := range Chain(p, recorded) {
		if o.Kind.Primary() && o.ID != p.ID && !o.OperatedOn.After(p.OperatedOn) {
			found, ok = o, true
		}
	}
	return found, ok
}
