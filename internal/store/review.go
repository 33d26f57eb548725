package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Review is one thing the programme office decides about who is who.
type Review struct {
	ID        ident.ID
	Kind      string // one of the Review constants
	PersonID  ident.ID
	OtherID   ident.ID // nil when the question is about one person
	Hospital  ident.ID
	Reason    string
	Verdict   string // why it was decided so
	State     string
	CreatedAt time.Time
	DecidedAt time.Time // zero while open
	Version   int
}

// The kinds and states of reviews.
const (
	ReviewNumberInUse = "number_in_use" // a verified number was given for somebody else
	ReviewDuplicate   = "duplicate"     // two people of different hospitals look like one
	ReviewOverride    = "override"      // registered in spite of a warning
	ReviewOpen        = "open"
	ReviewMerged      = "merged"
	ReviewDistinct    = "distinct"
)

// ReviewItem is a review with the two people it is about.
type ReviewItem struct {
	Review
	HospitalName string
	ByName       string // who raised it
	DeciderName  string
	Person       ReviewPerson
	Other        ReviewPerson
}

// ReviewPerson is what the office sees of a person to decide.
type ReviewPerson struct {
	ID        ident.ID
	RootID    ident.ID
	Name      string
	Sex       patient.Sex
	Birth     clock.Date
	DocKind   patient.DocumentKind
	DocLast4  string
	Verified  bool
	Villages  string
	Hospitals string
}

type reviewPersonRow struct {
	ID        ident.ID   `db:"id"`
	RootID    ident.ID   `db:"root_id"`
	Name      string     `db:"name"`
	Sex       string     `db:"sex"`
	Birth     clock.Date `db:"birth_on"`
	DocKind   string     `db:"doc_kind"`
	DocLast4  string     `db:"doc_last4"`
	Verified  bool       `db:"doc_verified"`
	Villages  string     `db:"villages"`
	Hospitals string     `db:"hospitals"`
}

func (r reviewPersonRow) person() ReviewPerson {
	return ReviewPerson{r.ID, r.RootID, r.Name, patient.Sex(r.Sex), r.Birth, patient.DocumentKind(r.DocKind), r.DocLast4, r.Verified, r.Villages, r.Hospitals}
}

