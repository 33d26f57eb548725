package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestEveryKindOfTransferHasANumberOfItsOwn(t *testing.T) {
	id, seen := ident.New(), map[string]bool{}
	for _, k := range fund.Kinds() {
		no := fund.VoucherNo(k, id)
		if seen[no] || no[0] == '-' {
			t.Errorf("%s has the number %s", k, no)
		}
		seen[no] = true
	}
}
