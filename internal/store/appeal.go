package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Appeal is an appeal against a refusal. The person's facts are empty where they
// are not visible.
type Appeal struct {
	fund.Appeal
	ID        ident.ID
	Approval  ident.ID
	Hospital  ident.ID
	CreatedAt time.Time
	DecidedAt time.Time
	Version   int64

	By, Answerer string // display names
	CaseNo       string
	PersonName   string
	HospitalName string
	Requested    money.Fen
}

type appealRow struct {
	ID        ident.ID   `db:"id"`
	Approval  ident.ID   `db:"approval_id"`
	Hospital  ident.ID   `db:"hospital_id"`
	State     string     `db:"state"`
	Reason    string     `db:"reason"`
	DueOn     clock.Date `db:"due_on"`
	RefusedBy ident.ID   `db:"refused_by"`
	DecidedBy ident.ID   `db:"decided_by"`
	DecidedAt *time.Time `db:"decided_at"`
	Opinion   string     `db:"opinion"`
	CreatedAt time.Time  `db:"created_at"`
	CreatedBy ident.ID   `db:"created_by"`
	Version   int64      `db:"version"`

	By           string    `db:"by_name"`
	Decider      string    `db:"decider_name"`
	CaseNo       string    `db:"case_no"`
	Name         string    `db:"person_name"`
	HospitalName string    `db:"hospital_name"`
	Requested    money.Fen `db:"requested_fen"`
}

func (r appealRow) appeal() Appeal {
	a := Appeal{Appeal: fund.Appeal{State: fund.AppealState(r.State), Reason: r.Reason, DueOn: r.DueOn, Filer: r.CreatedBy, Refuser: r.RefusedBy, Decider: r.DecidedBy,
		Opinion: r.Opinion}, ID: r.ID, Approval: r.Approval, Hospital: r.Hospital, CreatedAt: r.CreatedAt.UTC(), Version: r.Version, By: r.By, Answerer: r.Decider,
		CaseNo: r.CaseNo, PersonName: r.Name, HospitalName: r.HospitalName, Requested: r.Requested}
	if r.DecidedAt != nil {
		a.DecidedAt = r.DecidedAt.UTC()
	}
	return a
}

const appealColumns = `x.id, x.approval_id, x.hospital_id, x.state, x.reason, x.due_on, x.refused_by, x.decided_by, x.decided_at, x.opinion, x.created_at, x.created_by, x.version,
	coalesce((select u.display_name from account u where u.id = x.created_by), '') as by_name,
	coalesce((select u.display_name from account u where u.id = x.decided_by), '') as decider_name,
	coalesce(c.case_no, '') as case_no, coalesce(p.name, '') as person_name, coalesce(a.requested_fen, 0) as requested_fen,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = x.hospital_id) as hospital_name`

const joinAppeal = ` left join (select a.partnership_id, a.id, a.case_id, a.requested_fen from approval a) a on a.partnership_id = x.partnership_id and a.id = x.approval_id
	left join (select c.partnership_id, c.id, c.case_no, c.person_id from casefile c) c on c.partnership_id = x.partnership_id and c.id = a.case_id
	left join (select p.partnership_id, p.id, p.name from person p) p on p.partnership_id = x.partnership_id and p.id = c.person_id `

// AppealsOf lists the appeals against the refusal of a request, the first first.
func (tx *Tx) AppealsOf(approval ident.ID) ([]Appeal, error) {
	var rows []appealRow
	err := tx.list(&rows, `select `+appealColumns+` from approval_appeal x`+joinAppeal+`where x.partnership_id = $1 and x.approval_id = $2
		order by x.created_at, x.id limit 50`, tx.Partnership(), approval)
	return items(rows, appealRow.appeal), err
}

// AppealByID reads one appeal.
func (tx *Tx) AppealByID(id ident.ID) (Appeal, error) {
	var r appealRow
	err := tx.get(&r, `select `+appealColumns+` from approval_appeal x`+joinAppeal+`where x.partnership_id = $1 and x.id = $2`, tx.Partnership(), id)
	return one(r.appeal(), err, "error.fund.appeal_missing")
}

// ListAppeals is a page of the appeals that wait, the one due first on top.
func (tx *Tx) ListAppeals(hospitals []ident.ID, req page.Request) (page.Result[Appeal], error) {
	due, id := clock.MustDate(1, 1, 1), ident.Nil
	if _, err := req.Cursor(&due, &id); err != nil {
		return page.Result[Appeal]{}, err
	}
	const waiting, order = `x.state = 'filed' and (x.due_on, x.id) > ($2, $3)`, ` order by x.due_on, x.id limit $4`
	args := []any{tx.Partnership(), due, id, req.Limit() + 1}
	query := `select ` + appealColumns + ` from approval_appeal x` + joinAppeal + `where x.partnership_id = $1 and ` + waiting + order
	if hospitals != nil {
		query = `select ` + appealColumns + ` from unnest($5::uuid[]) h cross join lateral (select x.* from approval_appeal x where x.partnership_id = $1
			and x.hospital_id = h and ` + waiting + order + `) x` + joinAppeal + order
		args = append(args, idArray(hospitals))
	}
	var rows []appealRow
	if err := tx.list(&rows, query, args...); err != nil {
		return page.Result[Appeal]{}, err
	}
	return page.Cut(req, items(rows, appealRow.appeal), func(a Appeal) []any { return []any{a.DueOn, a.ID} }), nil
}

// InsertAppeal files an appeal; who sees the treatment sees it.
func (tx *Tx) InsertAppeal(a Appeal, t Treatment) error {
	_, err := tx.exec(`insert into approval_appeal (partnership_id, id, approval_id, hospital_id, visible_to, state, reason, due_on, refused_by, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid[], 'filed', $6, $7, $8, $9, $10)`, tx.Partnership(), a.ID, a.Approval, t.Hospital, idArray(t.SeenBy()), a.Reason, a.DueOn, a.Refuser,
		tx.now, tx.who.AccountID)
	return err
}

// DecideAppeal stores the answer under the version that was read.
func (tx *Tx) DecideAppeal(a Appeal) error {
	return tx.update(`update approval_appeal set state = $4, decided_by = $5, decided_at = $6, opinion = $7, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), a.ID, a.Version, string(a.State), a.Decider, tx.now, a.Opinion)
}

// ReopenApproval puts a refused request back into the queue, as asked.
func (tx *Tx) ReopenApproval(a Approval) error {
	return tx.update(`update approval set state = 'requested', decided_by = null, decided_at = null, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and state = 'refused'`, tx.Partnership(), a.ID, a.Version)
}
