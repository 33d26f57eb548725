package exchange

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// planner turns the facts of a book into rows. The rows of one person follow
// each other by day, so that "the earliest" is the first.
type planner struct {
	*Service
	tx    *store.Tx
	batch store.Batch
	dir   directory
	by    store.Made
	bulk  *store.Bulk

	people  map[*history.Person]*someone
	order   []*someone
	sheetOf map[*history.Treatment]*history.SheetResult
	said    map[*history.SheetResult]map[int]string // warnings of rows
	rows    []store.ImportRow
	more    []addition
	funds   map[string]*store.BulkFund
	figures *Figures
}

// someone is a person of the book with what is to be imported.
type someone struct {
	*history.Person
	id         ident.ID
	fresh      bool // not in the system before
	shared     bool // holds a number that is somebody else's in the system
	treatments []*history.Treatment
	hospitals  []ident.ID // in the order of the earliest row
}

// addition is a treatment of an earlier ledger with the operations only this one
// names.
type addition struct {
	*history.Treatment // with the new operations alone
	id                 ident.ID
}

// day is when a treatment took place, for the order of things.
func day(t *history.Treatment) clock.Date {
	if len(t.Procedures) == 0 {
		return t.AdmittedOn
	}
	first := t.Procedures[0].On
	for _, p := range t.Procedures[1:] {
		if p.On.Before(first) {
			first = p.On
		}
	}
	return first
}

// lastDay is when it was over, as far as the ledger says.
func lastDay(t *history.Treatment) clock.Date {
	last := t.DischargedOn
	for _, p := range t.Procedures {
		if last.Before(p.On) {
			last = p.On
		}
	}
	return last
}

// firstDay is the earliest day the ledger names for it.
func firstDay(t *history.Treatment) clock.Date {
	first := day(t)
	if !t.AdmittedOn.IsZero() && t.AdmittedOn.Before(first) {
		return t.AdmittedOn
	}
	return first
}

// knownOf tells, for every operation of the book in order, whether an earlier
// import brought it.
func knownOf(tx *store.Tx, book *history.Book) ([]bool, error) {
	digests, err := digestsOf(tx, book)
	if err != nil || len(digests) == 0 {
		return nil, err
	}
	in, err := tx.KnownRows(digests)
	out := make([]bool, len(in))
	for i, treatment := range in {
		out[i] = treatment != ident.Nil
	}
	return out, err
}

func digestsOf(tx *store.Tx, book *history.Book) ([][]byte, error) {
	var out [][]byte
	for _, s := range book.Sheets {
		for _, t := range s.Treatments {
			for _, p := range t.Procedures {
				sum, err := tx.ImportDigest(t.Key(p))
				if err != nil {
					return nil, err
				}
				out = append(out, sum)
			}
		}
	}
	return out, nil
}

// plan decides on all rows.
func (p *planner) plan(book *history.Book) error {
	if err := p.choose(book); err != nil {
		return err
	}
	if err := p.hospitals(); err != nil {
		return err
	}
	if err := p.persons(); err != nil {
		return err
	}
	if err := p.registrations(); err != nil {
		return err
	}
	if err := p.care(); err != nil {
		return err
	}
	return p.additions()
}

// choose keeps the treatments that are new and remembers their operations.
func (p *planner) choose(book *history.Book) error {
	digests, err := digestsOf(p.tx, book)
	if err != nil || len(digests) == 0 {
		return err
	}
	known, err := p.tx.KnownRows(digests)
	if err != nil {
		return err
	}
	at := 0
	for _, s := range book.Sheets {
		p.warnings(s)
		for _, t := range s.Treatments {
			mine := known[at : at+len(t.Procedures)]
			sums := digests[at : at+len(t.Procedures)]
			at += len(t.Procedures)
			if at := slices.IndexFunc(mine, func(id ident.ID) bool { return id != ident.Nil }); at >= 0 {
				p.addTo(s, t, mine, sums)
				continue
			}
			p.take(s, t, sums)
		}
	}
	for _, who := range p.order {
		slices.SortStableFunc(who.treatments, func(a, b *history.Treatment) int {
			return cmp.Or(day(a).Compare(day(b)), cmp.Compare(a.Rows[0], b.Rows[0]))
		})
	}
	return nil
}

