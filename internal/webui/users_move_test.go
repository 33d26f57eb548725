package webui

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// Who takes over is found among all colleagues, not among those of one page.
func TestASuccessorIsFoundAmongAllColleagues(t *testing.T) {
	s := newSite(t)
	s.account("sys.chen", servicetest.Sea, user.Assignment{Role: user.SystemAdmin, ScopeKind: user.ScopePlatform})
	leaving := s.account("deng.zj", servicetest.Mountain)
	s.Exec(`insert into account (id, username, display_name, organisation_id, password_hash, password_changed_at, created_at)
		select gen_random_uuid(), 'zz.' || lpad(n::text, 3, '0'), '同事' || n, $1, 'none', now(), now() from generate_series(1, 230) n`, s.ID(servicetest.Mountain))
	b := s.browser()
	b.signIn("sys.chen")
	page := b.get("/users/" + leaving.String() + "/move")
	contains(t, "the choice", page, "同事1 zz.001", "同事230 zz.230")
	if strings.Contains(page.body, "deng.zj</option>") {
		t.Error("who leaves is offered as the successor")
	}
}
