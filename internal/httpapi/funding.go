package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// pageOf reads the cursor and size of a list.
func pageOf(r *http.Request) page.Request {
	size, _ := strconv.Atoi(r.URL.Query().Get("size")) // not a number: the default size
	return page.Request{After: r.URL.Query().Get("after"), Size: size}
}

// fundLine is what one fund gives, in fen.
type fundLine struct {
	Fund   ident.ID  `json:"fund_id"`
	Amount money.Fen `json:"amount_fen"`
}

func linesOf(list []fundLine) []fee.FundLine {
	out := make([]fee.FundLine, len(list))
	for i, l := range list {
		out[i] = fee.FundLine{Fund: l.Fund, Amount: l.Amount}
	}
	return out
}

// voucherJSON is a transfer that was posted.
type voucherJSON struct {
	No     string    `json:"no"`
	Kind   fund.Kind `json:"kind"`
	Fund   ident.ID  `json:"fund_id"`
	Amount money.Fen `json:"amount_fen"`
}

func vouchersOf(list []funding.Voucher) []voucherJSON {
	out := make([]voucherJSON, len(list))
	for i, v := range list {
		out[i] = voucherJSON{No: v.No, Kind: v.Kind, Fund: v.Fund, Amount: v.Amount}
	}
	return out
}

// maybeID is an id that may be absent.
func maybeID(id ident.ID) *ident.ID {
	if id == ident.Nil {
		return nil
	}
	return &id
}

// maybeTime is an instant that may be absent.
func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// dayOrNil keeps an unknown day out of the answer's type.
func dayOrNil(d clock.Date) *clock.Date {
	if d.IsZero() {
		return nil
	}
	return &d
}
