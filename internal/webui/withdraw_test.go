package webui

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// twice sends one page two times, as an impatient finger does, and once more
// under another key.
func (b *browser) twice(page answer, path, to string) {
	t := b.s.t
	t.Helper()
	want(t, "the first time", b.submit(page, path, "reason", "录错了"), http.StatusSeeOther, to)
	want(t, "the second time", b.submit(page, path, "reason", "录错了"), http.StatusSeeOther, to)
	if got := b.submit(page, path, "reason", "另一个理由"); got.status != http.StatusNotFound {
		t.Errorf("another request under its key: %d", got.status)
	}
	if got := b.post(path, "_key", "another", "version", hidden(t, page, "version"), "reason", "录错了"); got.status != http.StatusNotFound {
		t.Errorf("another key: %d", got.status)
	}
}

func TestAReadingWithdrawnTwiceAnswersTheSame(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	at := "/cases/" + s.Case(servicetest.Mountain, procedure.Cataract, "向明远").ID.String() + "/acuity"
	want(t, "a reading", b.submit(b.get(at), at, "side", "L", "taken_on", s.Today().String(), "value", "4.5", "correction", string(acuity.Presenting)), http.StatusSeeOther, at)
	path := regexp.MustCompile(at + `/[0-9a-f-]{36}/withdraw[a-z]*`).FindString(b.get(at).body)
	b.twice(b.get(path), path, at)
}

func TestAComplicationWithdrawnTwiceAnswersTheSame(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	c := s.operatedKnee("苗砚秋", 9)
	operation := b.get("/cases/"+c.ID.String()).link(t, "/operations/")
	form := operation + "/complications/new"
	want(t, "a complication", b.submit(b.get(form), operation+"/complications", "type", "DVT", "grade", "clavien_dindo:II", "onset_on", s.Today().String(), "related", string(complication.RelatedYes), "outcome", string(complication.Ongoing)), http.StatusSeeOther, operation)
	own := regexp.MustCompile(operation + `/complications/[0-9a-f-]{36}`).FindString(b.get(operation).body)
	b.twice(b.get(own+"/withdrawal"), own+"/withdrawal", operation)
}

func TestAScreeningWithdrawnTwiceAnswersTheSame(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Screener, servicetest.Mountain)
	if got := b.post("/screenings", s.villager(servicetest.Mountain)...); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	path := regexp.MustCompile(`/screenings/[0-9a-f-]{36}`).FindString(b.get("/screenings").body) + "/withdrawal"
	b.twice(b.get(path), path, "/screenings")
}
