package fund

import (
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Owes reports whether a transfer of the kind makes the fund owe somebody. What
// an old ledger says was paid before this house kept the books.
func (k Kind) Owes() bool { return k == KindCommit || k == KindReimburse }

// Pay moves what is owed to what is paid.
func (b Book) Pay(s Stamp, amount money.Fen) (Transfer, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, err
	}
	if amount > b.Balances.Committed {
		return Transfer{}, errs.Refuse("fund.owed", "error.fund.not_owed", errs.Args{"fund": b.Name, "asked": amount, "owed": b.Balances.Committed}, "fund.remedy.reload")
	}
	return b.move(s, KindPay, Committed, Paid, amount), nil
}

// Recover takes back what was wrongly paid: the fund has it again.
func (b Book) Recover(s Stamp, amount money.Fen) (Transfer, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, err
	}
	if amount > b.Balances.Paid {
		return Transfer{}, errs.Refuse("fund.paid", "error.fund.not_paid", errs.Args{"fund": b.Name, "asked": amount, "paid": b.Balances.Paid}, "fund.remedy.reload")
	}
	return b.move(s, KindRecover, Paid, Available, amount), nil
}

// VoucherNo is the short number of a transfer: letters for its kind and the last
// eight characters of its id, which are random. It is made here and nowhere else,
// from the transfer's own kind, so that one transfer has one number on every page
// and paper.
func VoucherNo(kind Kind, transfer ident.ID) string {
	letter := map[Kind]string{KindDeposit: "D", KindReserve: "Y", KindRelease: "S", KindCommit: "C", KindReimburse: "B", KindMoveOut: "TO", KindMoveIn: "TI",
		KindReturn: "TR", KindHistoryDeposit: "HD", KindHistoryCommit: "HC", KindPay: "P", KindRecover: "Z", KindSpread: "L", KindReversal: "R"}[kind]
	id := transfer.String()
	return letter + "-" + strings.ToUpper(id[len(id)-8:])
}
