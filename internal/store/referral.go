package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Referral is a request between two hospitals about a case. The case is empty
// for an asker who does not take part in it yet.
type Referral struct {
	referral.Referral
	ID        ident.ID
	Case      ident.ID
	Home      ident.ID // the hospital that owns the case
	Joiner    ident.ID // the hospital that comes in
	Reply     string
	DecidedAt time.Time
	CreatedAt time.Time
	CreatedBy ident.ID
	Version   int64

	CaseNo     string
	Programme  procedure.Programme
	Person     ident.ID
	PersonName string
	Sex        patient.Sex
	Birth      clock.Date
	HomeName   string
	JoinerName string
	AskedBy    string
}

type referralRow struct {
	ID        ident.ID   `db:"id"`
	Case      ident.ID   `db:"case_id"`
	Kind      string     `db:"kind"`
	Home      ident.ID   `db:"from_hospital_id"`
	Joiner    ident.ID   `db:"to_hospital_id"`
	State     string     `db:"state"`
	Emergency bool       `db:"emergency"`
	Reason    string     `db:"reason"`
	Reply     string     `db:"reply"`
	DecidedAt *time.Time `db:"decided_at"`
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy ident.ID   `db:"created_by"`
	Version   int64      `db:"version"`

	CaseNo     string     `db:"case_no"`
	Programme  string     `db:"programme"`
	Person     ident.ID   `db:"person_id"`
	Name       string     `db:"person_name"`
	Sex        string     `db:"sex"`
	Birth      clock.Date `db:"birth_on"`
	HomeName   string     `db:"home_name"`
	JoinerName string     `db:"joiner_name"`
	AskedBy    string     `db:"asked_by"`
}

// referral gives the stored row its parties: a join is asked for by the hospital
// that wants to come in, a referral by the one that owns the case.
func (r referralRow) referral() Referral {
	x := Referral{Referral: referral.Referral{Kind: referral.Kind(r.Kind), State: referral.State(r.State), From: r.Home, To: r.Joiner,
		Emergency: r.Emergency, Reason: r.Reason, SentOn: clock.DateOf(r.CreatedAt.In(clock.Shanghai))}, ID: r.ID, Case: r.Case, Home: r.Home,
		Joiner: r.Joiner, Reply: r.Reply, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Version: r.Version, CaseNo: r.CaseNo,
		Programme: procedure.Programme(r.Programme), Person: r.Person, PersonName: r.Name, Sex: patient.Sex(r.Sex), Birth: r.Birth,
		HomeName: r.HomeName, JoinerName: r.JoinerName, AskedBy: r.AskedBy}
	if x.Kind == referral.Join {
		x.From, x.To = r.Joiner, r.Home
	}
	if r.DecidedAt != nil {
		x.DecidedAt = r.DecidedAt.UTC()
	}
	return x
}

const referralColumns = `r.id, r.case_id, r.kind, r.from_hospital_id, r.to_hospital_id, r.state, r.emergency, r.reason, r.reply, r.decided_at,
	r.created_at, r.created_by, r.version, coalesce(c.case_no, '') as case_no, coalesce(c.programme, '') as programme, c.person_id,
	coalesce(p.name, '') as person_name, coalesce(p.sex, '') as sex, p.birth_on,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.from_hospital_id) as home_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = r.to_hospital_id) as joiner_name,
	coalesce((select a.display_name from account a where a.id = r.created_by), '') as asked_by`

const joinReferral = ` left join (select c.partnership_id, c.id, c.case_no, c.programme, c.person_id, c.home_hospital_id, c.closed_on from casefile c) c on c.partnership_id = r.partnership_id and c.id = r.case_id
	left join (select p.partnership_id, p.id, p.name, p.sex, p.birth_on, p.deceased_on from person p) p on p.partnership_id = c.partnership_id and p.id = c.person_id `

// ReferralForUpdate reads one request and holds it until the transaction ends.
func (tx *Tx) ReferralForUpdate(id ident.ID) (Referral, error) {
	var r referralRow
	err := tx.get(&r, `select `+referralColumns+` from referral r`+joinReferral+`where r.partnership_id = $1 and r.id = $2 for update of r`, tx.Partnership(), id)
	return one(r.referral(), err, "error.referral.missing")
}

// ReferralsOf lists the requests about a case, the latest first.
func (tx *Tx) ReferralsOf(caseID ident.ID) ([]Referral, error) {
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from referral r`+joinReferral+`where r.partnership_id = $1 and r.case_id = $2
		order by r.created_at desc, r.id limit 100`, tx.Partnership(), caseID)
	return items(rows, referralRow.referral), err
}

// referralLimit bounds an inbox; older requests stand on the page of their case.
const referralLimit = 100

// ReferralInbox lists what the cases of these homes were asked in the given
// states, the oldest first: those that wait longest come first.
func (tx *Tx) ReferralInbox(homes []ident.ID, states ...referral.State) ([]Referral, error) {
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from unnest($2::uuid[]) h cross join unnest($3::text[]) s cross join lateral
		(select r.* from referral r where r.partnership_id = $1 and r.from_hospital_id = h and r.state = s order by r.created_at, r.id limit $4) r`+joinReferral+`
		order by r.created_at, r.id limit $4`, tx.Partnership(), idArray(homes), referralStates(states), referralLimit)
	return items(rows, referralRow.referral), err
}

// ReferralOutbox lists what these hospitals asked of others in the given states,
// the latest first.
func (tx *Tx) ReferralOutbox(joiners []ident.ID, states ...referral.State) ([]Referral, error) {
	var rows []referralRow
	err := tx.list(&rows, `select `+referralColumns+` from unnest($2::uuid[]) h cross join unnest($3::text[]) s cross join lateral
		(select r.* from referral r where r.partnership_id = $1 and r.to_hospital_id = h and r.state = s order by r.created_at desc, r.id desc limit $4) r`+joinReferral+`
		order by r.created_at desc, r.id desc limit $4`, tx.Partnership(), idArray(joiners), referralStates(states), referralLimit)
	return items(rows, referralRow.referral), err
}

func referralStates(states []referral.State) any {
	return textArray(items(states, func(s referral.State) string { return string(s) }))
}

// UpdateReferral stores a decision under the request's version. An accepted one
// opens the case to the hospital that comes in.
func (tx *Tx) UpdateReferral(r Referral) error {
	err := tx.update(`update referral set state = $4, reply = $5, decided_by = $6, decided_at = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, string(r.State), r.Reply, tx.who.AccountID, tx.now)
	if err != nil || r.State != referral.Accepted {
		return err
	}
	_, err = tx.exec(`select participate($1)`, r.ID)
	return err
}

// CasePartners are the hospitals a case is open to today through a referral.
func (tx *Tx) CasePartners(id ident.ID) ([]ident.ID, error) {
	var ids []ident.ID
	err := tx.list(&ids, `select x.hospital_id from case_partners($1, $2) x`, id, tx.Today())
	return ids, err
}
