package plausibility

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Facts is what the checks look at.
type Facts struct {
	Today      clock.Date
	Operations []Operation
	Phones     []Phones
	Hours      []Hours
	Pieces     []Piece
	Readings   []Reading
}

// Operation is an operation on record.
type Operation struct {
	ID, Case, Person, Hospital ident.ID
	Programme                  procedure.Programme
	Kind                       procedure.Kind
	Site                       procedure.Site
	Side                       procedure.Side
	On                         clock.Date
	Age                        int // of the patient on the day
	Township                   string
	Recent                     bool     // within the year that rates are counted over
	Surgeon                    ident.ID // nil: written down by name only
	SurgeonName                string
	Absent                     bool // the surgeon works elsewhere and was not posted, or was marked away
	Imported                   bool // from the office's old tables, which know no postings
}

func (o Operation) evidence() Evidence {
	return Evidence{Kind: OfOperation, ID: o.ID, Case: o.Case, Person: o.Person, Hospital: o.Hospital, On: o.On, Note: string(o.Kind)}
}

// Phones is one registration with a telephone number, known by a keyed digest: no
// check ever sees a number.
type Phones struct {
	Digest                         string
	Registration, Person, Hospital ident.ID
}

// Hours are the planned hours of one operation.
type Hours struct {
	ID, Case, Hospital, Surgeon ident.ID
	SurgeonName                 string
	Theatre                     string // empty where no theatre is on record
	On                          clock.Date
	From, To                    int // minutes after midnight
}

// Piece is one implanted piece with its own number. Unit is maker, catalogue number
// and serial number, or the whole device identifier.
type Piece struct {
	Unit                               string
	ID, Operation, Case, Person, Place ident.ID
	On                                 clock.Date
}

// Reading is a reading of an eye that was entered or withdrawn after the approval
// that rests on readings of that day.
type Reading struct {
	ID, Case, Person, Hospital, Approval ident.ID
	On                                   clock.Date
	Withdrawn                            bool
}

// group collects rows under a key, in the order in which they came.
func group[K comparable, T any](rows []T, key func(T) (K, bool)) map[K][]T {
	out := map[K][]T{}
	for _, r := range rows {
		if k, ok := key(r); ok {
			out[k] = append(out[k], r)
		}
	}
	return out
}

func evidenceOf[T any](rows []T, of func(T) Evidence) []Evidence {
	out := make([]Evidence, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// rate: operations on elderly people of one township in a year, per thousand of
// them. A township whose number nobody entered is not looked at.
func rate(all []Operation, r Rules) (out []Finding) {
	by := group(all, func(o Operation) (string, bool) {
		return o.Township, o.Recent && o.Township != "" && o.Age >= r.ElderlyAge
	})
	for township, ops := range by {
		people := r.Populations[township]
		if people <= 0 || len(ops)*1000 <= r.RatePerThousand*people {
			continue
		}
		out = append(out, Finding{Check: Rate, Subject: township, Args: map[string]string{"township": township, "n": itoa(len(ops)), "people": itoa(people),
			"rate": itoa(len(ops) * 1000 / people), "limit": itoa(r.RatePerThousand)}, Evidence: evidenceOf(ops, Operation.evidence)})
	}
	return out
}

// phones: a village doctor's number may stand for a few people; beyond that
// somebody is asked.
func phones(all []Phones, most int) (out []Finding) {
	for digest, list := range group(all, func(p Phones) (string, bool) { return p.Digest, p.Digest != "" }) {
		people := map[ident.ID]bool{}
		for _, p := range list {
			people[p.Person] = true
		}
		if len(people) <= most {
			continue
		}
		out = append(out, Finding{Check: Phone, Subject: digest, Args: map[string]string{"n": itoa(len(people)), "limit": itoa(most)},
			Evidence: evidenceOf(list, func(p Phones) Evidence {
				return Evidence{Kind: OfRegistration, ID: p.Registration, Person: p.Person, Hospital: p.Hospital}
			})})
	}
	return out
}

// overlaps: planned hours of one surgeon, or of one theatre of a hospital, that
// run at the same time. One finding per surgeon or theatre and day.
func overlaps(all []Hours) (out []Finding) {
	bySurgeon := group(all, func(h Hours) (string, bool) {
		return "surgeon " + h.Surgeon.String() + " " + h.On.String(), h.Surgeon != ident.Nil
	})
	byTheatre := group(all, func(h Hours) (string, bool) {
		return "theatre " + h.Hospital.String() + " " + h.Theatre + " " + h.On.String(), h.Theatre != ""
	})
	for _, groups := range []map[string][]Hours{bySurgeon, byTheatre} {
		for subject, list := range groups {
			clash := clashing(list)
			if len(clash) == 0 {
				continue
			}
			out = append(out, Finding{Check: Overlap, Subject: subject, Args: map[string]string{"n": itoa(len(clash)), "day": clash[0].On.String(), "surgeon": clash[0].SurgeonName},
				Evidence: evidenceOf(clash, func(h Hours) Evidence {
					return Evidence{Kind: OfPlan, ID: h.ID, Case: h.Case, Hospital: h.Hospital, On: h.On, Note: minutes(h.From) + "-" + minutes(h.To)}
				})})
		}
	}
	return out
}

// clashing are the hours that begin before an earlier one ended, with that one.
func clashing(list []Hours) (out []Hours) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Hours) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	in := map[ident.ID]bool{}
	add := func(h Hours) {
		if !in[h.ID] {
			in[h.ID] = true
			out = append(out, h)
		}
	}
	var last Hours
	for i, h := range list {
		if i > 0 && h.From < last.To {
			add(last)
			add(h)
		}
		if i == 0 || h.To > last.To {
			last = h
		}
	}
	return out
}

