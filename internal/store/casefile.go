package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// CaseOpening is what it takes to open a case.
type CaseOpening struct {
	Person    ident.ID
	Hospital  ident.ID // becomes the home of the case
	Programme procedure.Programme
	On        clock.Date
	Diagnosis string
	Category  string // beneficiary category on the day, when known
}

// CaseItem is a case as it is stored, with what lists and heads of pages show.
type CaseItem struct {
	casefile.Case
	No          string
	State       casefile.State
	Diagnosis   string
	Category    string
	ClosureNote string
	OpenedBy    ident.ID
	OpenedAt    time.Time
	Version     int64

	PersonName string
	Sex        patient.Sex
	Birth      clock.Date
	Deceased   clock.Date
	HomeName   string
	SecondName string // of the hospital at which the other side is planned
}

type caseRow struct {
	ID             ident.ID   `db:"id"`
	No             string     `db:"case_no"`
	Person         ident.ID   `db:"person_id"`
	Programme      string     `db:"programme"`
	Home           ident.ID   `db:"home_hospital_id"`
	State          string     `db:"state"`
	OpenedOn       clock.Date `db:"opened_on"`
	ClosedOn       clock.Date `db:"closed_on"`
	Closure        string     `db:"closure"`
	ClosureNote    string     `db:"closure_note"`
	Diagnosis      string     `db:"diagnosis"`
	Category       string     `db:"category"`
	SecondSite     string     `db:"second_site"`
	SecondSide     string     `db:"second_side"`
	SecondHospital ident.ID   `db:"second_hospital_id"`
	SecondFrom     clock.Date `db:"second_from"`
	CreatedAt      time.Time  `db:"created_at"`
	CreatedBy      ident.ID   `db:"created_by"`
	Version        int64      `db:"version"`

	Name     string     `db:"person_name"`
	Sex      string     `db:"sex"`
	Birth    clock.Date `db:"birth_on"`
	Deceased clock.Date `db:"deceased_on"`
	HomeName string     `db:"home_name"`
	There    string     `db:"second_name"`
}

func (r caseRow) item() CaseItem {
	c := CaseItem{Case: casefile.Case{ID: r.ID, Person: r.Person, Programme: procedure.Programme(r.Programme), Home: r.Home, OpenedOn: r.OpenedOn,
		ClosedOn: r.ClosedOn, Closure: casefile.Closure(r.Closure)}, No: r.No, State: casefile.State(r.State), Diagnosis: r.Diagnosis,
		Category: r.Category, ClosureNote: r.ClosureNote, OpenedBy: r.CreatedBy, OpenedAt: r.CreatedAt.UTC(), Version: r.Version, PersonName: r.Name,
		Sex: patient.Sex(r.Sex), Birth: r.Birth, Deceased: r.Deceased, HomeName: r.HomeName, SecondName: r.There}
	if r.SecondSide != "" {
		c.Second = &casefile.SecondSide{Site: procedure.Site(r.SecondSite), Side: procedure.Side(r.SecondSide), Hospital: r.SecondHospital,
			From: r.SecondFrom}
	}
	return c
}

const caseOwnColumns = `c.id, c.case_no, c.person_id, c.programme, c.home_hospital_id, c.state, c.opened_on, c.closed_on, c.closure, c.closure_note,
	c.diagnosis, c.category, c.second_site, c.second_side, c.second_hospital_id, c.second_from, c.created_at, c.created_by, c.version,
	coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = c.second_hospital_id), '') as second_name`

const caseColumns = caseOwnColumns + `, p.name as person_name, p.sex, p.birth_on, p.deceased_on,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = c.home_hospital_id) as home_name`

const fromCase = ` from casefile c join person p on p.partnership_id = c.partnership_id and p.id = c.person_id `

// CaseByID reads one case the transaction may see.
func (tx *Tx) CaseByID(id ident.ID) (CaseItem, error) {
	var r caseRow
	err := tx.get(&r, `select `+caseColumns+fromCase+`where c.partnership_id = $1 and c.id = $2 and c.live`+seen("c"), tx.Partnership(), id)
	return one(r.item(), err, "error.case.missing")
}

