package history

import (
	"crypto/sha256"
	"slices"
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// registry is what the sheets of a book share: the people, the operations seen
// so far, and what was looked up.
type registry struct {
	opts      Options
	sheet     int
	names     []string // of the sheets
	persons   map[string]*Person
	seen      map[digest]place // operations by their key
	joints    map[digest]place // primary operations by person, site and side
	hospitals map[string]string
	kinds     map[string]kindRead
	groups    map[string]categoriesRead
}

// place is a row of a sheet.
type place struct{ sheet, row int32 }

// digest stands for a key in the maps that grow with the book: half the memory
// of the text, and nothing for the collector to follow.
type digest [16]byte

func digestOf(parts ...string) digest {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return digest(sum[:16])
}

// kindRead is what the name of an operation says.
type kindRead struct {
	kind      procedure.Kind
	programme procedure.Programme
	site      procedure.Site
	primary   bool
}

// maxLookups bounds the remembered answers; a hostile book could have a new
// text in every row.
const maxLookups = 10000

func newRegistry(opts Options) *registry {
	if opts.MaxMessages <= 0 {
		opts.MaxMessages = DefaultMaxMessages
	}
	reg := &registry{opts: opts, persons: map[string]*Person{}, seen: map[digest]place{}, joints: map[digest]place{},
		hospitals: make(map[string]string, len(opts.Hospitals)), kinds: map[string]kindRead{}, groups: map[string]categoriesRead{}}
	for alias, name := range opts.Hospitals {
		reg.hospitals[HospitalKey(alias)] = name
		reg.hospitals[HospitalKey(name)] = name
	}
	return reg
}

// person finds who a row names, or makes a new one; gaps are filled.
func (reg *registry) person(p Person) *Person {
	old, ok := reg.persons[p.key]
	if !ok {
		reg.persons[p.key] = &p
		return &p
	}
	old.complete(p)
	return old
}

func personKey(p Person) string {
	if p.Number != "" {
		return string(p.Document) + ":" + p.Number
	}
	born := p.Birth.String()
	return strings.Join([]string{"-", p.Name, string(p.Sex), born, p.Phone, p.Township, p.Village, p.Address}, "|")
}

// complete takes over what an earlier row left open.
func (p *Person) complete(o Person) {
	for _, f := range []struct{ to, from *string }{{&p.Name, &o.Name}, {&p.Phone, &o.Phone}, {&p.Address, &o.Address},
		{&p.Township, &o.Township}, {&p.Village, &o.Village}} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if p.Sex == "" {
		p.Sex = o.Sex
	}
	if p.Age < 0 {
		p.Age = o.Age
	}
	p.Long = more(p.Long, o.Long)
}

// more adds the texts that are not there yet.
func more(list, add []Long) []Long {
	for _, l := range add {
		if !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list
}

// accepted is the number of people with at least one treatment.
func (reg *registry) accepted() int {
	n := 0
	for _, p := range reg.persons {
		if p.seen {
			n++
		}
	}
	return n
}

// operationKind remembers names: a book of 200,000 rows has a few dozen.
func (reg *registry) operationKind(name string) (kindRead, bool) {
	if name == "" {
		return kindRead{}, false
	}
	k, ok := reg.kinds[name]
	if !ok {
		text, _ := cut(name)
		if parsed, known := procedure.ParseOperation(text); known {
			k = newKind(parsed)
		}
		if len(reg.kinds) < maxLookups {
			reg.kinds[name] = k
		}
	}
	return k, k.kind != ""
}

func newKind(k procedure.Kind) kindRead { return kindRead{k, k.Programme(), k.Site(), k.Primary()} }

// categories remembers cells like [registry.operationKind]. An alias is a
// spelling that is not the category's own name.
func (reg *registry) categories(text string) categoriesRead {
	got, ok := reg.groups[text]
	if ok {
		return got
	}
	short, _ := cut(text)
	got.codes, got.unknown = terminology.ParseCategories(short)
	got.unknown = slices.DeleteFunc(got.unknown, func(part string) bool {
		code, learned := reg.opts.Categories[CategoryKey(part)]
		if learned && !slices.Contains(got.codes, code) {
			got.codes = append(got.codes, code)
		}
		return learned
	})
	order := terminology.Categories() // the most favourable first, as the parser gives them
	slices.SortFunc(got.codes, func(a, b terminology.Category) int { return slices.Index(order, a) - slices.Index(order, b) })
	got.alias = len(got.codes) > 0 && !slices.Contains(officialCategories(), text)
	if len(reg.groups) < maxLookups {
		reg.groups[text] = got
	}
	return got
}

// CategoryKey is the form in which spellings of categories are compared: width,
// case and spaces do not count.
func CategoryKey(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(text))), "")
}