// addTo keeps the operations of a known treatment that no earlier ledger named.
// Bill and payers stay as they were taken in: a ledger that corrects money is
// taken in after the earlier one was taken back.
func (p *planner) addTo(s *history.SheetResult, t *history.Treatment, known []ident.ID, sums [][]byte) {
	extra := *t
	extra.Procedures = nil
	id := ident.Nil
	for i, in := range known {
		if in != ident.Nil {
			id = in
			p.figures.Known++
			continue
		}
		extra.Procedures = append(extra.Procedures, t.Procedures[i])
	}
	if len(extra.Procedures) == 0 {
		return
	}
	for i, in := range known {
		if in == ident.Nil {
			p.rows = append(p.rows, store.ImportRow{Sheet: s.Sheet, Row: t.Procedures[i].Row, Digest: sums[i], Treatment: id})
		}
	}
	p.sheetOf[&extra] = s
	p.more = append(p.more, addition{&extra, id})
}

// take puts a treatment on the list. Its id is not known yet; the import rows
// carry the place in the list until then.
func (p *planner) take(s *history.SheetResult, t *history.Treatment, sums [][]byte) {
	who := p.people[t.Person]
	if who == nil {
		who = &someone{Person: t.Person, id: ident.New(), fresh: true}
		p.people[t.Person], p.order = who, append(p.order, who)
	}
	who.treatments = append(who.treatments, t)
	p.sheetOf[t] = s
	for i, o := range t.Procedures {
		p.rows = append(p.rows, store.ImportRow{Sheet: s.Sheet, Row: o.Row, Digest: sums[i]})
	}
}

// warnings notes what the sheet says about its rows, for the notes of treatments.
func (p *planner) warnings(s *history.SheetResult) {
	m := map[int]string{}
	for _, r := range s.Rows {
		if r.Level == history.LevelWarning {
			m[r.Row] = r.Text(p.say)
		}
	}
	p.said[s] = m
}

// hospitals finds or makes the organisation of every name in the book.
func (p *planner) hospitals() error {
	opened, err := p.tx.PartnershipByID(p.tx.Partnership())
	if err != nil {
		return err
	}
	first := map[string]clock.Date{}
	var names []string
	for _, who := range p.order {
		for _, t := range who.treatments {
			name := p.hospitalName(t)
			key := history.HospitalKey(name)
			if _, ok := p.dir.byKey[key]; ok {
				continue
			}
			if on, seen := first[key]; !seen || day(t).Before(on) {
				first[key] = day(t)
				if !seen {
					names = append(names, name)
				}
			}
		}
	}
	for _, name := range names { // a handful: names nobody has met before
		if err := p.provisional(name, opened, first[history.HospitalKey(name)]); err != nil {
			return err
		}
	}
	for _, who := range p.order {
		for _, t := range who.treatments {
			if err := p.takeUp(p.hospital(t)); err != nil {
				return err
			}
			if id := p.hospital(t).ID; !slices.Contains(who.hospitals, id) {
				who.hospitals = append(who.hospitals, id)
			}
		}
	}
	return nil
}

// takeUp makes a provisional hospital a member again that a reversal had left
// unused; it is to be named by the office like one met for the first time.
func (p *planner) takeUp(o partnership.Organisation) error {
	m, idle := p.dir.idle[o.ID]
	if !idle {
		return nil
	}
	delete(p.dir.idle, o.ID)
	p.figures.Provisional = append(p.figures.Provisional, o.Name)
	return p.tx.ReopenMember(m)
}

func (p *planner) hospitalName(t *history.Treatment) string {
	if t.Hospital == "" {
		return p.say.T("exchange.hospital.none")
	}
	return t.Hospital
}

func (p *planner) hospital(t *history.Treatment) partnership.Organisation {
	return p.dir.byKey[history.HospitalKey(p.hospitalName(t))]
}

