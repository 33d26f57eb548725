package webui

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// Of two doctors who note what was taken out, the second sees what the first
// noted and keeps what was typed; the same for a line that is taken back.
func TestExplantsAreNotedOnThePageAsItIsNow(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	c := s.operatedKnee("苗砚秋", 9)
	operation := b.get("/cases/"+c.ID.String()).link(t, "/operations/")
	at, page := operation+"/explants", operation+"/explants/new"
	first, second := b.get(page), b.get(page)
	want(t, "the first", b.submit(first, at, "role", "INSERT", "note", "磨损"), http.StatusSeeOther, operation)
	want(t, "the first again", b.submit(first, at, "role", "INSERT", "note", "磨损"), http.StatusSeeOther, operation)
	late := b.submit(second, at, "role", "PATELLA", "note", "松动")
	contains(t, "the second", late, "本页显示的是它现在的内容", "磨损", `value="松动"`)
	if n := s.Count(`select count(*) from explant where live`); n != 1 {
		t.Errorf("%d lines", n)
	}
	old := b.get(page)
	want(t, "saving on the page as it is now", b.submit(late, at, "role", "PATELLA", "note", "松动"), http.StatusSeeOther, operation)
	back := old.link(t, at+"/")
	contains(t, "taking back on an old page", b.submit(old, back), "本页显示的是它现在的内容", "磨损", "松动")
	want(t, "taking back", b.submit(b.get(page), back), http.StatusSeeOther, page)
	if n := s.Count(`select count(*) from explant where live`); n != 1 {
		t.Errorf("%d lines after one was taken back", n)
	}
}
