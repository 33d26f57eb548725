package servicetest

import (
	"fmt"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// CitizenNumber is a good identity number of nobody: the region 500199 was never
// given out. Birth is yymmdd in the twentieth century; an odd serial is a man.
func CitizenNumber(birth string, serial int) string {
	return patient.UpgradeNumber(fmt.Sprintf("500199%s%03d", birth, serial%1000))
}
