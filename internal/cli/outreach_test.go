package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The command line is one of the two persons it takes to open what somebody kept.
func TestAFileOfUnsentFormsIsOpenedByTheCommandLineAndAnother(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	must(t, s.args("partnership", "create", "yl", "--name", "云岭澜港", "--receiving-region", "500199", "--receiving-name", "云岭区", "--donor-region", "379900", "--donor-name", "澜港市", "--opened", "2026-01-01")...)
	must(t, s.args("organisation", "create", "H1", "--name", "云岭区中医院", "--side", "receiving", "--from", "2026-01-01")...)
	place, err := s.app.PartnershipFor(t.Context(), "yl")
	if err != nil {
		t.Fatal(err)
	}
	hospital, err := s.app.OrganisationFor(t.Context(), "H1")
	if err != nil {
		t.Fatal(err)
	}
	admin := authz.System("administrator").In(place)
	p := servicetest.NewTelephone(ident.New(), hospital.ID)
	pass, err := s.app.Services.Screenings.Pass(t.Context(), admin, screening.PassInput{Box: p.Box, Hospital: p.Hospital})
	if err != nil {
		t.Fatal(err)
	}
	p.Keep(`{"screened_on":"今天","township":"石坪镇","village":"松岭村","name":"向云禾","sex":"female","birth":"68","programme":"joint","site":"knee","side":"L","triage":"OBSERVE","legal_basis":"statutory"}`)
	content := p.File(t, pass.Recovery)
	file := filepath.Join(t.TempDir(), "1.shanhai")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "--reason", s.args("outreach", "recover", file)...)
	refused(t, "编号", s.args("outreach", "release", "7")...)
	asked := must(t, s.args("outreach", "recover", file, "--reason", "账号停用")...)
	refused(t, "另一位", s.args("outreach", "release", strings.TrimSpace(asked.out))...)

	r, err := s.app.Services.Screenings.AskRecovery(t.Context(), admin, screening.AskInput{Content: content, Reason: "离职"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if l := must(t, s.args("outreach", "list")...).out; !strings.Contains(l, r.ID.String()) || strings.Count(l, "待打开") != 2 {
		t.Error(l)
	}
	if said := must(t, s.args("outreach", "release", r.ID.String())...).err; !strings.Contains(said, "新记入 1") {
		t.Error(said)
	}
	if said := must(t, s.args("outreach", "release", r.ID.String())...).err; !strings.Contains(said, "新记入 0，已有 1") {
		t.Error(said)
	}
}