// CaseSeenBy reads one case, and which of the hospitals take part in it, by
// name, in one question: the page of a case asks it at every view.
func (tx *Tx) CaseSeenBy(id ident.ID, hospitals []ident.ID) (CaseItem, map[ident.ID]string, error) {
	var r struct {
		caseRow
		Part string `db:"taking_part"`
	}
	err := tx.get(&r, `select `+caseColumns+`, coalesce((select jsonb_object_agg(o.id, o.name) from unnest($3::uuid[]) h join organisation o on o.id = h
			join case_participant k on k.partnership_id = c.partnership_id and k.hospital_id = h and k.opened_on = c.opened_on and k.case_id = c.id), '{}')::text as taking_part`+
		fromCase+`where c.partnership_id = $1 and c.id = $2 and c.live`+seen("c"), tx.Partnership(), id, idArray(hospitals))
	c, err := one(r.item(), err, "error.case.missing")
	if err != nil {
		return c, nil, err
	}
	part := map[ident.ID]string{}
	return c, part, json.Unmarshal([]byte(r.Part), &part)
}

// CaseForUpdate reads one case and holds it until the transaction ends.
func (tx *Tx) CaseForUpdate(id ident.ID) (CaseItem, error) {
	var r caseRow
	err := tx.get(&r, `select `+caseColumns+fromCase+`where c.partnership_id = $1 and c.id = $2 and c.live`+seen("c")+` for update of c`, tx.Partnership(), id)
	return one(r.item(), err, "error.case.missing")
}

// CaseByNo reads one case by the number people use.
func (tx *Tx) CaseByNo(no string) (CaseItem, error) {
	var r caseRow
	err := tx.get(&r, `select `+caseColumns+fromCase+`where c.partnership_id = $1 and c.case_no = $2 and c.live`+seen("c"), tx.Partnership(), no)
	return one(r.item(), err, "error.case.missing")
}

// samePerson finds a person and those merged with it, as rows same; $2 is the person.
// "case" and not "coalesce": the planner takes that for something that could tell what
// a row holds, and under row security keeps an index from such a condition.
const samePerson = ` from person p0 cross join lateral (
		select q.partnership_id, q.id, q.name, q.sex, q.birth_on, q.deceased_on from person q
		where q.partnership_id = p0.partnership_id and q.id = case when p0.root_id is null then p0.id else p0.root_id end
		union all select q.partnership_id, q.id, q.name, q.sex, q.birth_on, q.deceased_on from person q
		where q.partnership_id = p0.partnership_id and q.root_id = case when p0.root_id is null then p0.id else p0.root_id end) same `

// CasesOf lists the cases of a person, and of those merged with it, that the
// transaction may see, the latest first. Each person's are looked up by themselves:
// a plan made while the tables were empty would walk over all cases in their order
// and ask of each whether it is one of the person's.
func (tx *Tx) CasesOf(person ident.ID) ([]CaseItem, error) {
	var rows []caseRow
	err := tx.list(&rows, `select `+caseOwnColumns+`, same.name as person_name, same.sex, same.birth_on, same.deceased_on,
		(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = c.home_hospital_id) as home_name`+samePerson+`
		cross join lateral (select x.* from casefile x where x.partnership_id = same.partnership_id and x.person_id = same.id and x.live
			order by x.opened_on desc, x.id desc limit 100) c
		where p0.partnership_id = $1 and p0.id = $2 order by c.opened_on desc, c.id desc limit 100`, tx.Partnership(), person)
	return items(rows, caseRow.item), err
}

// OpenCase opens a case of a person at a hospital, with its number. A person has
// at most one open case in a programme, whichever hospital opened it.
func (tx *Tx) OpenCase(o CaseOpening) (CaseItem, error) {
	mine, err := tx.CasesOf(o.Person)
	if err != nil {
		return CaseItem{}, err
	}
	cases := items(mine, func(c CaseItem) casefile.Case { return c.Case })
	if err := casefile.CheckOpen(o.Hospital, o.Programme, cases); err != nil {
		return CaseItem{}, err
	}
	var elsewhere bool
	if err := tx.get(&elsewhere, `select open_case_exists($1, $2)`, o.Person, string(o.Programme)); err != nil {
		return CaseItem{}, err
	}
	if elsewhere { // not visible here: the domain says the same sentence for it
		open := casefile.Case{Person: o.Person, Programme: o.Programme}
		return CaseItem{}, casefile.CheckOpen(o.Hospital, o.Programme, []casefile.Case{open})
	}
	no, err := tx.nextCaseNo(o.Hospital, o.On.Year())
	if err != nil {
		return CaseItem{}, err
	}
	id := ident.New()
	_, err = tx.exec(`insert into casefile (partnership_id, id, case_no, person_id, programme, home_hospital_id, visible_to, state, opened_on,
		diagnosis, category, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7::uuid[], $8, $9, $10, $11, $12, $13)`,
		tx.Partnership(), id, no, o.Person, string(o.Programme), o.Hospital, idArray([]ident.ID{o.Hospital}), string(casefile.Registered), o.On,
		o.Diagnosis, o.Category, tx.now, tx.who.AccountID)
	if err != nil {
		return CaseItem{}, err
	}
	if err := tx.addParticipant(id, o.Hospital, o.On); err != nil {
		return CaseItem{}, err
	}
	return tx.CaseByID(id)
}

