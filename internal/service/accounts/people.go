package accounts

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// NewAccount is the form of a new account.
type NewAccount struct {
	Username     string
	DisplayName  string
	Organisation ident.ID // nil: somebody of the platform
	Practitioner ident.ID // nil: not a doctor
	Language     i18n.Lang
	// Password is for programs that make many accounts; empty, as in the forms,
	// makes a temporary one that has to be changed.
	Password string `json:"-"`
}

// parse checks the form and makes the account of it.
func (in NewAccount) parse() (user.Account, error) {
	a := user.Account{ID: ident.New(), OrganisationID: in.Organisation, PractitionerID: in.Practitioner, Language: in.Language, MustChange: true}
	var f errs.Fields
	var err error
	if a.Username, err = user.ParseUsername(in.Username); err != nil {
		if err = f.Merge("", err); err != nil {
			return a, err
		}
	}
	if a.DisplayName, err = user.ParseDisplayName(in.DisplayName); err != nil {
		if err = f.Merge("", err); err != nil {
			return a, err
		}
	}
	if !slices.Contains(i18n.Langs(), a.Language) {
		a.Language = i18n.Chinese
	}
	return a, f.Err()
}

// CreateAccount adds an account without any role. A hospital's admin adds people
// of the own hospital only; who belongs to no organisation is added on the
// platform.
func (s *Service) CreateAccount(ctx context.Context, who user.Principal, in NewAccount, key string) (Issued, error) {
	if err := s.policy.Check(who, authz.AccountCreate, authz.Anywhere(who.PartnershipID)); err != nil {
		return Issued{}, err
	}
	a, err := in.parse()
	if err != nil {
		return Issued{}, err
	}
	password, err := s.firstPassword(ctx, &a, in.Password)
	if err != nil {
		return Issued{}, err
	}
	out, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Issued, error) {
		tx.Intend(audit.Event{Action: audit.AccountCreate, ObjectKind: audit.ObjectAccount, ObjectID: a.ID})
		if err := s.checkPlace(tx, who, in); err != nil {
			return Issued{}, err
		}
		if err := tx.InsertAccount(a); err != nil {
			return Issued{}, err
		}
		return Issued{a.ID, a.Username, password}, tx.BumpPolicy(a.ID)
	})
	if err == nil {
		s.changed(ctx, out.ID)
	}
	return out, onField(err)
}

// onField turns what the database says about a second one of a kind into a wrong
// input of its field.
func onField(err error) error {
	if !errs.Is(err, errs.Conflict) {
		return err
	}
	var f errs.Fields
	switch errs.Of(err).Rule {
	case "account_username_key":
		f.Add("username", "error.username.taken")
	case "account_practitioner":
		f.Add("practitioner", "error.account.practitioner_taken")
	default:
		return err
	}
	return f.Err()
}

// firstPassword gives a new account its hash; only a temporary password is told.
func (s *Service) firstPassword(ctx context.Context, a *user.Account, given string) (told string, err error) {
	if given == "" {
		told, a.PasswordHash, err = s.issue(ctx)
		return told, err
	}
	if err := s.passwords.Check(given, a.Username, a.DisplayName); err != nil {
		return "", err
	}
	a.MustChange = false
	a.PasswordHash, err = s.hasher.Hash(ctx, given)
	return "", err
}

// checkPlace asks whether the caller may put people into the organisation, and
// whether the doctor belongs there.
func (s *Service) checkPlace(tx *store.Tx, who user.Principal, in NewAccount) error {
	var f errs.Fields
	err := s.checkOver(tx, who, authz.AccountCreate, in.Organisation)
	if errs.Is(err, errs.NotFound) {
		f.Add("organisation", "form.error.pick")
		return f.Err()
	}
	if err != nil {
		return err
	}
	if in.Organisation != ident.Nil {
		o, err := tx.OrganisationByID(in.Organisation)
		if err != nil || o.MergedInto != ident.Nil {
			f.Add("organisation", "form.error.pick")
			return f.Err()
		}
	}
	if in.Practitioner == ident.Nil {
		return nil
	}
	p, err := tx.PractitionerByID(in.Practitioner)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if err != nil || p.HomeOrg != in.Organisation {
		f.Add("practitioner", "error.account.other_practitioner")
	}
	return f.Err()
}

// toChange reads an account to be changed by somebody else. Whoever is bound to
// hospitals may not touch an account that holds anything beyond them: resetting
// its password would be a way to its rights.
func (s *Service) toChange(tx *store.Tx, who user.Principal, perm authz.Permission, account ident.ID) (store.AccountItem, error) {
	a, err := tx.AccountToChange(account)
	if err != nil {
		return a, err
	}
	if err := s.checkOver(tx, who, perm, a.OrganisationID); err != nil {
		return a, err
	}
	if s.platform(who, perm) {
		return a, nil
	}
	held, err := tx.AssignmentsOf(account)
	if err != nil {
		return a, err
	}
	for _, h := range held {
		at := authz.Scope{Kind: h.ScopeKind, ID: h.ScopeID, Partnership: h.PartnershipID}
		if h.ScopeKind == user.ScopePlatform || !s.policy.Can(who, perm, at) {
			return a, errs.Refuse("account.wider_roles", "error.account.wider_roles", nil, "remedy.account.ask_platform")
		}
	}
	return a, nil
}