type reviewRow struct {
	ID           ident.ID   `db:"id"`
	Kind         string     `db:"kind"`
	PersonID     ident.ID   `db:"person_id"`
	OtherID      ident.ID   `db:"other_person_id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Reason       string     `db:"reason"`
	Verdict      string     `db:"verdict_reason"`
	State        string     `db:"state"`
	CreatedAt    time.Time  `db:"created_at"`
	DecidedAt    *time.Time `db:"decided_at"`
	Version      int        `db:"version"`
	HospitalName string     `db:"hospital_name"`
	ByName       string     `db:"by_name"`
	DeciderName  string     `db:"decider_name"`
}

func (r reviewRow) item() ReviewItem {
	v := ReviewItem{Review: Review{ID: r.ID, Kind: r.Kind, PersonID: r.PersonID, OtherID: r.OtherID, Hospital: r.Hospital, Reason: r.Reason,
		Verdict: r.Verdict, State: r.State, CreatedAt: r.CreatedAt.UTC(), Version: r.Version}, HospitalName: r.HospitalName, ByName: r.ByName, DeciderName: r.DeciderName}
	if r.DecidedAt != nil {
		v.DecidedAt = r.DecidedAt.UTC()
	}
	return v
}

const selectReview = `select i.id, i.kind, i.person_id, i.other_person_id, i.hospital_id, i.reason, i.verdict_reason, i.state, i.created_at, i.decided_at, i.version,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = i.hospital_id) as hospital_name,
	coalesce((select a.display_name from account a where a.id = i.created_by), '') as by_name,
	coalesce((select a.display_name from account a where a.id = i.decided_by), '') as decider_name from review_item i `

const selectReviewPeople = `select p.id, p.root_id, p.name, p.sex, p.birth_on, coalesce(d.kind, 'none') as doc_kind, coalesce(d.last4, '') as doc_last4,
	coalesce(d.verified, false) as doc_verified,
	coalesce((select string_agg(distinct nullif(concat_ws(' ', nullif(r.township, ''), nullif(r.village, '')), ''), ', ') from registration r
		where r.partnership_id = $1 and r.person_id = p.id), '') as villages,
	coalesce((select string_agg(distinct coalesce(nullif(o.short_name, ''), o.name), ', ') from registration r join organisation o on o.id = r.hospital_id
		where r.partnership_id = $1 and r.person_id = p.id), '') as hospitals
	from unnest($2::uuid[]) k join person p on p.partnership_id = $1 and p.id = k
	left join lateral (select x.kind, x.last4, x.verified from person_document x where x.partnership_id = $1 and x.person_id = p.id
		order by x.verified desc, x.created_at limit 1) d on true`

// InsertReview puts a question to the office.
func (tx *Tx) InsertReview(r Review) error {
	_, err := tx.exec(`insert into review_item (partnership_id, id, kind, person_id, other_person_id, hospital_id, reason, state, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)`, tx.Partnership(), r.ID, r.Kind, r.PersonID, nullID(r.OtherID), r.Hospital, r.Reason,
		tx.now, tx.who.AccountID)
	return err
}

// ReviewByID reads one review with its people, and keeps it from being decided
// twice.
func (tx *Tx) ReviewByID(id ident.ID) (ReviewItem, error) {
	var r reviewRow
	err := tx.get(&r, selectReview+`where i.partnership_id = $1 and i.id = $2 for no key update of i`, tx.Partnership(), id)
	if err != nil {
		return one(ReviewItem{}, err, "error.review.missing")
	}
	list := []ReviewItem{r.item()}
	err = tx.withPeople(list)
	return list[0], err
}

// ListReviews is a page of the office's queue in one state, the oldest first
// while open, the latest first when decided.
func (tx *Tx) ListReviews(state string, req page.Request) (page.Result[ReviewItem], error) {
	var rows []reviewRow
	var err error
	if state == ReviewOpen {
		at, id := time.Time{}, ident.Nil
		if _, err := req.Cursor(&at, &id); err != nil {
			return page.Result[ReviewItem]{}, err
		}
		err = tx.list(&rows, selectReview+`where i.partnership_id = $1 and i.state = $2 and (i.created_at, i.id) > ($3, $4)
			order by i.created_at, i.id limit $5`, tx.Partnership(), state, at, id, req.Limit()+1)
	} else {
		at, id := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ident.Nil
		if _, err := req.Cursor(&at, &id); err != nil {
			return page.Result[ReviewItem]{}, err
		}
		err = tx.list(&rows, selectReview+`where i.partnership_id = $1 and i.state = $2 and (i.created_at, i.id) < ($3, $4)
			order by i.created_at desc, i.id desc limit $5`, tx.Partnership(), state, at, id, req.Limit()+1)
	}
	if err != nil {
		return page.Result[ReviewItem]{}, err
	}
	cut := page.Cut(req, items(rows, reviewRow.item), func(r ReviewItem) []any { return []any{r.CreatedAt, r.ID} })
	return cut, tx.withPeople(cut.Rows)
}

// CountReviews counts the open questions, up to a hundred.
func (tx *Tx) CountReviews() (int, error) {
	var n int
	err := tx.get(&n, `select count(*) from (select 1 from review_item i where i.partnership_id = $1 and i.state = 'open' limit 100) i`, tx.Partnership())
	return n, err
}

// withPeople fills in the people of several reviews in one query.
func (tx *Tx) withPeople(list []ReviewItem) error {
	var ids []ident.ID
	for _, r := range list {
		ids = append(ids, r.PersonID)
		if r.OtherID != ident.Nil {
			ids = append(ids, r.OtherID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []reviewPersonRow
	if err := tx.list(&rows, selectReviewPeople, tx.Partnership(), idArray(ids)); err != nil {
		return err
	}
	by := map[ident.ID]ReviewPerson{}
	for _, r := range rows {
		by[r.ID] = r.person()
	}
	for i := range list {
		list[i].Person, list[i].Other = by[list[i].PersonID], by[list[i].OtherID]
	}
	return nil
}

// DecideReview closes a question with its reason, or opens it again.
func (tx *Tx) DecideReview(r Review, state, reason string) error {
	by, at := &tx.who.AccountID, &tx.now
	if state == ReviewOpen {
		by, at = nil, nil
	}
	return tx.update(`update review_item set state = $4, decided_by = $5, decided_at = $6, verdict_reason = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, state, by, at, reason)
}