// nextCaseNo takes a number: partnership code, year, five digits. Gaps are allowed.
func (tx *Tx) nextCaseNo(hospital ident.ID, year int) (string, error) {
	var r struct {
		Code string `db:"code"`
		No   int    `db:"no"`
	}
	err := tx.get(&r, `select p.code, next_case_number($1, $2, $3) as no from partnership p where p.id = $1`, tx.Partnership(), hospital, year)
	return caseNo(r.Code, year, r.No), err
}

// caseNo is how a case number is written: SH-2026-00873.
func caseNo(partnership string, year, n int) string {
	return fmt.Sprintf("%s-%04d-%05d", partnership, year, n)
}

func (tx *Tx) addParticipant(id, hospital ident.ID, opened clock.Date) error {
	_, err := tx.exec(`insert into case_participant (partnership_id, hospital_id, opened_on, case_id) values ($1, $2, $3, $4) on conflict do nothing`,
		tx.Partnership(), hospital, opened, id)
	return err
}

// UpdateCase stores closure and plan of a case, under its version, and its
// derived state.
func (tx *Tx) UpdateCase(c CaseItem) error {
	states, err := tx.TreatmentStates(c.ID)
	if err != nil {
		return err
	}
	var second casefile.SecondSide
	if c.Second != nil {
		second = *c.Second
	}
	err = tx.update(`update casefile set closed_on = $4, closure = $5, closure_note = $6, diagnosis = $7, category = $8, state = $9,
		second_site = $10, second_side = $11, second_hospital_id = $12, second_from = $13, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), c.ID, c.Version, c.ClosedOn, string(c.Closure), c.ClosureNote,
		c.Diagnosis, c.Category, string(casefile.Derive(c.Case, states)), string(second.Site), string(second.Side), nullID(second.Hospital), second.From)
	if err != nil {
		return err
	}
	if err := tx.settleFollowUps(c.Person); err != nil {
		return err
	}
	return tx.deriveWait(c.ID)
}

// TreatmentStates lists the states of all treatments of a case, those at other
// hospitals included: states only, without a place.
func (tx *Tx) TreatmentStates(id ident.ID) ([]treatment.State, error) {
	var names []string
	err := tx.list(&names, `select s.state from case_treatment_states($1) s`, id)
	return items(names, func(s string) treatment.State { return treatment.State(s) }), err
}

// deriveCase stores the state that follows from the treatments. It does not
// count as a change of the case: nobody edited it.
func (tx *Tx) deriveCase(id ident.ID) error {
	var r struct {
		Closed clock.Date     `db:"closed_on"`
		Side   string         `db:"second_side"`
		State  string         `db:"state"`
		States pq.StringArray `db:"states"`
	}
	err := tx.get(&r, `select c.closed_on, c.second_side, c.state, array(select s.state from case_treatment_states($2) s) as states
		from casefile c where c.partnership_id = $1 and c.id = $2`, tx.Partnership(), id)
	if r, err = one(r, err, "error.case.missing"); err != nil {
		return err
	}
	c := casefile.Case{ClosedOn: r.Closed}
	if r.Side != "" {
		c.Second = &casefile.SecondSide{Side: procedure.Side(r.Side)}
	}
	next := casefile.Derive(c, items(r.States, func(s string) treatment.State { return treatment.State(s) }))
	if string(next) == r.State {
		return nil
	}
	_, err = tx.exec(`update casefile set state = $3 where partnership_id = $1 and id = $2`, tx.Partnership(), id, string(next))
	return err
}

// CaseFilter narrows the list of cases.
type CaseFilter struct {
	Hospitals []ident.ID // cases these take part in; nil is the whole partnership
	Programme procedure.Programme
	State     casefile.State
	From, To  clock.Date // opened in these days, both included
}

// ListCases is a page of cases, the latest opened first.
func (tx *Tx) ListCases(f CaseFilter, req page.Request) (page.Result[CaseItem], error) {
	on, id := clock.MustDate(9999, 12, 31), ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[CaseItem]{}, err
	}
	if !f.To.IsZero() && f.To.Before(on) {
		on, id = f.To, lastID
	}
	args := []any{tx.Partnership(), on, id, req.Limit() + 1, f.From, string(f.Programme), string(f.State)}
	const filter = ` and ($5::date is null or c.opened_on >= $5) and ($6 = '' or c.programme = $6) and ($7 = '' or c.state = $7) and c.live`
	query := `select ` + caseColumns + fromCase + `where c.partnership_id = $1 and (c.opened_on, c.id) < ($2, $3)` + filter +
		` order by c.opened_on desc, c.id desc limit $4`
	if f.Hospitals != nil {
		// One range of the participants' index per hospital; a case two of them
		// share is one row.
		query = `select ` + caseColumns + ` from (select distinct k.opened_on, k.case_id from unnest($8::uuid[]) h cross join lateral
			(select k.opened_on, k.case_id from case_participant k join casefile c on c.partnership_id = k.partnership_id and c.id = k.case_id
				where k.partnership_id = $1 and k.hospital_id = h and (k.opened_on, k.case_id) < ($2, $3)` + filter + `
				order by k.opened_on desc, k.case_id desc limit $4) k
			order by k.opened_on desc, k.case_id desc limit $4) k
			join casefile c on c.partnership_id = $1 and c.id = k.case_id
			join person p on p.partnership_id = c.partnership_id and p.id = c.person_id order by c.opened_on desc, c.id desc limit $4`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []caseRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[CaseItem]{}, err
	}
	return page.Cut(req, items(rows, caseRow.item), func(c CaseItem) []any { return []any{c.OpenedOn, c.ID} }), nil
}

// lastID is after every id of a day.
var lastID = ident.ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ReopenCase takes the closure back. The index still refuses a second open case
// that was opened meanwhile.
func (tx *Tx) ReopenCase(c CaseItem) (CaseItem, error) {
	mine, err := tx.CasesOf(c.Person)
	if err != nil {
		return c, err
	}
	var others []casefile.Case
	for _, o := range mine {
		if o.ID != c.ID {
			others = append(others, o.Case)
		}
	}
	if c.Case, err = casefile.Reopen(c.Case, others); err != nil {
		return c, err
	}
	c.ClosureNote = ""
	if err := tx.UpdateCase(c); err != nil {
		return c, err
	}
	return tx.CaseByID(c.ID)
}

// TakesPart reports whether a hospital takes part in a case the transaction may see.
func (tx *Tx) TakesPart(id, hospital ident.ID) (bool, error) {
	var yes bool
	err := tx.get(&yes, `select exists (select 1 from case_participant k join casefile c on c.partnership_id = k.partnership_id and c.id = k.case_id
		where k.partnership_id = $1 and k.hospital_id = $2 and k.opened_on = c.opened_on and k.case_id = $3)`, tx.Partnership(), hospital, id)
	return yes, err
}

// TakingPart tells which of the hospitals take part in a case, by name.
func (tx *Tx) TakingPart(id ident.ID, hospitals []ident.ID) (map[ident.ID]string, error) {
	var rows []struct {
		ID   ident.ID `db:"id"`
		Name string   `db:"name"`
	}
	err := tx.list(&rows, `select o.id, o.name from unnest($2::uuid[]) h join organisation o on o.id = h
		join casefile c on c.partnership_id = $1 and c.id = $3
		join case_participant k on k.partnership_id = $1 and k.hospital_id = h and k.opened_on = c.opened_on and k.case_id = c.id`,
		tx.Partnership(), idArray(hospitals), id)
	out := make(map[ident.ID]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

// PlaceIn is the first of the hospitals that takes part in a case: the one in
// whose name somebody of several hospitals writes there. Nil: none does.
func (tx *Tx) PlaceIn(id ident.ID, hospitals []ident.ID) (ident.ID, error) {
	part, err := tx.TakingPart(id, hospitals)
	for _, h := range hospitals {
		if _, ok := part[h]; ok {
			return h, err
		}
	}
	return ident.Nil, err
}

// SidesOf tells on which side of the partnership each organisation stands today.
// Pages of record ask on each view, so it reads no more than that.
func (tx *Tx) SidesOf() (map[ident.ID]user.Side, error) {
	var rows []struct {
		Organisation ident.ID `db:"organisation_id"`
		Side         string   `db:"side"`
	}
	err := tx.list(&rows, `select m.organisation_id, m.side from partnership_member m where m.partnership_id = $1 and m.from_on <= $2
		and (m.to_on is null or m.to_on >= $2) limit 1000`, tx.Partnership(), tx.Today())
	sides := make(map[ident.ID]user.Side, len(rows))
	for _, r := range rows {
		sides[r.Organisation] = user.Side(r.Side)
	}
	return sides, err
}