// SetDisabled closes an account, which ends its sessions and tokens at once, or
// opens it again. Nobody closes the own account.
func (s *Service) SetDisabled(ctx context.Context, who user.Principal, account ident.ID, disabled bool, key string) error {
	if err := s.policy.Check(who, authz.AccountDisable, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	action := audit.AccountEnable
	if disabled {
		action = audit.AccountDisable
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, []any{account, disabled}), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: action, ObjectKind: audit.ObjectAccount, ObjectID: account})
		a, err := s.toChange(tx, who, authz.AccountDisable, account)
		switch {
		case err != nil:
			return struct{}{}, err
		case disabled && account == who.AccountID:
			return struct{}{}, errs.Refuse("account.self", "error.account.own", nil, "refusal.next.other_admin")
		case a.Disabled == disabled:
			return struct{}{}, nil
		}
		if disabled {
			if err := s.endAll(tx, account); err != nil {
				return struct{}{}, err
			}
		}
		if err := tx.SetDisabled(a.Account, disabled); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.BumpPolicy(account)
	})
	if err == nil {
		s.out(account)
		s.changed(ctx, account)
	}
	return err
}

// EndSessions signs an account out everywhere.
func (s *Service) EndSessions(ctx context.Context, who user.Principal, account ident.ID) (ended int64, err error) {
	if err := s.policy.Check(who, authz.AccountDisable, authz.Anywhere(who.PartnershipID)); err != nil {
		return 0, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SessionEnd, ObjectKind: audit.ObjectAccount, ObjectID: account})
		if _, err := s.toChange(tx, who, authz.AccountDisable, account); err != nil {
			return err
		}
		ended, err = tx.EndSessions(account)
		return err
	})
	s.out(account)
	return ended, err
}

// ListInput narrows the list of accounts.
type ListInput struct {
	Text         string
	State        string // active, disabled, or empty for both
	Organisation ident.ID
	Page         page.Request
}

// List is a page of the accounts the caller looks after.
func (s *Service) List(ctx context.Context, who user.Principal, in ListInput) (out page.Result[store.AccountItem], err error) {
	if err := s.policy.Check(who, authz.AccountRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of colleagues, no patient data")
		within, err := s.organisations(tx, who, authz.AccountRead)
		if err != nil {
			return err
		}
		if in.Organisation != ident.Nil {
			if within != nil && !slices.Contains(within, in.Organisation) {
				return nil
			}
			within = []ident.ID{in.Organisation}
		}
		out, err = tx.ListAccounts(store.AccountFilter{Organisations: within, Text: in.Text, State: in.State}, in.Page)
		return err
	})
	return out, err
}

// Detail is everything the page of an account shows.
type Detail struct {
	store.AccountItem
	Held     []Held
	Sessions int
	Doctor   string // name of the practitioner behind the account
	May      May
}

// May is what the caller may do with the account.
type May struct{ Reset, Disable, Move, Assign, SeeRoles bool }

// Get reads one account.
func (s *Service) Get(ctx context.Context, who user.Principal, account ident.ID) (d Detail, err error) {
	if err := s.policy.Check(who, authz.AccountRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return d, err
	}
	var held []user.Assignment
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of colleagues, no patient data")
		if d.AccountItem, err = tx.AccountByID(account); err != nil {
			return err
		}
		if err = s.checkOver(tx, who, authz.AccountRead, d.OrganisationID); err != nil {
			return err
		}
		if d.Sessions, err = tx.CountSessions(account); err != nil {
			return err
		}
		if d.PractitionerID != ident.Nil {
			p, err := tx.PractitionerByID(d.PractitionerID)
			if err != nil {
				return err
			}
			d.Doctor = p.Name
		}
		held, err = tx.AssignmentsOf(account)
		return err
	})
	if err != nil {
		return Detail{}, err
	}
	d.PasswordHash = ""
	anywhere := authz.Anywhere(who.PartnershipID)
	d.May = May{Move: s.platform(who, authz.AccountCreate) && account != who.AccountID, Reset: s.policy.Can(who, authz.AccountResetPassword, anywhere), Disable: s.policy.Can(who, authz.AccountDisable, anywhere) && account != who.AccountID,
		Assign: s.policy.Can(who, authz.RoleAssign, anywhere), SeeRoles: s.policy.Can(who, authz.RoleRead, anywhere)}
	if d.May.SeeRoles {
		d.Held, err = s.held(ctx, who, held)
	}
	return d, err
}

// ByUsername finds an account by its name, for commands.
func (s *Service) ByUsername(ctx context.Context, who user.Principal, name string) (a store.AccountItem, err error) {
	if err := s.policy.Check(who, authz.AccountRead, authz.Platform()); err != nil {
		return a, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the id behind a user name")
		var ok bool
		if a, ok, err = tx.AccountToSignIn(user.NormalizeUsername(name)); err == nil && !ok {
			err = errs.Missing("error.account.missing")
		}
		return err
	})
	a.PasswordHash = ""
	return a, err
}
