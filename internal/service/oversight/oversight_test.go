package oversight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

type watch struct {
	*servicetest.World
	s    *oversight.Service
	care *care.Service
}

func newWatch(t *testing.T) *watch {
	w := servicetest.New(t)
	return &watch{w, oversight.New(oversight.Deps{DB: w.DB, Policy: w.Policy}), care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})}
}

// Who opened a case is answered with everybody who did, also for the audit
// administrator, who may not open it; and the question is itself in the log.
func TestWhoSawACaseIsAnsweredWithEverybody(t *testing.T) {
	w := newWatch(t)
	c := w.Case(servicetest.Mountain, procedure.Joint, "向云禾")
	ctx := t.Context()
	for range 3 {
		if _, err := w.care.Case(ctx, w.Registrar(servicetest.Mountain), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.care.Patient(ctx, w.Doctor(servicetest.Mountain), c.Person); err != nil {
		t.Fatal(err)
	}
	stranger := w.Registrar(servicetest.MountainTwo)
	if _, err := w.care.Case(ctx, stranger, c.ID); !errs.Is(err, errs.NotFound) {
		t.Fatal(err)
	}
	w.Do(stranger, func(tx *store.Tx) error { // as the door records it
		tx.Audit(audit.Event{Action: audit.AccessRefuse, ObjectID: c.ID, Outcome: audit.Refused, Reason: "error.case.missing"})
		return nil
	})
	for name, who := range map[string]user.Principal{"auditor": w.Auditor(), "audit administrator": w.AuditAdmin()} {
		id, err := w.s.FindCase(ctx, who, " "+strings.ToLower(c.No)+" ")
		if err != nil || id != c.ID {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := w.s.WhoSaw(ctx, who, c.ID)
		if err != nil || got.No != c.No {
			t.Fatalf("%s: %v", name, err)
		}
		seen := map[ident.ID]oversight.Reader{}
		for _, r := range got.Readers {
			seen[r.Account] = r
		}
		reg, doc, out := seen[w.Registrar(servicetest.Mountain).AccountID], seen[w.Doctor(servicetest.Mountain).AccountID], seen[stranger.AccountID]
		if reg.Times != 3 || doc.Times != 1 || doc.Acts[0].Action != audit.PersonRead || out.Refused != 1 || len(out.Acts) != 0 {
			t.Errorf("%s sees %+v", name, got.Readers)
		}
		if n := w.Count(`select count(*) from audit_event where action = 'audit.read' and object_id = $1 and actor_id = $2`, c.ID, who.AccountID); n != 1 {
			t.Errorf("the question of the %s stands %d times in the log", name, n)
		}
	}
	for name, who := range map[string]user.Principal{"registrar": w.Registrar(servicetest.Mountain), "official": w.Official(), "system administrator": w.SystemAdmin(), "other auditor": w.Other.Auditor()} {
		if _, err := w.s.WhoSaw(ctx, who, c.ID); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever watches one fund reads what was done to that fund, whatever is asked.
func TestAFundsAuditorReadsTheLogOfTheFundOnly(t *testing.T) {
	w := newWatch(t)
	mine, other := w.Fund(1_000_000), w.Fund(2_000_000)
	who := w.FundAuditor(mine.ID)
	for name, q := range map[string]oversight.LogQuery{"everything": {}, "another fund": {Object: other.ID}, "a person": {Actor: w.Approver().AccountID}} {
		got, err := w.s.Log(t.Context(), who, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got.Rows {
			if e.ObjectID != mine.ID {
				t.Errorf("%s: %s of %s", name, e.Action, e.ObjectID)
			}
		}
	}
	c := w.Case(servicetest.Mountain, procedure.Joint, "向云禾")
	if _, err := w.s.WhoSaw(t.Context(), who, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("a case the fund reserved nothing for: %v", err)
	}
}

func TestTheLogIsPagedAndCutAtADay(t *testing.T) {
	w := newWatch(t)
	c := w.Case(servicetest.Mountain, procedure.Joint, "向云禾")
	for range 4 {
		if _, err := w.care.Case(t.Context(), w.Registrar(servicetest.Mountain), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	first, err := w.s.Log(t.Context(), w.Auditor(), oversight.LogQuery{Actor: w.Registrar(servicetest.Mountain).AccountID, Page: page.Request{Size: 3}})
	if err != nil || len(first.Rows) != 3 || first.Next == "" {
		t.Fatalf("%d rows, %v", len(first.Rows), err)
	}
	rest, err := w.s.Log(t.Context(), w.Auditor(), oversight.LogQuery{Actor: w.Registrar(servicetest.Mountain).AccountID, Page: page.Request{Size: 3, After: first.Next}})
	if err != nil || len(rest.Rows) == 0 || rest.Rows[0].ID == first.Rows[2].ID {
		t.Errorf("the second page: %d rows, %v", len(rest.Rows), err)
	}
	old, err := w.s.Log(t.Context(), w.Auditor(), oversight.LogQuery{Until: w.Today().AddDays(-1)})
	if err != nil || len(old.Rows) != 0 {
		t.Errorf("the day before everything: %d rows, %v", len(old.Rows), err)
	}
	if today, err := w.s.Log(t.Context(), w.Auditor(), oversight.LogQuery{Until: w.Today()}); err != nil || len(today.Rows) == 0 {
		t.Errorf("today: %v", err)
	}
}

// One anchor a day, each naming the one before and what was received since.
func TestAnAnchorADayNamesWhatCameBefore(t *testing.T) {
	w := newWatch(t)
	ctx, place := t.Context(), w.Partnership.ID
	first, made, err := w.s.Daily(ctx, place)
	if err != nil || !made {
		t.Fatal(err)
	}
	if _, again, err := w.s.Daily(ctx, place); err != nil || again {
		t.Fatalf("a second one on the same day: %v", err)
	}
	file, keys := foreign(t)
	got, err := w.s.Receive(ctx, w.Auditor(), oversight.Offer{Text: file, Keys: keys, Origin: "白沙市卫健委"})
	if err != nil || !got.Kept || got.Own {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, err := w.s.Receive(ctx, w.Auditor(), oversight.Offer{Text: file, Keys: keys, Origin: "白沙市卫健委"}); err != nil || again.Kept {
		t.Errorf("the same once more: %+v, %v", again, err)
	}
	w.Clock.Advance(24 * time.Hour)
	second, made, err := w.s.Daily(ctx, place)
	if err != nil || !made {
		t.Fatal(err)
	}
	a, err := audit.ParseAnchor(first.Text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.ParseAnchor(second.Text)
	if err != nil {
		t.Fatal(err)
	}
	received, err := audit.ParseAnchor(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(b.Previous) != string(a.Digest()) || len(b.Held) != 1 || string(b.Held[0]) != string(received.Digest()) || len(a.Held) != 0 {
		t.Errorf("the second anchor:\n%s", second.Text)
	}
	list, held, err := w.s.Anchors(ctx, w.Auditor(), page.Request{})
	if err != nil || len(list.Rows) != 2 || len(held) != 1 || held[0].Origin != "白沙市卫健委" {
		t.Fatalf("%d own, %d held, %v", len(list.Rows), len(held), err)
	}
	back, err := w.s.FetchHeld(ctx, w.Auditor(), held[0].ID)
	if err != nil || back.Text != file {
		t.Errorf("what was kept is not given back: %v", err)
	}
	mine, err := w.s.Fetch(ctx, w.Auditor(), list.Rows[0].ID)
	if err != nil || mine.Text != second.Text {
		t.Errorf("the own one: %v", err)
	}
	if _, err := w.s.Fetch(ctx, w.Other.Auditor(), list.Rows[0].ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the other partnership's auditor: %v", err)
	}
}

func TestAForgedOrForeignAnchorIsToldApart(t *testing.T) {
	w := newWatch(t)
	ctx := t.Context()
	file, keys := foreign(t)
	_, others := foreign(t)
	own, err := w.s.Make(ctx, w.Partnership.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		in  oversight.Offer
		key string
	}{
		"no anchor":             {oversight.Offer{Text: "hello"}, "error.anchor.unreadable"},
		"without keys":          {oversight.Offer{Text: file}, "error.anchor.foreign"},
		"keys that are none":    {oversight.Offer{Text: file, Keys: "x"}, "error.cli.public_key"},
		"keys of a third":       {oversight.Offer{Text: file, Keys: others, Origin: "x"}, "error.anchor.forged"},
		"changed on the way":    {oversight.Offer{Text: strings.Replace(file, "made 2026", "made 2025", 1), Keys: keys, Origin: "x"}, "error.anchor.forged"},
		"an own one, changed":   {oversight.Offer{Text: strings.Replace(own.Text, "made 2026", "made 2025", 1), Keys: keys, Origin: "x"}, "error.anchor.forged"},
		"nobody said from whom": {oversight.Offer{Text: file, Keys: keys}, "form.error.missing"},
	} {
		_, err := w.s.Receive(ctx, w.Auditor(), x.in)
		if f := errs.Of(err).Fields; len(f) != 1 || f[0].Key != x.key {
			t.Errorf("%s: %v, want %s", name, err, x.key)
		}
	}
	if got, err := w.s.Receive(ctx, w.Auditor(), oversight.Offer{Text: own.Text}); err != nil || !got.Own || got.Report.Fault != nil || got.Report.Anchors == 0 {
		t.Errorf("an own one: %+v, %v", got, err)
	}
	if _, err := w.s.Receive(ctx, w.Other.Auditor(), oversight.Offer{Text: own.Text}); err == nil {
		t.Error("an anchor of another partnership was compared with this one")
	}
	w.Exec(`begin; set local session_replication_role = replica; delete from audit_link where partnership_id = '` + w.Partnership.ID.String() + `' and seq = 1;
		delete from audit_head where partnership_id = '` + w.Partnership.ID.String() + `'; commit`)
	if got, err := w.s.Receive(ctx, w.Auditor(), oversight.Offer{Text: own.Text}); err != nil || got.Report.Fault == nil {
		t.Errorf("after the log was cut: %+v, %v", got, err)
	}
	for name, who := range map[string]user.Principal{"registrar": w.Registrar(servicetest.Mountain), "official": w.Official()} {
		if _, err := w.s.Receive(ctx, who, oversight.Offer{Text: own.Text}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.s.Verify(ctx, w.Auditor(), w.Partnership.ID, nil); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the command's proof by a person: %v", err)
	}
	if r, err := w.s.Verify(ctx, authz.System("test"), ident.Nil, nil); err != nil || r.Fault != nil {
		t.Errorf("the platform's log: %+v, %v", r, err)
	}
}

// foreign is an anchor of another installation, and its public keys.
func foreign(t *testing.T) (file, keys string) {
	t.Helper()
	ring, err := seal.Create(t.TempDir(), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	a := audit.SignedAnchor{Anchor: audit.Anchor{Partnership: ident.New(), At: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)}}
	signature, err := ring.Sign(audit.AnchorPurpose, a.Message())
	if err != nil {
		t.Fatal(err)
	}
	a.Key, a.Signature = signature.Key, signature.Bytes
	public, err := ring.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	return a.File(), public.Text()
}