// officialCategories are the names of the circulars; every other spelling is
// an alias.
func officialCategories() []string {
	return []string{"特困人员", "低保对象", "返贫致贫人口", "低保边缘家庭成员", "监测对象", "防止返贫监测对象", "因病致贫重病患者",
		"重度残疾人", "优抚对象", "脱贫人口", "孤儿"}
}

// join puts the row into its treatment. Rows of one person with the same
// hospital and admission number, and rows whose fee cells are merged, are one
// treatment with several procedures; every other row is a treatment.
func (r *reading) join() {
	r.treat.Person = r.who
	duplicate := r.duplicate()
	var key digest // zero without an admission number
	if r.treat.AdmissionNo != "" {
		key = digestOf(r.who.key, HospitalKey(r.treat.Hospital), r.treat.AdmissionNo)
	}
	t := r.treatment(key)
	if duplicate && t != nil {
		return // the row says again what is there; its treatment stays good
	}
	if t == nil {
		t = new(Treatment)
		*t = r.treat
		r.groups = append(r.groups, t)
		if key != (digest{}) && !duplicate {
			r.admissions[key] = t
		}
	}
	t.Rows = append(t.Rows, r.r.row)
	t.Procedures = append(t.Procedures, r.op)
	r.bill(t)
	t.fill(r.treat)
	if hasError(r.issues) && t.bad == 0 {
		t.bad = r.r.row
	}
	r.previous.treat = t
}

func hasError(list []Issue) bool {
	return slices.ContainsFunc(list, func(i Issue) bool { return i.Level == LevelError })
}

// treatment is the one the row belongs to, nil for a new one.
func (r *reading) treatment(key digest) *Treatment {
	above := r.previous.treat
	if r.shared != 0 && above != nil && slices.Contains(above.Rows, r.shared) && above.Person == r.who {
		return above
	}
	if key != (digest{}) {
		if t := r.admissions[key]; t != nil {
			return t
		}
	}
	// A second operation below the first, with neither a bill nor an admission
	// of its own: fee cells that were merged before the ledger became a CSV file.
	if above != nil && r.carried(FieldName) && r.shared == 0 && !r.money.Known && above.Money.Known && above.Person == r.who &&
		r.previous.row == r.r.row-1 && r.treat.AdmissionNo == "" && !hasError(r.issues) {
		return above
	}
	return nil
}

// bill adds the row's amounts to its treatment. Equal amounts in a second row
// may be a price per operation or the same bill typed twice: they are added, as
// the ledger's own totals do, and flagged.
func (r *reading) bill(t *Treatment) {
	switch {
	case len(t.Rows) == 1:
		t.Money = r.money
		if !r.money.Known && !hasError(r.issues) {
			r.noAmount()
		}
	case r.money.Known:
		if t.Money == r.money && r.money.Total != 0 && !hasError(r.issues) {
			r.say(LevelWarning, "history.row.same_bill", FieldTotal, errs.Args{"row": t.Rows[0]})
		}
		t.Money = t.Money.plus(r.money)
	}
}

// noAmount flags a treatment without any amount, or once a ledger without fees.
func (r *reading) noAmount() {
	for f := FieldTotal; f <= FieldNet; f++ {
		if r.r.block.Has(f) {
			r.warn("history.row.amount_missing", FieldNone)
			return
		}
	}
	r.once("history.row.amount_missing")
}

