package demo

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sheets shows what the insurer sends: a sheet that was applied and left two
// differences a person has to look at, and one that was only read.
func (m *maker) sheets(tx *store.Tx) error {
	settled, waiting := map[string][]*record{}, map[string][]*record{}
	for _, r := range m.stays {
		code := hospitalCode(r.t.Hospital)
		switch {
		case r.settlement != nil && !r.settlement.SettledOn.After(m.today.AddDays(-3)):
			settled[code] = append(settled[code], r)
		case r.t.Place.State == treatment.Discharged:
			waiting[code] = append(waiting[code], r)
		}
	}
	for _, list := range settled {
		slices.SortStableFunc(list, func(a, b *record) int { return b.settlement.SettledOn.Compare(a.settlement.SettledOn) })
	}
	if err := m.applied(tx, "ylzy", settled["ylzy"][:6]); err != nil {
		return err
	}
	rows := []store.SheetRow{}
	for _, r := range waiting["ylrm"] {
		rows = append(rows, m.sheetRow(len(rows), r, store.ActSettle))
	}
	rows = append(rows, m.sheetRow(len(rows), settled["ylrm"][0], store.ActCompare), store.SheetRow{ID: m.next(), No: len(rows) + 3, Number: "示例-JS-9001", Amounts: insurer.Amounts{},
		Problems: []insurer.Problem{{Column: insurer.AdmissionNo, Key: "error.insurer.no_stay"}}, Act: store.ActNone, State: store.RowWrong})
	return m.handIn(tx, "ylrm", rows, store.SheetPreviewed)
}

func (m *maker) handIn(tx *store.Tx, code string, rows []store.SheetRow, state store.SheetState) error {
	sum := sha256.Sum256([]byte(code))
	b := store.Sheet{ID: id("insurer sheet/" + code), Hospital: byCode(code).id(), File: "医保结算清单（示例）.xlsx", Digest: sum[:], State: state, Total: len(rows),
		CreatedAt: at(m.today.AddDays(-2)), CreatedBy: accountID("finance-" + code)}
	for _, r := range rows {
		if r.State == store.RowWrong {
			b.Wrong++
		}
	}
	return tx.InsertSheet(b, rows)
}

// applied is a sheet that was set beside settlements; two of them were typed
// otherwise.
func (m *maker) applied(tx *store.Tx, code string, list []*record) error {
	var rows []store.SheetRow
	for i, r := range list {
		rows = append(rows, m.sheetRow(i, r, store.ActCompare))
		if i == 1 || i == 4 {
			less := money.Fen(i) * 120 * money.Yuan
			rows[i].Amounts[insurer.Basic] -= less
			rows[i].Amounts[insurer.Cash] += less
		}
	}
	if err := m.handIn(tx, code, rows, store.SheetPreviewed); err != nil {
		return err
	}
	b, err := tx.SheetByID(id("insurer sheet/" + code))
	if err != nil {
		return err
	}
	for i, row := range rows {
		st := list[i].settlement
		row.State, row.Settlement = store.RowApplied, st.ID
		if err := tx.SaveSheetRow(row); err != nil {
			return err
		}
		lines := insurer.Compare(row.Amounts, nil, &st.Settlement.Settlement)
		if !insurer.Differs(lines) {
			continue
		}
		if err := tx.InsertDifference(store.Difference{ID: m.next(), Hospital: b.Hospital, Kind: store.FromSheet, Row: row.ID, Treatment: st.Treatment, Settlement: st.ID, Lines: lines}); err != nil {
			return err
		}
	}
	b.State, b.Done = store.SheetApplied, len(rows)
	return tx.SaveSheet(b)
}

// sheetRow is what the insurer says of a stay: what was settled.
func (m *maker) sheetRow(n int, r *record, act store.RowAct) store.SheetRow {
	basic, critical, assistance := r.bill.layers()
	x := store.SheetRow{ID: m.next(), No: n + 2, Number: fmt.Sprintf("示例-JS-%04d", m.made%10000), Treatment: r.t.ID, SettledOn: m.today.AddDays(-4), Act: act, State: store.RowReady,
		Amounts: insurer.Amounts{insurer.Bill: r.bill.bill(), insurer.Scope: r.bill.bill() * 9 / 10, insurer.Deductible: 300 * money.Yuan, insurer.Basic: basic, insurer.Critical: critical, insurer.Assistance: assistance, insurer.Cash: r.bill.bill() - r.bill.insurance}}
	if r.settlement != nil {
		x.SettledOn = r.settlement.SettledOn
	}
	return x
}