// provisional makes an organisation for a name nobody knows, as a member on the
// side its name suggests, to be named or merged by the office.
func (p *planner) provisional(name string, of partnership.Partnership, first clock.Date) error {
	o := partnership.Organisation{ID: ident.New(), Name: name, Kind: partnership.Hospital, Provisional: true}
	text := o.ID.String()
	o.Code = "P-" + strings.ToUpper(text[len(text)-8:])
	if err := p.tx.InsertOrganisation(o); err != nil {
		return err
	}
	m := partnership.Member{PartnershipID: of.ID, OrganisationID: o.ID, Side: user.SideReceiving, From: of.OpenedOn}
	if place := []rune(of.DonorName); len(place) >= 2 && strings.HasPrefix(name, string(place[:2])) {
		m.Side = user.SideDonor
	}
	if first.Before(m.From) {
		m.From = first
	}
	if err := p.tx.InsertMember(m); err != nil {
		return err
	}
	p.dir.byKey[history.HospitalKey(name)] = o
	p.figures.Provisional = append(p.figures.Provisional, name)
	return nil
}

// persons finds the people the system knows by their numbers and plans the rest.
func (p *planner) persons() error {
	holders, err := p.holders()
	if err != nil {
		return err
	}
	var link []store.Numbered
	var at []ident.ID
	for _, who := range p.order {
		h, ok := holders[store.Numbered{Kind: who.Document, Number: who.Number}]
		if ok && patient.NormaliseName(h.Name) == patient.NormaliseName(who.Name) {
			who.id, who.fresh = h.Person, false
			for _, place := range who.hospitals {
				if !slices.Contains(h.SeenBy, place) {
					link, at = append(link, store.Numbered{Kind: who.Document, Number: who.Number}), append(at, place)
				}
			}
			continue
		}
		p.person(who, h.Person)
	}
	p.figures.Added.Persons = len(p.bulk.Persons)
	if len(link) == 0 {
		return nil
	}
	return p.tx.LinkPeople(link, at)
}

func (p *planner) holders() (map[store.Numbered]store.Holder, error) {
	var numbers []store.Numbered
	for _, who := range p.order {
		if who.Number != "" && who.Document != patient.DocNone {
			numbers = append(numbers, store.Numbered{Kind: who.Document, Number: who.Number})
		}
	}
	if len(numbers) == 0 {
		return nil, nil
	}
	return p.tx.HoldersOf(numbers)
}

// person plans a new person. A number that belongs to another name in the system
// is kept unverified, and the office is asked who is who.
func (p *planner) person(who *someone, holder ident.ID) {
	x := patient.Person{ID: who.id, Name: patient.NormaliseName(who.Name), Sex: who.Sex, Birth: who.Birth}
	if x.Birth.IsZero() && who.Age > 0 {
		x.Birth, x.BirthEstimated = clock.MustDate(day(who.treatments[0]).Year()-who.Age, 1, 1), true
	}
	if parsed, err := patient.ParseDocument(who.Document, who.Number, p.tx.Today()); err == nil {
		x.RegionCode = parsed.RegionCode
	}
	p.bulk.Persons = append(p.bulk.Persons, store.BulkPerson{Person: x, SeenBy: who.hospitals, Made: p.by})
	if who.Number == "" || who.Document == patient.DocNone {
		return
	}
	d := patient.Document{ID: ident.New(), PersonID: who.id, Kind: who.Document, Number: who.Number, Verified: holder == ident.Nil}
	if who.shared = !d.Verified; who.shared {
		d.Reason = p.say.T("exchange.number_in_use")
		p.bulk.Reviews = append(p.bulk.Reviews, store.Review{ID: ident.New(), Kind: store.ReviewNumberInUse, PersonID: who.id, OtherID: holder,
			Hospital: who.hospitals[0], Reason: d.Reason})
	}
	p.bulk.Documents = append(p.bulk.Documents, store.BulkDocument{Document: d, SeenBy: who.hospitals, Made: p.by})
}

// registrations plans one for each person and hospital that has none.
func (p *planner) registrations() error {
	var pairs []store.PersonPlace
	for _, who := range p.order {
		for _, h := range who.hospitals {
			if !who.fresh {
				pairs = append(pairs, store.PersonPlace{Person: who.id, Hospital: h})
			}
		}
	}
	have := map[store.PersonPlace]bool{}
	if len(pairs) > 0 {
		var err error
		if have, err = p.tx.Registered(pairs, p.batch.ID); err != nil {
			return err
		}
	}
	for _, who := range p.order {
		for _, h := range who.hospitals {
			if !have[store.PersonPlace{Person: who.id, Hospital: h}] {
				p.registration(who, h)
			}
		}
	}
	p.figures.Added.Registrations = len(p.bulk.Registrations)
	return nil
}

