package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/store"
)

// printed is a token of a data directory's keyring, and the file of public keys.
func printed(t *testing.T) (token paper.Token, keys string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	k, err := seal.Create(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	f := paper.Form{Kind: paper.Settlement, ID: ident.New(), State: "settled", Name: "李淑兰", Figures: []money.Fen{6_000_000, 2_000_000, 0, 0, 0, 1_000_000, 0, 3_000_000}}
	token = paper.Of(f, clock.MustDate(2026, 11, 23), k.Signer())
	s, err := k.Sign(funding.SignPurpose, token.Payload())
	if err != nil {
		t.Fatal(err)
	}
	token.Signature = s.Bytes
	keys = filepath.Join(t.TempDir(), "keys.txt")
	if err := os.WriteFile(keys, []byte(must(t, "--data-dir", dir, "key", "public").out), 0o600); err != nil {
		t.Fatal(err)
	}
	return token, keys
}

func TestAPaperIsCheckedOfflineWithThePublicKeysAlone(t *testing.T) {
	t.Parallel()
	token, keys := printed(t)
	if out := must(t, "verify", token.Text(), "--key", keys).out; !strings.HasPrefix(out, "genuine\tsettlement\tsettled\t2026-11-23\t"+token.Code()) {
		t.Errorf("the true text: %s", out)
	}
	amounts := []string{"--amount", "bill=60,000.00", "--amount", "basic=20000", "--amount", "fund=10000", "--amount", "net=30000"}
	if out := must(t, append([]string{"verify", token.Text(), "--key", keys}, amounts...)...).out; !strings.HasPrefix(out, "match\t") {
		t.Errorf("the amounts of the paper: %s", out)
	}
	amounts[len(amounts)-1] = "net=30001"
	if s := run(t, "", append([]string{"verify", token.Text(), "--key", keys}, amounts...)...); s.code != 1 || !strings.HasPrefix(s.out, "mismatch\t") {
		t.Errorf("one digit changed: %+v", s)
	}
	amounts[len(amounts)-1] = "net=30000"
	if out := must(t, append([]string{"verify", token.Text(), "--key", keys, "--name", "李 淑兰"}, amounts...)...).out; !strings.HasPrefix(out, "match_both\t") {
		t.Errorf("name and amounts of the paper: %s", out)
	}
	if s := run(t, "", append([]string{"verify", token.Text(), "--key", keys, "--name", "李淑芳"}, amounts...)...); s.code != 1 || !strings.HasPrefix(s.out, "mismatch_name\t") || !strings.Contains(s.err, "姓名不一致") {
		t.Errorf("one character of the name changed: %+v", s)
	}
	forged := []byte(token.Text())
	forged[50] = map[bool]byte{true: '1', false: '0'}[forged[50] == '0']
	if s := run(t, "", "verify", string(forged), "--key", keys); s.code != 1 || s.out != "forged\n" {
		t.Errorf("a character of the QR text changed: %+v", s)
	}
	refused(t, "二维码", "verify", token.Code(), "--key", keys)
	refused(t, "fnord=1", "verify", token.Text(), "--key", keys, "--amount", "fnord=1")
}

func TestAPaperOfTheFirstEditionIsCheckedButForItsName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	k, err := seal.Create(dir, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	token := paper.Of(paper.Form{Kind: paper.Settlement, ID: ident.New(), State: "settled"}, clock.MustDate(2026, 11, 23), k.Signer())
	token.Named, token.Name = false, paper.NameDigest{}
	s, err := k.Sign(funding.SignPurpose, token.Payload())
	if err != nil {
		t.Fatal(err)
	}
	token.Signature = s.Bytes
	keys := filepath.Join(t.TempDir(), "keys.txt")
	if err := os.WriteFile(keys, []byte(must(t, "--data-dir", dir, "key", "public").out), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "verify", token.Text(), "--key", keys).out; !strings.HasPrefix(out, "genuine\t") {
		t.Errorf("the old paper: %s", out)
	}
	if s := run(t, "", "verify", token.Text(), "--key", keys, "--name", "李淑兰"); s.code != 1 || !strings.HasPrefix(s.out, "unbound\t") {
		t.Errorf("a name nobody can check passes: %+v", s)
	}
}

// pooled is a site with a partnership and a fund that received money.
func pooled(t *testing.T, s site) {
	t.Helper()
	must(t, s.args("partnership", "create", "yl", "--name", "云岭澜港", "--receiving-region", "500199", "--receiving-name", "云岭区", "--donor-region", "370299", "--donor-name", "澜港市")...)
	place, err := s.app.PartnershipFor(t.Context(), "yl")
	if err != nil {
		t.Fatal(err)
	}
	err = s.app.DB.InTx(t.Context(), authz.System("test").In(place), func(tx *store.Tx) error {
		tx.NoAudit("a fund for the test")
		f := store.Fund{ID: ident.New(), Code: "ZL-1", Name: "站立行动", Kind: fund.Pool, OpenedOn: clock.MustDate(2026, 1, 1)}
		if _, err := tx.InsertFund(f); err != nil {
			return err
		}
		books, err := tx.Books(f.ID)
		if err != nil {
			return err
		}
		d, err := books[f.ID].Deposit(fund.Stamp{ID: ident.New(), On: clock.MustDate(2026, 2, 3)}, 1_000_000)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: d, Fund: f.ID, Note: "协作财政资金"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnAuditPackageIsMadeTwiceTheSameAndCheckedElsewhere(t *testing.T) {
	t.Parallel()
	s, _ := fastSite(t)
	dir := t.TempDir()
	pooled(t, s)
	first, second, keys := filepath.Join(dir, "first.zip"), filepath.Join(dir, "second.zip"), filepath.Join(dir, "keys.txt")
	refused(t, "--fund", s.args("audit", "package", "--out", first)...)
	refused(t, "没有这个资金", s.args("audit", "package", "--fund", "ZL-9", "--from", "2026-01-01", "--to", "2026-12-31", "--out", first)...)
	must(t, s.args("audit", "package", "--fund", "ZL-1", "--from", "2026-01-01", "--to", "2026-12-31", "--out", first)...)
	must(t, s.args("audit", "package", "--cut", first, "--out", second)...)
	one, err1 := os.ReadFile(first)
	two, err2 := os.ReadFile(second)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Fatalf("two makings differ: %d and %d bytes, %v %v", len(one), len(two), err1, err2)
	}
	if err := os.WriteFile(keys, []byte(must(t, s.args("key", "public")...).out), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "nothing") // the auditor's laptop
	if said := must(t, "--data-dir", empty, "audit", "verify", "--package", first, "--key", keys); !strings.Contains(said.err, "转账 1 笔") {
		t.Errorf("the answer: %s", said.err)
	}
	if _, err := os.Stat(empty); !os.IsNotExist(err) {
		t.Error("the check set something up")
	}
	at := bytes.Index(one, []byte("协作财政资金"))
	one[at] ^= 1
	if err := os.WriteFile(second, one, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "ledger.csv", "--data-dir", empty, "audit", "verify", "--package", second, "--key", keys)
}
