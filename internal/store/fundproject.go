package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// FundProject is a project of the library with its figures: what came in for it,
// what of that paid cases or is held for them, and what is left.
type FundProject struct {
	fund.Project
	ID       ident.ID
	ListedOn clock.Date
	Version  int64

	PlannerName, SecondName string
	ApprovedAt              time.Time

	Received  money.Fen
	Left      money.Fen
	Held      money.Fen
	Committed money.Fen
	Times     int // person-times paid for, at least in part
}

// Used is what is not left any more.
func (p FundProject) Used() money.Fen { return p.Received - p.Left }

// Moved is what was given back; only of one project.
func (p FundProject) Moved() money.Fen { return p.Received - p.Left - p.Held - p.Committed }

type projectRow struct {
	ID       ident.ID   `db:"id"`
	Code     string     `db:"code"`
	Name     string     `db:"name"`
	Year     int        `db:"year"`
	Source   string     `db:"source"`
	Planned  money.Fen  `db:"planned_fen"`
	Unit     string     `db:"unit"`
	ListedOn clock.Date `db:"listed_on"`
	State    string     `db:"state"`
	Planner  ident.ID   `db:"planned_by"`
	Second   ident.ID   `db:"approved_by"`
	At       *time.Time `db:"approved_at"`
	Version  int64      `db:"version"`

	PlannerName string `db:"planner_name"`
	SecondName  string `db:"second_name"`

	Received  money.Fen `db:"received_fen"`
	Left      money.Fen `db:"left_fen"`
	Held      money.Fen `db:"held_fen"`
	Committed money.Fen `db:"committed_fen"`
	Times     int       `db:"times"`
}

func (r projectRow) project() FundProject {
	p := FundProject{Project: fund.Project{Code: r.Code, Name: r.Name, Year: r.Year, Source: fund.SourceKind(r.Source), Planned: r.Planned, Unit: r.Unit,
		State: fund.ProjectState(r.State), Planner: r.Planner, Second: r.Second}, ID: r.ID, ListedOn: r.ListedOn, Version: r.Version, PlannerName: r.PlannerName,
		SecondName: r.SecondName, Received: r.Received, Left: r.Left, Held: r.Held, Committed: r.Committed, Times: r.Times}
	if r.At != nil {
		p.ApprovedAt = r.At.UTC()
	}
	return p
}

// projectColumns: a deposit that was taken back as wrong never came in, and what was
// carried over into another fund came in once.
const projectColumns = `select p.id, p.code, p.name, p.year, p.source, p.planned_fen, p.unit, p.listed_on, p.state, p.planned_by, p.approved_by, p.approved_at, p.version,
	coalesce((select u.display_name from account u where u.id = p.planned_by), '') as planner_name,
	coalesce((select u.display_name from account u where u.id = p.approved_by), '') as second_name,
	b.received_fen, b.left_fen`

const projectMoney = ` from fund_project p cross join lateral (select coalesce(sum(d.amount_fen) filter (where t.kind = 'deposit'), 0)::bigint as received_fen,
		coalesce(sum(d.left_fen), 0)::bigint as left_fen
		from fund_deposit d join ledger_transfer t on t.partnership_id = d.partnership_id and t.id = d.id where d.partnership_id = p.partnership_id and d.project_id = p.id
		and ($2 or d.fund_id in (select unnest($3::uuid[])))
		and not exists (select 1 from ledger_transfer r where r.partnership_id = d.partnership_id and r.reverses_id = d.id)) b `

// projectSeen: who sees some funds only sees the projects whose money came into them.
const projectSeen = `($2 or exists (select 1 from fund_deposit d where d.partnership_id = p.partnership_id and d.project_id = p.id and d.fund_id in (select unnest($3::uuid[])))) `

// projectCases: a case counts once it is paid, in full or in part; what it has while
// the hold is open is held.
const projectCases = `cross join lateral (select coalesce(sum(w.amount) filter (where w.open), 0)::bigint as held_fen, coalesce(sum(w.amount) filter (where not w.open), 0)::bigint as committed_fen,
		count(distinct w.treatment_id) filter (where not w.open) as times
	from (select x.treatment_id, sum(x.amount_fen) as amount, coalesce((select l.hold = 'open' from approval_line l
			where l.partnership_id = p.partnership_id and l.approval_id = x.approval_id and l.fund_id = x.fund_id), false) as open
		from fund_deposit d join deposit_draw x on x.partnership_id = d.partnership_id and x.deposit_id = d.id and x.approval_id is not null
		where d.partnership_id = p.partnership_id and d.project_id = p.id and ($2 or d.fund_id in (select unnest($3::uuid[]))) group by x.treatment_id, x.approval_id, x.fund_id having sum(x.amount_fen) > 0) w) c `

// ProjectByID reads a project with its figures, of some funds or (nil) of all.
func (tx *Tx) ProjectByID(id ident.ID, funds []ident.ID) (FundProject, error) {
	var r projectRow
	err := tx.get(&r, projectColumns+`, c.held_fen, c.committed_fen, c.times`+projectMoney+projectCases+`where p.partnership_id = $1 and `+projectSeen+`and p.id = $4`, tx.Partnership(), funds == nil, idArray(funds), id)
	return one(r.project(), err, "error.fund.project_missing")
}

// ListProjects is a page of the library, the latest year first. What paid cases is
// told apart from what is held on the page of one project.
func (tx *Tx) ListProjects(funds []ident.ID, req page.Request) (page.Result[FundProject], error) {
	year, id := 9999, lastID
	if _, err := req.Cursor(&year, &id); err != nil {
		return page.Result[FundProject]{}, err
	}
	var rows []projectRow
	err := tx.list(&rows, projectColumns+projectMoney+`where p.partnership_id = $1 and `+projectSeen+`and (p.year, p.id) < ($4, $5) order by p.year desc, p.id desc limit $6`,
		tx.Partnership(), funds == nil, idArray(funds), year, id, req.Limit()+1)
	if err != nil {
		return page.Result[FundProject]{}, err
	}
	return page.Cut(req, items(rows, projectRow.project), func(p FundProject) []any { return []any{p.Year, p.ID} }), nil
}

// OpenProjects lists the projects money may come in for.
func (tx *Tx) OpenProjects() ([]FundProject, error) {
	var rows []projectRow
	err := tx.list(&rows, `select p.id, p.code, p.name, p.year, p.source, p.state from fund_project p where p.partnership_id = $1 and p.state = 'approved'
		order by p.year desc, p.id desc limit 200`, tx.Partnership())
	return items(rows, projectRow.project), err
}

// InsertProject lists a project.
func (tx *Tx) InsertProject(p FundProject) error {
	_, err := tx.exec(`insert into fund_project (partnership_id, id, code, name, year, source, planned_fen, unit, listed_on, state, planned_by, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, tx.Partnership(), p.ID, p.Code, p.Name, p.Year, string(p.Source), p.Planned, p.Unit, p.ListedOn,
		string(p.State), p.Planner, tx.now, tx.who.AccountID)
	return err
}

// SaveProject stores a project under the version that was read.
func (tx *Tx) SaveProject(p FundProject) error {
	return tx.update(`update fund_project set code = $4, name = $5, year = $6, source = $7, planned_fen = $8, unit = $9, state = $10, planned_by = $11, approved_by = $12::uuid,
		approved_at = case when $12::uuid is null then null else coalesce(approved_at, $13) end, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), p.ID, p.Version, p.Code, p.Name, p.Year, string(p.Source), p.Planned, p.Unit,
		string(p.State), p.Planner, nullID(p.Second), tx.now)
}