func minutes(n int) string {
	return strconv.Itoa(n/60) + ":" + string(rune('0'+n%60/10)) + string(rune('0'+n%10))
}

// crowded: more operations of one programme by one surgeon in a day than the
// partnership thinks possible.
func crowded(all []Operation, r Rules) (out []Finding) {
	type day struct {
		surgeon   ident.ID
		on        clock.Date
		programme procedure.Programme
	}
	for d, ops := range group(all, func(o Operation) (day, bool) { return day{o.Surgeon, o.On, o.Programme}, o.Surgeon != ident.Nil }) {
		limit := r.PerDay[d.programme]
		if limit == 0 || len(ops) <= limit {
			continue
		}
		out = append(out, Finding{Check: Crowded, Subject: d.surgeon.String() + " " + d.on.String() + " " + string(d.programme),
			Args:     map[string]string{"n": itoa(len(ops)), "day": d.on.String(), "limit": itoa(limit), "surgeon": ops[0].SurgeonName},
			Evidence: evidenceOf(ops, Operation.evidence)})
	}
	return out
}

// absent: one finding per surgeon, hospital and day.
func absent(all []Operation) (out []Finding) {
	type stay struct {
		surgeon, hospital ident.ID
		on                clock.Date
	}
	for d, ops := range group(all, func(o Operation) (stay, bool) {
		return stay{o.Surgeon, o.Hospital, o.On}, o.Absent && !o.Imported && o.Surgeon != ident.Nil
	}) {
		out = append(out, Finding{Check: Absent, Subject: d.surgeon.String() + " " + d.hospital.String() + " " + d.on.String(),
			Args: map[string]string{"n": itoa(len(ops)), "day": d.on.String(), "surgeon": ops[0].SurgeonName}, Evidence: evidenceOf(ops, Operation.evidence)})
	}
	return out
}

// repeats: a joint is replaced for the first time once, and an eye's lens once. A
// revision of it is another kind.
func repeats(all []Operation) (out []Finding) {
	type part struct {
		person ident.ID
		site   procedure.Site
		side   procedure.Side
	}
	for p, ops := range group(all, func(o Operation) (part, bool) {
		return part{o.Person, o.Site, o.Side}, o.Side != "" && o.Kind.Primary()
	}) {
		if len(ops) < 2 {
			continue
		}
		out = append(out, Finding{Check: Repeat, Subject: p.person.String() + " " + string(p.site) + " " + string(p.side),
			Args: map[string]string{"n": itoa(len(ops))}, Evidence: evidenceOf(ops, Operation.evidence)})
	}
	return out
}

func serials(all []Piece) (out []Finding) {
	for unit, list := range group(all, func(p Piece) (string, bool) { return p.Unit, p.Unit != "" }) {
		operations := map[ident.ID]bool{}
		for _, p := range list {
			operations[p.Operation] = true
		}
		if len(operations) < 2 {
			continue
		}
		out = append(out, Finding{Check: Serial, Subject: unit, Args: map[string]string{"n": itoa(len(operations)), "unit": strings.ReplaceAll(unit, "|", " · ")},
			Evidence: evidenceOf(list, func(p Piece) Evidence {
				return Evidence{Kind: OfComponent, ID: p.ID, Case: p.Case, Person: p.Person, Hospital: p.Place, On: p.On}
			})})
	}
	return out
}

func readings(all []Reading) (out []Finding) {
	for approval, list := range group(all, func(r Reading) (ident.ID, bool) { return r.Approval, true }) {
		out = append(out, Finding{Check: Acuity, Subject: approval.String(), Args: map[string]string{"n": itoa(len(list))},
			Evidence: evidenceOf(list, func(r Reading) Evidence {
				note := "entered"
				if r.Withdrawn {
					note = "withdrawn"
				}
				return Evidence{Kind: OfReading, ID: r.ID, Case: r.Case, Person: r.Person, Hospital: r.Hospital, On: r.On, Note: note}
			})})
	}
	return out
}

// Townships are the names of the townships with a number, in order.
func (r Rules) Townships() []string { return slices.Sorted(maps.Keys(r.Populations)) }
