package funding

import "github.com/shanhai-health/shanhai/internal/store"

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Appeal           = store.Appeal
	Approval         = store.Approval
	ApprovalLine     = store.ApprovalLine
	Drawn            = store.Drawn
	Fund             = store.Fund
	FundDeposit      = store.FundDeposit
	PaidDeposit      = store.PaidDeposit
	FundProject      = store.FundProject
	Hold             = store.Hold
	FundMove         = store.FundMove
	FundItem         = store.FundItem
	LedgerCheck      = store.LedgerCheck
	LedgerFault      = store.LedgerFault
	LedgerLine       = store.LedgerLine
	Neighbours       = store.Neighbours
	Paper            = store.Paper
	Sheet            = store.Sheet
	SheetRow         = store.SheetRow
	SheetState       = store.SheetState
	RowState         = store.RowState
	Difference       = store.Difference
	DifferenceState  = store.DifferenceState
	Settlement       = store.Settlement
	SettlementFilter = store.SettlementFilter
	SettlementLine   = store.SettlementLine
	Signature        = store.Signature
	SettlementState  = store.SettlementState
	Treatment        = store.Treatment
	Reading          = store.Reading
	Objection        = store.Objection
)

// The states of a settlement.
const (
	StateSettled  = store.Settled
	StateReversed = store.SettlementReversed
)
