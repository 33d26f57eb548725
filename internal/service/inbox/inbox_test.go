package inbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const mountain = servicetest.Mountain

func open(t *testing.T) (*servicetest.World, *inbox.Service) {
	w := servicetest.New(t)
	return w, inbox.New(inbox.Deps{DB: w.DB, Policy: w.Policy})
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tell leaves a message for somebody from the approver.
func tell(w *servicetest.World, to user.Principal, note string) {
	w.Do(w.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.Tell(message.Message{To: to.AccountID, Kind: message.ApprovalReturned, Object: message.Approval, About: ident.New(), CaseNo: "SH-2026-1", Note: note})
	})
}

func TestAMessageIsForOneAccountAndIsReadOnce(t *testing.T) {
	w, s := open(t)
	finance, other := w.Finance(mountain), w.Registrar(mountain)
	tell(w, finance, "低保证已过期")
	list := must[inbox.List](t)(s.Messages(t.Context(), finance, true, page.Request{}))
	if len(list.Rows) != 1 || list.Unread != 1 || list.Rows[0].Note != "低保证已过期" || list.Rows[0].From == "" {
		t.Fatalf("the applicant has %+v", list)
	}
	id := list.Rows[0].ID
	if got := must[inbox.List](t)(s.Messages(t.Context(), other, false, page.Request{})); len(got.Rows) != 0 {
		t.Errorf("somebody else reads it: %+v", got.Rows)
	}
	if _, err := s.Open(t.Context(), other, id); !errs.Is(err, errs.NotFound) {
		t.Errorf("somebody else opens it: %v", err)
	}
	if n, err := s.Mark(t.Context(), other, []ident.ID{id}, true); n != 0 || err != nil {
		t.Errorf("somebody else marks it: %d, %v", n, err)
	}
	if _, err := s.Open(t.Context(), w.Other.Finance(mountain), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("another partnership opens it: %v", err)
	}
	m := must[inbox.Message](t)(s.Open(t.Context(), finance, id))
	if want := "/approvals/" + m.About.String(); inbox.Path(m.Message) != want {
		t.Errorf("it leads to %s, want %s", inbox.Path(m.Message), want)
	}
	if g := must[inbox.Glance](t)(s.Glance(t.Context(), finance)); g.Unread != 0 {
		t.Errorf("%d unread after reading", g.Unread)
	}
	if n := must[int64](t)(s.Mark(t.Context(), finance, []ident.ID{id}, false)); n != 1 {
		t.Errorf("undo put %d back", n)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'message.read' and outcome = 'ok'`); n != 3 {
		t.Errorf("%d readings in the trail, want the stranger's empty one, the opening and its undo", n)
	}
}

func TestNobodyIsToldWhatTheyDidThemselves(t *testing.T) {
	w, s := open(t)
	tell(w, w.Approver(), "")
	w.Do(w.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.Tell(message.Message{To: ident.New(), Kind: message.ApprovalApproved, Object: message.Approval, About: ident.New()}) // a job's
	})
	if g := must[inbox.Glance](t)(s.Glance(t.Context(), w.Approver())); g.Unread != 0 {
		t.Errorf("told oneself %d messages", g.Unread)
	}
}

func draft(name string) inbox.Draft {
	return inbox.Draft{Form: "/patients/register#form", Title: "登记患者和病例", Back: "/patients/register", Values: map[string][]string{"name": {name}, "doc_number": {"500199195804070028"}}}
}

func TestADraftIsSealedAndTheAccountsOwn(t *testing.T) {
	w, s := open(t)
	one, other := w.Registrar(mountain), w.Finance(mountain)
	if err := s.SaveDraft(t.Context(), one, draft("向云禾")); err != nil {
		t.Fatal(err)
	}
	second := draft("向云禾二")
	second.Back = "" // from an answer to the form: where it stands is known already
	if err := s.SaveDraft(t.Context(), one, second); err != nil {
		t.Fatal(err)
	}
	d, ok, err := s.Draft(t.Context(), one, second.Form)
	if err != nil || !ok || d.Values["name"][0] != "向云禾二" || d.Back != "/patients/register" {
		t.Fatalf("%+v, %v, %v", d, ok, err)
	}
	if n := w.Count(`select count(*) from form_draft`); n != 1 {
		t.Errorf("%d drafts of one form", n)
	}
	if n := w.Count(`select count(*) from form_draft where position('500199'::bytea in body_sealed) > 0 or position(convert_to('向云禾', 'UTF8') in body_sealed) > 0`); n != 0 {
		t.Error("the draft lies open in the database")
	}
	if _, ok, _ := s.Draft(t.Context(), other, second.Form); ok {
		t.Error("somebody else reads the draft")
	}
	if err := s.ForgetDraft(t.Context(), other, second.Form); err != nil || w.Count(`select count(*) from form_draft`) != 1 {
		t.Errorf("somebody else removed it: %v", err)
	}
	if err := s.ForgetDraft(t.Context(), one, second.Form); err != nil || w.Count(`select count(*) from form_draft`) != 0 {
		t.Errorf("the form was sent and its draft stays: %v", err)
	}
}

func TestADraftThrownAwayCanBeTakenBackForAWhile(t *testing.T) {
	w, s := open(t)
	who, form := w.Registrar(mountain), draft("").Form
	if err := s.SaveDraft(t.Context(), who, draft("向云禾")); err != nil {
		t.Fatal(err)
	}
	drop := func(back bool) bool {
		t.Helper()
		return must[bool](t)(s.DropDraft(t.Context(), who, form, back))
	}
	if !drop(false) || drop(false) {
		t.Error("thrown away twice, or not at all")
	}
	if _, ok, _ := s.Draft(t.Context(), who, form); ok {
		t.Error("it is still offered")
	}
	if !drop(true) {
		t.Error("it cannot be taken back")
	}
	drop(false)
	w.Clock.Advance(11 * time.Minute)
	if drop(true) {
		t.Error("taken back after its time")
	}
}

func TestDraftsExpireAndStayFew(t *testing.T) {
	w, s := open(t)
	who := w.Registrar(mountain)
	for i := range 24 {
		d := draft("x")
		d.Form = "/patients/" + strings.Repeat("i", i+1) + "#form"
		if err := s.SaveDraft(t.Context(), who, d); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Second)
	}
	if n := w.Count(`select count(*) from form_draft`); n != 20 {
		t.Errorf("%d drafts of one account", n)
	}
	w.Clock.Advance(8 * 24 * time.Hour)
	if g := must[inbox.Glance](t)(s.Glance(t.Context(), who)); len(g.Drafts) != 0 {
		t.Errorf("%d drafts after a week", len(g.Drafts))
	}
	w.Do(w.System(), func(tx *store.Tx) error { _, err := tx.ForgetDrafts(); return err })
	if n := w.Count(`select count(*) from form_draft`); n != 0 {
		t.Errorf("upkeep left %d", n)
	}
}

func TestOddDraftsAreRefused(t *testing.T) {
	w, s := open(t)
	for what, change := range map[string]func(*inbox.Draft){
		"leads away":       func(d *inbox.Draft) { d.Back = "https://elsewhere.example/" },
		"leads away twice": func(d *inbox.Draft) { d.Back = "//elsewhere.example/" },
		"no form":          func(d *inbox.Draft) { d.Form = "" },
		"too long":         func(d *inbox.Draft) { d.Values["note"] = []string{strings.Repeat("长", 30_000)} },
	} {
		d := draft("向云禾")
		change(&d)
		if err := s.SaveDraft(t.Context(), w.Registrar(mountain), d); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