func (p *planner) registration(who *someone, hospital ident.ID) {
	r := patient.Registration{ID: ident.New(), PersonID: who.id, HospitalID: hospital, Phone: who.Phone, Township: who.Township, Village: who.Village,
		Address: who.Address, LegalBasis: patient.BasisHistory}
	for _, t := range who.treatments {
		if p.hospital(t).ID == hospital {
			r.RegisteredOn = firstDay(t)
			break
		}
	}
	notes := p.asWritten(who.Long)
	if _, err := patient.ParsePhone(r.Phone); r.Phone != "" && err != nil { // two numbers in a cell, a name beside it
		notes, r.Phone = append(notes, p.asWritten([]history.Long{{Field: history.FieldPhone, Text: r.Phone}})...), ""
	}
	x := store.BulkRegistration{Made: p.by, Note: strings.Join(notes, p.say.T("history.joint"))}
	r = r.Normalise()
	x.Source = store.Source{Registration: r, Person: patient.Person{ID: who.id, Name: patient.NormaliseName(who.Name), Sex: who.Sex, Birth: who.Birth}}
	if who.Number != "" && who.Document != patient.DocNone {
		x.Documents = []patient.Document{{Kind: who.Document, Number: who.Number, Verified: !who.shared}}
	}
	p.bulk.Registrations = append(p.bulk.Registrations, x)
}

// asWritten are what a record cannot hold as the ledger has it, for a note, so that
// nothing is lost.
func (p *planner) asWritten(long []history.Long) (notes []string) {
	for _, l := range long {
		notes = append(notes, p.say.T("exchange.note.as_written", "column", p.say.T(l.Field.Key()), "text", l.Text))
	}
	return notes
}

// caseOf groups a person's treatments by programme.
type caseOf struct {
	who        *someone
	treatments []*history.Treatment
}

// cases plans one closed case for each person and programme, numbered by the
// year it was opened in.
func (p *planner) cases() ([]caseOf, error) {
	var groups []caseOf
	byYear := map[int][]int{}
	for _, who := range p.order {
		at := map[string]int{}
		for _, t := range who.treatments {
			i, ok := at[string(t.Programme)]
			if !ok {
				i = len(groups)
				at[string(t.Programme)] = i
				groups = append(groups, caseOf{who: who})
				p.bulk.Cases = append(p.bulk.Cases, p.newCase(who, t))
				year := p.bulk.Cases[i].OpenedOn.Year()
				byYear[year] = append(byYear[year], i)
			}
			groups[i].treatments = append(groups[i].treatments, t)
			p.extend(&p.bulk.Cases[i], t)
		}
	}
	for year, list := range byYear { // one statement for each year of the ledger
		numbers, err := p.tx.CaseNumbers(year, len(list))
		if err != nil {
			return nil, err
		}
		for n, i := range list {
			p.bulk.Cases[i].No = numbers[n]
		}
	}
	p.figures.Added.Cases = len(groups)
	return groups, nil
}

func (p *planner) newCase(who *someone, t *history.Treatment) store.BulkCase {
	home := p.hospital(t).ID
	c := store.BulkCase{SeenBy: []ident.ID{home}}
	c.ID, c.Person, c.Programme, c.Home = ident.New(), who.id, t.Programme, home
	c.OpenedOn, c.Closure, c.State = firstDay(t), casefile.Imported, casefile.ClosedState
	c.Diagnosis, c.OpenedBy = t.Diagnosis, p.by.By
	if len(t.Categories) > 0 {
		c.Category = string(t.Categories[0])
	}
	return c
}

// extend takes one more treatment into a case: it is over when the last one is.
func (p *planner) extend(c *store.BulkCase, t *history.Treatment) {
	if last := lastDay(t); c.ClosedOn.Before(last) {
		c.ClosedOn = last
	}
	if first := firstDay(t); first.Before(c.OpenedOn) {
		c.OpenedOn = first
	}
	if h := p.hospital(t).ID; !slices.Contains(c.SeenBy, h) {
		c.SeenBy = append(c.SeenBy, h)
	}
}
