package history

import (
	"cmp"
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// finish compares ages, spreads refusals over treatments, says what is common
// once, and counts.
func (s *sheetRun) finish() *SheetResult {
	s.compareAges()
	s.refuseTogether()
	s.sayOnce()
	s.count()
	s.sortMessages()
	res := s.result
	res.UnknownHospitals = listUnknown(s.hospitals)
	res.UnknownCategories = listUnknown(s.categories)
	return res
}

func (s *sheetRun) add(row int, issue Issue) {
	m := s.issues[row]
	if m == nil {
		m = &RowMessage{Row: row}
		s.issues[row] = m
	}
	m.Issues = append(m.Issues, issue)
}

const ageDiffers = "history.row.age_differs"

// compareAges holds the ages against the birth dates as of the day the list was
// filled in; without it, as of the operation. One year of difference is the
// birthday, or the traditional way of counting.
func (s *sheetRun) compareAges() {
	for _, c := range s.ages {
		on := s.result.FilledOn
		if on.IsZero() {
			on = c.on
		}
		if on.IsZero() {
			continue
		}
		age := c.birth.AgeOn(on)
		if d := int(c.age) - age; d > 1 || d < -1 {
			if s.warned[ageDiffers]++; s.warned[ageDiffers] > s.reg.opts.MaxMessages {
				continue
			}
			s.add(int(c.row), Issue{LevelWarning, ageDiffers, errs.Args{"age": int(c.age), "computed": age, "date": on}, int(c.column)})
		}
	}
}

// refuseTogether refuses the other rows of a treatment with a refused row: its
// bill is one, and half a treatment would be in the totals.
func (s *sheetRun) refuseTogether() {
	for _, t := range s.groups {
		if t.bad == 0 {
			continue
		}
		for _, row := range t.Rows {
			if m := s.issues[row]; m == nil || !hasError(m.Issues) {
				s.add(row, Issue{LevelError, "history.row.refused_together", errs.Args{"row": t.bad}, -1})
			}
		}
	}
}

// sayOnce turns warnings that apply to more than a fifth of the rows into one
// note for the sheet. Two rows of a short list stay with their rows.
func (s *sheetRun) sayOnce() {
	const few = 3
	first := map[string]int{}
	for row, m := range s.issues {
		for _, i := range m.Issues {
			if at, ok := first[i.Key]; !ok || row < at {
				first[i.Key] = row
			}
		}
	}
	var common []string
	for key, n := range s.warned {
		if n > s.reg.opts.MaxMessages || n >= few && n*5 > s.result.DataRows {
			common = append(common, key)
		}
	}
	slices.Sort(common)
	for _, key := range common {
		s.note(LevelWarning, "history.sheet.common", errs.Args{"what": errs.Key(key + ".common"), "rows": s.warned[key], "row": first[key]})
	}
	if len(common) == 0 {
		return
	}
	for row, m := range s.issues {
		m.Issues = slices.DeleteFunc(m.Issues, func(i Issue) bool { return i.Level == LevelWarning && slices.Contains(common, i.Key) })
		if len(m.Issues) == 0 {
			delete(s.issues, row)
		}
	}
}

// count adds up the accepted treatments.
func (s *sheetRun) count() {
	res := s.result
	here := map[*Person]bool{}
	good := s.groups[:0]
	for _, t := range s.groups {
		if t.bad != 0 {
			continue
		}
		good = append(good, t)
		here[t.Person] = true
		t.Person.seen = true
		res.PersonTimes++
		res.Procedures += len(t.Procedures)
		res.TotalFen += t.Money.Total
		res.InsuranceFen += t.Money.Insurance()
		res.OtherFen += t.Money.Other
		res.ReductionFen += t.Money.Reduction()
		res.NetFen += t.Money.Net
	}
	clear(s.groups[len(good):])
	res.Patients = len(here)
	res.Treatments = good
}

// rank orders levels, the gravest first.
func rank(l Level) int { return slices.Index([]Level{LevelError, LevelWarning, LevelSkip}, l) }

func (s *sheetRun) sortMessages() {
	list := make([]RowMessage, 0, len(s.issues))
	for _, m := range s.issues {
		slices.SortStableFunc(m.Issues, func(a, b Issue) int { return rank(a.Level) - rank(b.Level) })
		m.Level = m.Issues[0].Level
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b RowMessage) int { return cmp.Compare(a.Row, b.Row) })
	s.result.Rows = list
}

func listUnknown(m map[string]*Unknown) []Unknown {
	list := make([]Unknown, 0, len(m))
	for _, u := range m {
		list = append(list, *u)
	}
	slices.SortFunc(list, func(a, b Unknown) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Text, b.Text)) })
	return list
}

// Text is the sentence of a note.
func (n Note) Text(p i18n.Printer) string { return p.Say(n.Key, n.Args) }
