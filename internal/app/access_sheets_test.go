package app

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sheets hands in an insurer's sheet that does not agree with a settlement.
func (p *premises) sheets(t store.Treatment) {
	p.T.Helper()
	desk := p.Finance(servicetest.Mountain)
	no := p.superText(`select case_no from casefile where id = $1`, t.Case)
	text := fmt.Sprintf("setl_id,case_no,medfee_sumamt,hifp_pay,psn_cash_pay\nS-1,%s,60000.00,19000.00,41000.00\n", no)
	sheet, err := p.app.Services.Funding.ReadSheet(p.T.Context(), desk, funding.SheetFile{Name: "s.csv", Content: []byte(text)}, "")
	must(p, "sheet", err)
	_, err = p.app.Services.Funding.ApplySheet(p.T.Context(), desk, sheet.ID, "")
	must(p, "apply", err)
	p.objects["sheets"], p.objects["differences"] = sheet.ID.String(), p.superText(`select id from insurer_difference limit 1`)
}
