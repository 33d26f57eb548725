package accounts

import (
	"context"
	"crypto/subtle"
	"strings"
	"sync"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// firstRun is what is known about whether the installation has an account yet.
// Once it has one it has one for ever; until then it is asked.
type firstRun struct {
	mu   sync.Mutex
	over bool
	code string
}

// FirstRun reports whether the installation has no account at all.
func (s *Service) FirstRun(ctx context.Context) (bool, error) {
	s.first.mu.Lock()
	over := s.first.over
	s.first.mu.Unlock()
	if over {
		return false, nil
	}
	any := false
	err := s.db.InTx(ctx, user.NewSystem("first-run"), func(tx *store.Tx) error {
		tx.NoAudit("whether there is an account")
		var err error
		any, err = tx.AnyAccount()
		return err
	})
	if err == nil && any {
		s.first.mu.Lock()
		s.first.over = true
		s.first.mu.Unlock()
	}
	return !any && err == nil, err
}

// SetupCode is the code the first-run page asks for; serve prints it. Whoever
// reads the machine's output may set the machine up, whoever merely reaches its
// address may not. It lives as long as the process.
func (s *Service) SetupCode() string {
	s.first.mu.Lock()
	defer s.first.mu.Unlock()
	if s.first.code == "" {
		s.first.code = ident.SlipCode() + "-" + ident.SlipCode()
	}
	return s.first.code
}

// Administrator is one of the three of a first run.
type Administrator struct {
	Username    string
	DisplayName string
}

// FirstAdministrators is the first-run form: three people, one duty each.
type FirstAdministrators struct {
	Code     string
	System   Administrator
	Security Administrator
	Audit    Administrator
	Language i18n.Lang
}

// duties are the three roles in the order of the form, with the prefix of their
// fields.
func (in FirstAdministrators) duties() []struct {
	prefix string
	role   user.Role
	who    Administrator
} {
	return []struct {
		prefix string
		role   user.Role
		who    Administrator
	}{{"system_", user.SystemAdmin, in.System}, {"security_", user.SecurityAdmin, in.Security}, {"audit_", user.AuditAdmin, in.Audit}}
}

// CreateFirstAdministrators makes the three separated administrators of a fresh
// installation, with temporary passwords. Pages give the setup code; a command
// on the machine itself needs none.
func (s *Service) CreateFirstAdministrators(ctx context.Context, who user.Principal, in FirstAdministrators) ([]Issued, error) {
	if err := s.checkCode(ctx, who, in.Code); err != nil {
		return nil, err
	}
	as := user.NewSystem("first-run")
	var f errs.Fields
	var people []user.Account
	taken := map[string]bool{}
	for _, d := range in.duties() {
		a, err := NewAccount{Username: d.who.Username, DisplayName: d.who.DisplayName, Language: in.Language}.parse()
		if err := f.Merge(d.prefix, err); err != nil {
			return nil, err
		}
		if a.Username != "" && taken[a.Username] {
			f.Add(d.prefix+"username", "error.account.three_people")
		}
		taken[a.Username] = true
		people = append(people, a)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	var out []Issued
	for i := range people {
		password, hash, err := s.issue(ctx)
		if err != nil {
			return nil, err
		}
		people[i].PasswordHash = hash
		out = append(out, Issued{people[i].ID, people[i].Username, password})
	}
	err := s.db.InTx(ctx, as, func(tx *store.Tx) error { return storeFirst(tx, in, people) })
	if err != nil {
		return nil, err
	}
	s.first.mu.Lock()
	s.first.over, s.first.code = true, ""
	s.first.mu.Unlock()
	s.changed(ctx, ident.Nil)
	return out, nil
}

func storeFirst(tx *store.Tx, in FirstAdministrators, people []user.Account) error {
	tx.Intend(audit.Event{Action: audit.SetupRun})
	if err := tx.LockFirstRun(); err != nil {
		return err
	}
	any, err := tx.AnyAccount()
	if err != nil {
		return err
	}
	if any {
		return errs.Refuse("first_run.once", "error.first_run.over", nil, "remedy.first_run.sign_in")
	}
	for i, d := range in.duties() {
		if err := tx.InsertAccount(people[i]); err != nil {
			return err
		}
		a := user.Assignment{ID: ident.New(), Account: people[i].ID, Role: d.role, ScopeKind: user.ScopePlatform, From: tx.Today()}
		if err := tx.InsertAssignment(a); err != nil {
			return err
		}
		tx.Audit(audit.Event{Action: audit.RoleAssign, ObjectKind: audit.ObjectAccount, ObjectID: people[i].ID, Detail: assignmentDetail(a)})
	}
	return tx.BumpPolicy(ident.Nil)
}

// checkCode compares the setup code; small and capital letters and the hyphen do
// not matter. It is 58 random bits and the page is behind the limiter of the
// house, so wrong ones are not counted.
func (s *Service) checkCode(ctx context.Context, who user.Principal, code string) error {
	if who.IsSystem() {
		return nil
	}
	open, err := s.FirstRun(ctx)
	if err != nil {
		return err
	}
	if !open {
		return errs.Refuse("first_run.once", "error.first_run.over", nil, "remedy.first_run.sign_in")
	}
	plain := func(s string) string { return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(s)) }
	if subtle.ConstantTimeCompare([]byte(plain(code)), []byte(plain(s.SetupCode()))) != 1 {
		var f errs.Fields
		f.Add("code", "error.first_run.code")
		return f.Err()
	}
	return nil
}
