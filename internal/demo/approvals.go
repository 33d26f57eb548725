package demo

import (
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// decisions shows what approvals can come to: the first of two signatures, a
// declaration of relation, an approval whose facts changed while the patient is in
// care, and money that is to leave its purpose.
func (m *maker) decisions(tx *store.Tx) error {
	rules := fund.SampleRules()
	rules.Single = 20_000 * money.Yuan
	if err := tx.SaveFundingRules(rules); err != nil {
		return err
	}
	waiting, held := m.undecided()
	for i, r := range waiting {
		if err := m.half(tx, r, i); err != nil {
			return err
		}
	}
	for _, r := range held {
		if err := m.changed(tx, r); err != nil {
			return err
		}
	}
	if err := m.moveMoney(tx); err != nil {
		return err
	}
	faults, err := tx.CheckLedger()
	if err != nil {
		return err
	}
	return tx.SaveLedgerCheck(faults)
}

// undecided finds some requests that wait, and one approval of a patient in care.
func (m *maker) undecided() (waiting, held []*record) {
	for _, r := range m.stays {
		if r.approval == nil {
			continue
		}
		switch {
		case r.approval.State == fund.ApprovalRequested && len(waiting) < 3:
			waiting = append(waiting, r)
		case r.approval.State == fund.ApprovalApproved && r.t.Place.State == treatment.Admitted && len(held) < 1:
			held = append(held, r)
		}
	}
	return waiting, held
}

// half signs a waiting request once, or declares a relation to it.
func (m *maker) half(tx *store.Tx, r *record, n int) error {
	t, err := tx.TreatmentByID(r.t.ID)
	if err != nil {
		return err
	}
	s := store.Signature{Signature: fund.Signature{Account: accountID("approver-2"), Relation: fund.Related}, Opinion: "患者是我的亲戚（示例）"}
	if n > 0 {
		facts, err := tx.BoundFacts(t, tx.Today())
		if err != nil {
			return err
		}
		s = store.Signature{Signature: fund.Signature{Account: accountID("approver-2"), Relation: fund.Unrelated, Amount: r.approval.Requested, Digest: fund.Digest(facts)}, Facts: facts,
			Opinion: "材料齐全，同意（示例）"}
	}
	return tx.InsertSignature(r.approval.ID, t, s)
}

// changed signs an approval on a category that was corrected since, and lets the
// rules find it.
func (m *maker) changed(tx *store.Tx, r *record) error {
	t, err := tx.TreatmentByID(r.t.ID)
	if err != nil {
		return err
	}
	a, err := tx.ApprovalByID(r.approval.ID)
	if err != nil {
		return err
	}
	facts, err := tx.BoundFacts(t, tx.Today())
	if err != nil {
		return err
	}
	for i, f := range facts {
		if f.Name == fund.BoundCategory {
			facts[i].Value = f.Value[:2] + " 2020-01-01/2020-12-31"
		}
	}
	signed := fund.Signature{Account: a.DecidedBy, Relation: fund.Unrelated, Amount: a.Approved, Digest: fund.Digest(facts)}
	if err := tx.InsertSignature(a.ID, t, store.Signature{Signature: signed, Facts: facts, Opinion: a.Opinion}); err != nil {
		return err
	}
	a.Digest, a.SignedOn = signed.Digest, tx.Today()
	if err := tx.DecideApproval(a); err != nil {
		return err
	}
	return tx.LapseOfTreatment(t.ID)
}

// moveMoney asks for some money of one pool for another.
func (m *maker) moveMoney(tx *store.Tx) error {
	p := pools()
	return tx.InsertFundMove(store.FundMove{ID: m.id("fund move", 1), Move: fund.Move{Kind: fund.ReEarmark, From: fundID(string(p[0].programme)), To: fundID(string(p[1].programme)),
		Amount: money.Wan, Rule: "资金管理办法第九条（示例）", Reason: "光明行动患者增加（示例）", State: fund.MoveRequested}})
}