// Held is one thing on record of a person, for comparing two records. What is
// registration, case, operation or bill.
type Held struct {
	Person ident.ID   `db:"person_id"`
	What   string     `db:"what"`
	On     clock.Date `db:"on_day"`
	Place  string     `db:"place"`
	Code   string     `db:"code"` // programme, kind of operation
	Side   string     `db:"side"`
	No     string     `db:"no"`
	Open   bool       `db:"open"`
	Amount money.Fen  `db:"amount_fen"`
}

// heldLimit bounds what is compared of two records.
const heldLimit = 200

// HeldOf lists what stands on record of people, each on its own: merging does
// not move anything.
func (tx *Tx) HeldOf(people ...ident.ID) ([]Held, error) {
	var rows []Held
	err := tx.list(&rows, `select h.person_id, h.what, h.on_day, h.code, h.side, h.no, h.open, h.amount_fen,
			coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = h.hospital_id), '') as place
		from unnest($2::uuid[]) p cross join lateral (
			select r.person_id, 'registration' as what, r.registered_on as on_day, r.hospital_id, '' as code, '' as side, r.slip_code as no, r.live as open, 0::bigint as amount_fen
				from registration r where r.partnership_id = $1 and r.person_id = p and r.live
			union all select c.person_id, 'case', c.opened_on, c.home_hospital_id, c.programme, '', c.case_no, c.closed_on is null, 0
				from casefile c where c.partnership_id = $1 and c.person_id = p and c.live
			union all select o.person_id, 'operation', o.operated_on, o.hospital_id, o.kind, o.side, '', false, 0
				from procedure o where o.partnership_id = $1 and o.person_id = p and o.live
			union all select t.person_id, 'bill', s.settled_on, s.hospital_id, s.programme, '', '', false, s.fund_fen + s.waiver_fen
				from casefile c join treatment t on t.partnership_id = $1 and t.case_id = c.id join settlement s on s.partnership_id = $1 and s.treatment_id = t.id
				where c.partnership_id = $1 and c.person_id = p and s.state = 'settled'
			limit $3) h order by h.person_id, h.what, h.on_day`, tx.Partnership(), idArray(people), heldLimit)
	return rows, err
}

// JoinRequest asks the home hospital of a person's open case to let a hospital
// join it; an emergency joins at once. The answer is the state of the request,
// empty when there is no open case.
func (tx *Tx) JoinRequest(j Join) (state string, err error) {
	err = tx.get(&state, `select join_request($1, $2, $3, $4, $5, $6, $7, $8)`, j.ID, j.PersonID, j.Programme, j.HospitalID, j.Reason, j.Emergency,
		tx.now, tx.who.AccountID)
	if err != nil || state != string(referral.Sent) {
		return state, err
	}
	clocks, err := tx.ReferralClocks()
	if err != nil {
		return state, err
	}
	due := referral.ClockOf(items(clocks, ReferralClock.Clock), referral.Routine).Due(referral.Referral{State: referral.Sent}, tx.Today())
	_, err = tx.exec(`update referral set due_on = $3 where partnership_id = $1 and id = $2`, tx.Partnership(), j.ID, due)
	return state, err
}

// Join asks to take part in a case opened elsewhere.
type Join struct {
	ID         ident.ID
	PersonID   ident.ID
	Programme  string
	HospitalID ident.ID
	Reason     string
	Emergency  bool
}

// InsertReviews puts several questions to the office in one statement.
func (tx *Tx) InsertReviews(list []Review) error {
	if len(list) == 0 {
		return nil
	}
	var q strings.Builder
	q.WriteString(`insert into review_item (partnership_id, created_at, created_by, state, id, kind, person_id, other_person_id, hospital_id, reason) values `)
	args := []any{tx.Partnership(), tx.now, tx.who.AccountID}
	for i, r := range list {
		if i > 0 {
			q.WriteString(", ")
		}
		n := len(args)
		fmt.Fprintf(&q, "($1, $2, $3, 'open', $%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6)
		args = append(args, r.ID, r.Kind, r.PersonID, nullID(r.OtherID), r.Hospital, r.Reason)
	}
	return tx.once(q.String(), args...)
}
