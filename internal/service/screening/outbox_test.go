package screening_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/jpeg"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	service "github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// boxes is a good form as the browser keeps it.
func boxes(name string, change ...string) string {
	v := map[string]string{"screened_on": "今天", "township": "石坪镇", "village": "松岭村", "name": name, "sex": "female", "birth": "68", "programme": "joint", "site": "knee",
		"side": "L", "pain": "6", "triage": "SURGERY_ADVISED", "answer": "WILLING", "legal_basis": "statutory", "doc_number": "", "phone": ""}
	for i := 0; i+1 < len(change); i += 2 {
		v[change[i]] = change[i+1]
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

func (d *table) receive(forms ...service.Sent) []service.Answer {
	d.t.Helper()
	got, err := d.Receive(d.t.Context(), d.Screener(here), service.ReceiveInput{Hospital: d.ID(here), Forms: forms})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func TestAFormThatWasKeptIsAnsweredWithTheDigestOfWhatArrived(t *testing.T) {
	d := open(t)
	forms := []service.Sent{{ID: ident.New(), Body: boxes("向云禾")}, {ID: ident.New(), Body: boxes("冉听雪", "side", "", "birth", "老")}, {ID: ident.New(), Body: `["not", "boxes"]`}}
	got := d.receive(forms...)
	for i, want := range []service.Outcome{service.Created, service.Refused, service.Refused} {
		sum := sha256.Sum256([]byte(forms[i].Body))
		if got[i].ID != forms[i].ID || got[i].Outcome != want || got[i].Digest != hex.EncodeToString(sum[:]) {
			t.Errorf("form %d: %+v", i, got[i])
		}
	}
	if !got[1].Fields.Has("side") || !got[1].Fields.Has("birth") {
		t.Errorf("not everything that is wrong is named: %v", got[1].Fields)
	}
	for range 3 { // the answer was lost, and again
		if again := d.receive(forms...); again[0].Outcome != service.Repeated {
			t.Errorf("again: %+v", again[0])
		}
	}
	if n := d.Count(`select count(*) from screening`); n != 1 {
		t.Errorf("%d screenings", n)
	}
}

func TestAnotherContentUnderTheIDIsShownBesideWhatStands(t *testing.T) {
	d := open(t)
	id := ident.New()
	d.receive(service.Sent{ID: id, Body: boxes("向云禾")})
	got := d.receive(service.Sent{ID: id, Body: boxes("向云禾", "side", "R")})[0]
	if got.Outcome != service.Refused || got.Have == nil || got.Have.Finding.Joint.Side != "L" || got.Record.Finding.Joint.Side != "R" {
		t.Errorf("%+v", got)
	}
	if n := d.Count(`select count(*) from screening`); n != 1 {
		t.Errorf("%d screenings", n)
	}
	elsewhere, err := d.Receive(t.Context(), d.Screener(near), service.ReceiveInput{Hospital: d.ID(near), Forms: []service.Sent{{ID: id, Body: boxes("向云禾")}}})
	if err != nil || elsewhere[0].Outcome != service.Refused || elsewhere[0].Have != nil {
		t.Errorf("another hospital is shown what stands here: %+v %v", elsewhere, err)
	}
}

// telephone is a browser with a store of its own, and the pass it was given.
type telephone struct {
	*servicetest.Telephone
	pass service.Pass
}

func (d *table) telephone(who user.Principal, at servicetest.Place) *telephone {
	d.t.Helper()
	p := &telephone{Telephone: servicetest.NewTelephone(who.AccountID, d.ID(at))}
	var err error
	if p.pass, err = d.Pass(d.t.Context(), who, service.PassInput{Box: p.Box, Hospital: p.Hospital}); err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (p *telephone) file(t *testing.T) []byte {
	t.Helper()
	return p.File(t, p.pass.Recovery)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte{0xFF, 0xE1, 0, 12}, "Exif\x00\x00GPS!"...)
	return bytes.Join([][]byte{b.Bytes()[:2], exif, b.Bytes()[2:]}, nil)
}

func TestAPassIsForWhoMayScreenThere(t *testing.T) {
	d := open(t)
	ask := func(who user.Principal, at servicetest.Place) error {
		_, err := d.Pass(t.Context(), who, service.PassInput{Box: ident.New(), Hospital: d.ID(at)})
		return err
	}
	if err := ask(d.Screener(here), near); !errs.Is(err, errs.Forbidden) {
		t.Errorf("another hospital: %v", err)
	}
	if err := ask(d.Finance(here), here); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance: %v", err)
	}
	p := d.telephone(d.Screener(here), here)
	again, err := d.Pass(t.Context(), d.Screener(here), service.PassInput{Box: p.Box, Hospital: p.Hospital, Number: p.pass.Number})
	if err != nil || !bytes.Equal(again.Key, p.pass.Key) || !bytes.Equal(again.Recovery.Public, p.pass.Recovery.Public) {
		t.Errorf("after the next sign-in the store does not open: %v", err)
	}
	other, err := d.Pass(t.Context(), d.Registrar(here), service.PassInput{Box: p.Box, Hospital: p.Hospital, Number: p.pass.Number})
	if err != nil || bytes.Equal(other.Key, p.pass.Key) {
		t.Errorf("another account opens the store: %v", err)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'outbox.open'`); n != 3 {
		t.Errorf("%d events", n)
	}
	if n := d.Count(`select count(*) from outreach_key`); n != 1 {
		t.Errorf("%d keys of the hospital", n)
	}
}

func TestAFileIsHandedOverOnceByItsOwner(t *testing.T) {
	d := open(t)
	who := d.Screener(here)
	p := d.telephone(who, here)
	form := p.Keep(boxes("向云禾"))
	p.Keep(boxes("冉听雪"))
	p.Keep(boxes("覃望舟", "side", ""))
	p.Photograph(form, document.Consent, picture(t))
	p.Photograph(ident.New(), document.Consent, picture(t)) // its form is nowhere
	p.Photograph(form, document.Consent, []byte("no picture"))
	file := p.file(t)
	got, err := d.HandOver(t.Context(), who, file)
	if err != nil || got.Count(service.Created) != 2 || got.Count(service.Refused) != 1 || got.Photos != 1 || got.Failed != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	for range 3 {
		if got, err = d.HandOver(t.Context(), who, file); err != nil || got.Count(service.Created) != 0 || got.Count(service.Repeated) != 2 || got.Photos != 1 {
			t.Fatalf("again: %+v %v", got, err)
		}
	}
	if d.Count(`select count(*) from screening`) != 2 || d.Count(`select count(*) from attachment where owner_kind = 'screening'`) != 1 {
		t.Error("something was added twice")
	}
	v, err := d.Screening(t.Context(), d.Registrar(here), form)
	if err != nil || len(v.Photos) != 1 || !v.Open || v.Photos[0].Kind != document.Consent {
		t.Errorf("the photo: %+v %v", v.Photos, err)
	}
	if _, err := d.HandOver(t.Context(), d.Registrar(here), file); !errs.Is(err, errs.Precondition) {
		t.Errorf("somebody else's file: %v", err)
	}
	for name, bad := range map[string][]byte{"no file": []byte("x"), "an empty one": []byte(`{}`), "a changed one": bytes.Replace(file, []byte(`"kind":"consent"`), []byte(`"kind":"medical"`), 1)} {
		if _, err := d.HandOver(t.Context(), who, bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatSomebodyKeptWhoIsGoneIsRecoveredByTwoPersons(t *testing.T) {
	d := open(t)
	gone, admin, colleague := d.Screener(here), d.HospitalAdmin(here), d.SecondHospitalAdmin(here)
	p := d.telephone(gone, here)
	form := p.Keep(boxes("向云禾"))
	p.Photograph(form, document.Identity, picture(t))
	file := p.file(t)
	ask := func(who user.Principal, reason string) (service.Recovery, error) {
		return d.AskRecovery(t.Context(), who, service.AskInput{Content: file, Reason: reason}, ident.New().String())
	}
	if _, err := ask(admin, " "); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	for name, who := range map[string]user.Principal{"a registrar": d.Registrar(here), "another hospital": d.HospitalAdmin(near)} {
		if _, err := ask(who, "离职"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := ask(admin, "离职")
	if err != nil || r.Forms != 1 || r.Photos != 1 || r.Account != gone.AccountID {
		t.Fatalf("%+v %v", r, err)
	}
	if n := d.Count(`select count(*) from screening`); n != 0 {
		t.Error("the first step stores something")
	}
	if n := d.Count(`select count(*) from message where kind = 'outbox.asked' and account_id = $1`, colleague.AccountID); n != 1 {
		t.Error("the other administrator is not told")
	}
	second := func(who user.Principal, version int64) (service.HandedOver, error) {
		return d.Recover(t.Context(), who, r.ID, version)
	}
	if _, err := second(d.HospitalAdmin(near), 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if _, err := second(admin, 1); errs.Of(err).Rule != service.RuleTwoPersons {
		t.Errorf("who asked opens it alone: %v", err)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'outbox.recover' and outcome = 'refused'`); n != 1 {
		t.Errorf("%d refusals in the audit", n)
	}
	if n := d.Count(`select count(*) from screening`); n != 0 {
		t.Error("and something is recorded")
	}
	admin, asker := colleague, admin
	got, err := second(admin, 1)
	if err != nil || got.Count(service.Created) != 1 || got.Photos != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	for whose, account := range map[string]ident.ID{"who asked": asker.AccountID, "whose they are": gone.AccountID} {
		if n := d.Count(`select count(*) from message where kind = 'outbox.released' and account_id = $1`, account); n != 1 {
			t.Errorf("%s: %d messages", whose, n)
		}
	}
	if _, err := second(admin, 1); !errs.Is(err, errs.Stale) {
		t.Errorf("the same press again: %v", err)
	}
	if got, err = second(admin, 2); err != nil || got.Count(service.Created) != 0 || got.Count(service.Repeated) != 1 {
		t.Errorf("opened again: %+v %v", got, err)
	}
	now, err := d.Recovery(t.Context(), admin, r.ID)
	if err != nil || !now.Done() || now.Added != 1 || now.Version != 3 {
		t.Errorf("%+v %v", now, err)
	}
	if list, err := d.Recoveries(t.Context(), admin); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if list, err := d.Recoveries(t.Context(), d.HospitalAdmin(near)); err != nil || len(list) != 0 {
		t.Errorf("another hospital's list: %v %v", list, err)
	}
	for action, want := range map[string]int{"outbox.recovery_ask": 1, "outbox.recover": 2, "screening.record": 1} {
		if n := d.Count(`select count(*) from audit_event where action = $1 and outcome = 'ok'`, action); n != want {
			t.Errorf("%s: %d events, want %d", action, n, want)
		}
	}
	if n := d.Count(`select count(*) from audit_event where action = 'screening.record' and detail::text like '%' || $1 || '%'`, gone.AccountID.String()); n != 1 {
		t.Error("the record does not say whose work it is")
	}
}

func TestAPhotoThatComesAfterTheRegistrationFollowsAsWell(t *testing.T) {
	d := open(t)
	row := d.row("向云禾")
	d.record(here, row)
	person, registration := d.Patient(here, "向云禾"), ident.Nil
	d.Do(d.Registrar(here), func(tx *store.Tx) error {
		list, err := tx.RegistrationsOf(person)
		if err != nil {
			return err
		}
		registration = list[0].ID
		return tx.ConvertScreening(store.Conversion{Screening: row.ID, Person: person, Registration: registration})
	})
	in := service.Photo{ID: ident.New(), Form: row.ID, Kind: document.Consent, Content: picture(t), Original: "ab"}
	for range 3 {
		if _, err := d.AddPhoto(t.Context(), d.Screener(here), in); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.Count(`select count(*) from attachment where owner_kind = 'registration' and owner_id = $1 and source_id = $2`, registration, in.ID); n != 1 {
		t.Errorf("%d photos among the papers of the patient", n)
	}
}

func TestAPhotoIsKeptOnceWithoutWhereItWasTaken(t *testing.T) {
	d := open(t)
	row := d.row("向云禾")
	d.record(here, row)
	in := service.Photo{ID: ident.New(), Form: row.ID, Kind: document.Consent, Content: picture(t), Original: "ab"}
	add := func(in service.Photo) (service.PhotoReceipt, error) {
		return d.AddPhoto(context.Background(), d.Screener(here), in)
	}
	for i, want := range []service.Outcome{service.Created, service.Repeated, service.Repeated} {
		if got, err := add(in); err != nil || got.Outcome != want {
			t.Errorf("time %d: %+v %v", i+1, got, err)
		}
	}
	other := in
	other.Content = append(bytes.Clone(in.Content), 1)
	if _, err := add(other); !errs.Is(err, errs.Invalid) {
		t.Errorf("another photo under its id: %v", err)
	}
	stray := in
	stray.ID, stray.Form = ident.New(), ident.New()
	if _, err := add(stray); !errs.Is(err, errs.NotFound) {
		t.Errorf("without a screening: %v", err)
	}
	if _, err := d.AddPhoto(t.Context(), d.Screener(near), service.Photo{ID: ident.New(), Form: row.ID, Kind: document.Consent, Content: in.Content}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if n := d.Count(`select count(*) from attachment where size_bytes < $1`, len(in.Content)); n != 1 {
		t.Error("what the telephone wrote was kept")
	}
}

// A photo taken in a theatre without a network goes to the stay of its operation
// once, says which operation it came with, and whoever sees the stay sees it.
func TestAPhotoOfTheTheatreGoesToTheStayOfItsOperation(t *testing.T) {
	d := open(t)
	d.Treat(servicetest.Treated{Name: "苗砚秋", Programme: measure.Joint, At: here, On: d.World.Today(), Category: "GENERAL", Joints: 1})
	doctor, operation := d.Doctor(here), ident.Nil
	d.Do(doctor, func(tx *store.Tx) error {
		got, err := tx.ListOperations(store.OperationFilter{From: d.World.Today(), To: d.World.Today()}, page.Request{Size: 5})
		operation = got.Rows[0].ID
		return err
	})
	in := service.Photo{ID: ident.New(), Form: operation, Kind: document.Sticker, Content: picture(t), Original: "ab"}
	for i, want := range []service.Outcome{service.Created, service.Repeated, service.Repeated} {
		if got, err := d.AddPhoto(t.Context(), doctor, in); err != nil || got.Outcome != want {
			t.Errorf("time %d: %+v %v", i+1, got, err)
		}
	}
	if n := d.Count(`select count(*) from attachment a join procedure o on o.id = a.procedure_id and o.treatment_id = a.owner_id join treatment t on t.id = o.treatment_id
		where a.id = $1 and a.owner_kind = 'treatment' and a.case_id = t.case_id and a.visible_to = t.visible_to and a.size_bytes < $2`, in.ID, len(in.Content)); n != 1 {
		t.Error("the photo is not with the stay as it was taken over")
	}
	if n := d.Count(`select count(*) from audit_event where action = 'attachment.add' and detail::jsonb->>'operation' = $1 and detail::jsonb->>'original_sha256' = 'ab'`, operation.String()); n != 1 {
		t.Errorf("%d entries in the log say where it came from", n)
	}
	in.ID = ident.New()
	for name, who := range map[string]user.Principal{"a screener of the house": d.Screener(here), "a doctor of another": d.Doctor(near)} {
		if _, err := d.AddPhoto(t.Context(), who, in); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
