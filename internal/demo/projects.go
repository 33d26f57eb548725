package demo

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// purse is a fund with the deposits of the last year, each given for a project, and
// what each case has of them.
type purse struct {
	portions []fund.Portion
	held     map[ident.ID]money.Fen              // by approval
	drawn    map[ident.ID]map[ident.ID]money.Fen // by approval and deposit
}

// projects are the library of the demonstration, one for each pool.
func projects() []store.FundProject {
	one := func(n, code, name, unit string, source fund.SourceKind, planned money.Fen) store.FundProject {
		return store.FundProject{ID: id("project/" + n), Project: fund.Project{Code: code, Name: name, Source: source, Planned: planned, Unit: unit,
			State: fund.ProjectDraft, Planner: accountID("approver")}}
	}
	return []store.FundProject{
		one(string(procedure.Joint), "XM-01", "关节置换救助项目（示例）", "东西部协作办公室", fund.DonorFiscal, 200*money.Wan),
		one(string(procedure.Cataract), "XM-02", "白内障复明项目（示例）", "县卫生健康局", fund.Enterprise, 10*money.Wan),
		one(string(procedure.Coronary), "XM-03", "冠脉介入救助项目（示例）", "县卫生健康局", fund.Donation, 20*money.Wan)}
}

// purseOf plays the deposits of projects beside the ledger, by the rules of the
// domain: a deposit of the last twelve months belongs to its pool's project.
func (m *maker) purseOf(b, next fund.Book, t fund.Transfer, p posting) error {
	if m.purses == nil {
		m.purses = map[ident.ID]*purse{}
	}
	w := m.purses[b.Fund]
	if w == nil { // the first transfer of the fund
		w = &purse{held: map[ident.ID]money.Fen{}, drawn: map[ident.ID]map[ident.ID]money.Fen{}}
		m.purses[b.Fund] = w
	}
	change := next.Balances.Available - b.Balances.Available
	if t.Kind == fund.KindDeposit && t.EffectiveOn.After(m.today.AddMonths(-12)) {
		i := slices.IndexFunc(pools(), func(x pool) bool { return fundID(string(x.programme)) == b.Fund })
		programme := pools()[i].programme
		e := fund.Earmark{Kind: fund.Pool, Programme: programme, To: t.EffectiveOn.AddMonths(12)}
		w.portions = append(w.portions, fund.Portion{ID: t.ID, Name: p.note, Earmark: e, Received: t.EffectiveOn, Left: change})
		m.gifts = append(m.gifts, store.FundDeposit{ID: t.ID, Fund: b.Fund, Project: projects()[i].ID, Note: p.note, Received: t.EffectiveOn, Amount: change, Earmark: e})
	}
	if p.r == nil || change == 0 {
		return nil
	}
	approval := p.r.approval.ID
	s := fund.Store{Fund: b.Fund, Name: b.Name, Common: b.Balances.Available, Portions: slices.Clone(w.portions)}
	for i := range s.Portions {
		s.Portions[i].Drawn = w.drawn[approval][s.Portions[i].ID]
		s.Common -= s.Portions[i].Left
	}
	w.held[approval] -= change
	draws := s.GiveBack(w.held[approval])
	if change < 0 {
		var err error
		if draws, err = s.Take(fund.Asked{Programme: p.r.t.Programme, Hospital: p.r.t.Hospital, On: t.EffectiveOn, Amount: -change}); err != nil {
			return err
		}
	}
	for _, d := range draws {
		i := slices.IndexFunc(w.portions, func(x fund.Portion) bool { return x.ID == d.Deposit })
		w.portions[i].Left -= d.Amount
		if w.drawn[approval] == nil {
			w.drawn[approval] = map[ident.ID]money.Fen{}
		}
		w.drawn[approval][d.Deposit] += d.Amount
		m.drawn = append(m.drawn, store.MadeDraw{Draw: d, ID: m.id("draw", len(m.drawn)), Fund: b.Fund, Transfer: t.ID, Approval: approval, Treatment: p.r.t.ID, Made: store.Made{At: p.at, By: accountID(p.by)}})
	}
	return nil
}

// library writes the projects with their plans approved, their deposits and what
// the deposits paid.
func (m *maker) library(tx *store.Tx) error {
	for _, p := range projects() {
		p.Year, p.ListedOn = m.today.Year(), m.today.AddMonths(-10)
		if err := tx.InsertProject(p); err != nil {
			return err
		}
		p.Version, p.State, p.Second = 1, fund.ProjectApproved, accountID("approver-2")
		if err := tx.SaveProject(p); err != nil {
			return err
		}
	}
	for _, d := range m.gifts {
		if err := tx.InsertDeposit(d); err != nil {
			return err
		}
	}
	return tx.WriteDraws(m.drawn)
}
