package app

import (
	"crypto/hmac"
	"crypto/md5"  // #nosec G501 -- what somebody would try
	"crypto/sha1" // #nosec G505 -- what somebody would try
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	public "github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// planted is what was entered through the use cases and must not be readable in a
// dump: numbers of persons, and the name of somebody who objected to a notice,
// which is the one name that is sealed. Names of patients are not: lists sort and
// search by them.
type planted struct {
	documents, phones, cards []string
	name                     string
}

func (p planted) all() []string {
	return slices.Concat(p.documents, p.phones, p.cards, []string{p.name})
}

// A copy of the whole database without the keys gives no number of anybody, in no
// common spelling. And who guesses numbers finds none of them among the digests: what
// is stored equals no digest that could be made without the key, although the key
// finds each. -scale is how many numbers are guessed beside the true ones.
func TestADumpWithoutTheKeysTellsNoNumber(t *testing.T) {
	w := servicetest.New(t)
	cfg := external(t, w.Database, false)
	if err := w.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	p := plant(t, w, open(t, cfg, w.Clock))
	dump := dumped(t, w)
	for _, secret := range p.all() {
		for how, spelt := range spellings(secret) {
			if strings.Contains(dump, spelt) {
				t.Errorf("%s is in the dump %s", secret, how)
			}
		}
	}
	for _, c := range []string{"禾晚舟", "石坪镇"} { // what is not sealed is found: the dump holds the rows
		if !strings.Contains(dump, c) {
			t.Errorf("%s is not in the dump", c)
		}
	}
	stored := storedDigests(dump)
	guessed, digests := 0, 0
	for _, number := range candidates(p, scaletest.Times(300)) {
		guessed++
		for how, sum := range unkeyed(number) {
			digests++
			if stored[[16]byte(sum)] || strings.Contains(dump, base64.StdEncoding.EncodeToString(sum[:15])) {
				t.Errorf("%s is found by its %s", number, how)
			}
		}
	}
	for _, number := range p.documents[:3] { // of those who were registered; a screening is searched by none
		withKey(t, w, stored, seal.PurposeDocument, number)
		withKey(t, w, stored, seal.PurposeDocument, string(patient.DocCitizen)+":"+number)
	}
	for _, number := range p.phones[:3] {
		withKey(t, w, stored, seal.PurposePhone, number)
	}
	t.Logf("%d bytes of dump, %d sealed values of people, 0 in clear; %d numbers guessed, %d digests without the key, none among %d stored", len(dump), len(p.all()), guessed,
		digests, len(stored))
}

// withKey shows that the test can see: with the key the number is among the digests.
func withKey(t *testing.T, w *servicetest.World, stored map[[16]byte]bool, purpose seal.Purpose, value string) {
	t.Helper()
	sum, err := w.Keys.Digest(purpose, value)
	if err != nil || !stored[[16]byte(sum)] {
		t.Errorf("with the key %s %s is not found either: %v", purpose, value, err)
	}
}

// plant enters people, a screening, a hospital's account, a patient's card and an
// objection through the use cases.
func plant(t *testing.T, w *servicetest.World, a *App) (p planted) {
	t.Helper()
	const here = servicetest.Mountain
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, ctx := a.Services, t.Context()
	names := []string{"向云禾", "牟青禾", "白简舟"}
	for i, birth := range []string{"580407", "610302", "551119"} {
		p.documents = append(p.documents, servicetest.CitizenNumber(birth, 311+i))
		p.phones = append(p.phones, fmt.Sprintf("1991234%04d", 5607+i))
	}
	p.phones = append(p.phones, "19912348899", "19912348877")
	p.documents = append(p.documents, servicetest.CitizenNumber("620819", 440))
	p.cards, p.name = []string{"6222021001116245702", "6217001210024455220"}, "澹台雪鹭"
	for i, name := range names {
		_, err := s.Intake.Register(ctx, w.Registrar(here), ident.Token(), intake.RegisterInput{Hospital: w.ID(here), DocKind: patient.DocCitizen, DocNumber: p.documents[i],
			Person: patient.Person{Name: name, Ethnicity: "土家族"}, Registration: patient.Registration{Phone: p.phones[i], KinName: "向明", KinPhone: p.phones[3],
				Township: "石坪镇", Village: "松岭村", LegalBasis: patient.BasisStatutory}})
		ok(err)
	}
	age := 64
	receipts, err := s.Screenings.Record(ctx, w.Screener(here), outreach.Batch{Hospital: w.ID(here), Rows: []outreach.Row{{ID: ident.New(), Draft: screening.Draft{On: w.Today(),
		Township: "石坪镇", Village: "松岭村", Name: "田知夏", Sex: patient.Female, Age: &age, DocKind: patient.DocCitizen, DocNumber: p.documents[3], Phone: p.phones[4],
		Programme: procedure.Joint, Site: procedure.Knee, Side: "L", Triage: screening.Advised, Answer: screening.Willing, LegalBasis: patient.BasisStatutory}}}}, outreach.Key{})
	ok(err)
	if receipts[0].Outcome != outreach.Created {
		t.Fatalf("the screening: %+v", receipts[0])
	}
	_, err = s.Paying.ProposeAccount(ctx, w.Finance(here), paying.AccountInput{Hospital: w.ID(here), Account: payout.Account{Holder: "云岭区中医院", Bank: "农商银行", Number: p.cards[0]}}, "")
	ok(err)
	_, err = s.Paying.SaveCard(ctx, w.Finance(here), paying.CardInput{Payable: owedToAPatient(w), Card: payout.Card{Account: payout.Account{Holder: "禾晚舟", Bank: "邮储银行",
		Number: p.cards[1]}, Relation: payout.Relations()[0]}}, "")
	ok(err)
	ok(s.Notices.SaveRules(ctx, w.Approver(), notice.Rules{Bands: notice.Bands{1_000_000}, Office: "帮扶办"}, ""))
	id, err := s.Notices.Draw(ctx, w.SecondApprover(), public.Draft{Title: "公示", From: w.Today(), To: w.Today()}, "")
	ok(err)
	ok(s.Notices.Do(ctx, w.Approver(), public.StepInput{Notice: id, Step: notice.Publish, Version: w.Version(id)}, ""))
	_, err = s.Notices.ObjectFor(ctx, w.Registrar(here), public.Said{Notice: id, Name: p.name, Contact: p.phones[4], Text: "此人家有两辆车"}, "")
	ok(err)
	return p
}

// owedToAPatient is a reimbursement that waits for the patient's card.
func owedToAPatient(w *servicetest.World) ident.ID {
	f, tr, id := w.Fund(1_000_000), w.Eligible(servicetest.Mountain), ident.New()
	w.Do(w.System(), func(tx *store.Tx) error {
		books, err := tx.Books(f.ID)
		if err != nil {
			return err
		}
		x, err := books[f.ID].Reimburse(fund.Stamp{ID: id, On: w.Today()}, 300_000)
		if err != nil {
			return err
		}
		if err := tx.PostTransfer(store.Posting{Transfer: x, Fund: f.ID, Treatment: tr.ID}); err != nil {
			return err
		}
		return tx.FundParticipates(tr.ID, f.ID)
	})
	return id
}

// dumped is the whole database as pg_dump writes it for a superuser.
func dumped(t *testing.T, w *servicetest.World) string {
	t.Helper()
	var out strings.Builder
	if err := externalTools(w.Database.SuperDSN).run(t.Context(), nil, &out, "pg_dump"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// spellings are the ways a text may lie in a dump: as it is, backwards, in groups,
// as bytes in hexadecimal (which is how a dump writes bytea) and in base64 from each
// of its three places, also of its UTF-16.
func spellings(s string) map[string]string {
	back := []rune(s)
	slices.Reverse(back)
	out := map[string]string{"as it is": s, "in small letters": strings.ToLower(s), "backwards": string(back), "in hexadecimal": hex.EncodeToString([]byte(s)),
		"in hexadecimal, small": hex.EncodeToString([]byte(strings.ToLower(s)))}
	var wide []byte
	for _, u := range utf16.Encode([]rune(s)) {
		wide = append(wide, byte(u>>8), byte(u))
	}
	out["in UTF-16"], out["in UTF-16, little end first"] = hex.EncodeToString(wide), hex.EncodeToString(append(wide[1:], 0))
	if len(s) == 18 {
		out["in groups"] = s[:6] + " " + s[6:14] + " " + s[14:]
		out["without its check digit"] = s[:17]
	} else if len(s) == 11 {
		out["in groups"] = s[:3] + " " + s[3:7] + " " + s[7:]
	}
	for shift := range 3 {
		raw := base64.StdEncoding.EncodeToString(append(make([]byte, shift), s...))
		// The first and last characters depend on what stands before and after.
		out[fmt.Sprintf("in base64, from place %d", shift)] = strings.TrimRight(raw, "=")[(shift*8+5)/6 : len(strings.TrimRight(raw, "="))-1]
	}
	return out
}

var inHexadecimal = regexp.MustCompile(`[0-9a-f]{32,}`)

// storedDigests are the first sixteen bytes of everything in the dump that could be
// a digest: of columns of bytes, and of the hexadecimal in terms.
func storedDigests(dump string) map[[16]byte]bool {
	out := map[[16]byte]bool{}
	for _, text := range inHexadecimal.FindAllString(dump, -1) {
		if raw, err := hex.DecodeString(text[:32]); err == nil {
			out[[16]byte(raw)] = true
		}
	}
	return out
}

// candidates are the true numbers among others of the same district and years.
func candidates(p planted, others int) []string {
	out := slices.Concat(p.documents, p.phones, p.cards)
	day := clock.MustDate(1958, 1, 1)
	for i := range others {
		out = append(out, servicetest.CitizenNumber(strings.ReplaceAll(day.AddDays(i%3650).String(), "-", "")[2:], i%1000), fmt.Sprintf("199%08d", 12_340_000+i))
	}
	return out
}

// unkeyed are the digests somebody without the key would try: of the number in its
// forms, alone and as the product joins it with its kind.
func unkeyed(number string) map[string][]byte {
	out := map[string][]byte{}
	forms := []string{number, strings.ToLower(number), string(patient.DocCitizen) + ":" + number, "digest/document" + number, "digest/phone" + number, number + "\n"}
	if len(number) == 18 {
		forms = append(forms, number[:6]+number[8:17]) // the old fifteen digits
	}
	if len(number) > 4 {
		forms = append(forms, number[len(number)-4:])
	}
	empty := make([]byte, 32)
	for _, form := range forms {
		for name, make := range map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-512": sha512.New,
			"HMAC-SHA-256 with no key":         func() hash.Hash { return hmac.New(sha256.New, nil) },
			"HMAC-SHA-256 with zeros as key":   func() hash.Hash { return hmac.New(sha256.New, empty) },
			"HMAC-SHA-256 with the purpose":    func() hash.Hash { return hmac.New(sha256.New, []byte("digest/document")) },
			"HMAC-SHA-256 with the product":    func() hash.Hash { return hmac.New(sha256.New, []byte("shanhai")) },
			"HMAC-SHA-1 with zeros as its key": func() hash.Hash { return hmac.New(sha1.New, empty) }} {
			h := make()
			h.Write([]byte(form))
			out[name+" of "+form] = h.Sum(nil)
		}
		once := sha256.Sum256([]byte(form))
		twice := sha256.Sum256(once[:])
		text := sha256.Sum256([]byte(hex.EncodeToString(once[:])))
		out["SHA-256 twice of "+form], out["SHA-256 of the text of the SHA-256 of "+form] = twice[:], text[:]
	}
	return out
}