// fill takes over what the treatment's first row left open.
func (t *Treatment) fill(o Treatment) {
	if t.AdmittedOn.IsZero() {
		t.AdmittedOn = o.AdmittedOn
	}
	if t.DischargedOn.IsZero() {
		t.DischargedOn = o.DischargedOn
	}
	if t.Diagnosis == "" {
		t.Diagnosis = o.Diagnosis
	}
	if t.Remark == "" {
		t.Remark = o.Remark
	}
	if len(t.Categories) == 0 {
		t.Categories = o.Categories
	}
	t.Long = more(t.Long, o.Long)
}

// duplicate reports the same person, operation, side and day in an earlier row
// of the book, and flags a second first operation on the same joint or eye.
func (r *reading) duplicate() bool {
	if r.op.Kind == "" || r.op.On.IsZero() || r.op.Side == "" && r.treat.Programme != procedure.Coronary {
		return false
	}
	key := digestOf(operationKey(r.who, r.op))
	here := place{int32(r.reg.sheet), int32(r.r.row)} // #nosec G115 -- rows, columns and ages of a workbook within its limits
	if at, ok := r.reg.seen[key]; ok {
		if at.sheet == here.sheet {
			r.wrong("history.row.duplicate", FieldNone, errs.Args{"row": int(at.row)})
		} else {
			r.wrong("history.row.duplicate_elsewhere", FieldNone, errs.Args{"row": int(at.row), "sheet": r.reg.names[at.sheet-1]})
		}
		return true
	}
	r.reg.seen[key] = here
	if !r.primary || hasError(r.issues) {
		return false
	}
	site := digestOf(r.who.key, string(r.treat.Programme), string(r.op.Site), string(r.op.Side))
	if at, ok := r.reg.joints[site]; ok && at.sheet == here.sheet {
		r.say(LevelWarning, "history.row.second_primary", FieldSide, errs.Args{"row": int(at.row)})
	}
	r.reg.joints[site] = here
	return false
}

// ageCheck is an age to be compared when the day of the list is known.
type ageCheck struct {
	row    int32
	age    int16
	birth  clock.Date
	on     clock.Date // operation
	column int16
}

// remember files the row's issues and what the next row may refer to.
func (s *sheetRun) remember(r *reading) {
	rec := r.r
	if r.who.Document == patient.DocCitizen && !r.carried(FieldAge) && rec.present[FieldAge] {
		if age := parseAge(rec.cells[FieldAge].Text); age >= 0 && !r.who.Birth.IsZero() && r.who.Number != "" {
			s.ages = append(s.ages, ageCheck{int32(rec.row), int16(age), r.who.Birth, r.op.On, int16(rec.cols[FieldAge])}) // #nosec G115 -- rows, columns and ages of a workbook within its limits
		}
	}
	if len(r.issues) > 0 {
		s.issues[rec.row] = &RowMessage{Row: rec.row, Issues: r.issues}
	}
	if hasError(r.issues) {
		if s.refused++; s.refused > s.reg.opts.MaxMessages {
			s.giveUp()
			return
		}
	}
	s.previous.row = rec.row
	s.previous.cells = rec.cells
	s.previous.present = rec.present
}

// suggest offers for every unknown hospital a longer name with the same end:
// 区中医院 is likely to be 黔江区中医院.
func (reg *registry) suggest(res *SheetResult) {
	var names []string
	for _, name := range reg.opts.Hospitals {
		names = append(names, name)
	}
	for _, u := range res.UnknownHospitals {
		names = append(names, u.Text)
	}
	sort.Strings(names)
	for i := range res.UnknownHospitals {
		u := &res.UnknownHospitals[i]
		for _, name := range names {
			if name != u.Text && strings.HasSuffix(HospitalKey(name), HospitalKey(u.Text)) {
				u.Suggestion = name
				break
			}
		}
	}
}
