package user

import (
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Account is one person's way in. It belongs to the platform; roles bind it to
// partnerships.
type Account struct {
	ID                ident.ID
	Username          string
	DisplayName       string
	OrganisationID    ident.ID // nil for people of no organisation
	PractitionerID    ident.ID // nil for people who are not doctors
	Language          i18n.Lang
	Theme             string // light, dark, or empty for the system's
	PasswordHash      string // encoded argon2id, see seal.Hasher
	MustChange        bool   // the password was given by somebody else
	PasswordChangedAt time.Time
	Disabled          bool
	SecondFactor      bool // sign-in asks for a code as well
	Failures          Failures
	CreatedAt         time.Time
	Version           int64
}

// LogValue keeps names and hashes out of logs.
func (a Account) LogValue() slog.Value { return slog.StringValue("account:" + a.ID.String()) }

// CheckActive refuses a disabled account. The sentence is the one of a wrong
// password: who may not come in learns nothing about the account.
func (a Account) CheckActive() error {
	if a.Disabled {
		return WrongPassword()
	}
	return nil
}

// WrongPassword is the one answer for an unknown name, a wrong password and a
// disabled account.
func WrongPassword() error { return errs.New(errs.Unauthenticated, "error.sign_in.wrong", nil) }

// Limits of names, in characters.
const (
	minUsername    = 3
	maxUsername    = 40
	maxDisplayName = 60
)

// reserved names would be mistaken for the house itself in lists and logs.
var reserved = map[string]bool{"system": true, "everyone": true, "shanhai": true, "root": true, "postgres": true, "null": true}

// NormalizeUsername makes the stored spelling: half-width, lower case, without
// spaces around. An input method left in full-width mode is not an error.
func NormalizeUsername(s string) string { return strings.ToLower(strings.TrimSpace(halfWidth(s))) }

// halfWidth folds the full-width ASCII block and the wide space.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// ParseUsername normalises and checks a new user name: a letter, then letters,
// digits, dot, hyphen or underscore.
func ParseUsername(s string) (string, error) {
	name := NormalizeUsername(s)
	switch {
	case name == "":
		return "", fieldError("username", "error.username.missing")
	case utf8.RuneCountInString(name) < minUsername || utf8.RuneCountInString(name) > maxUsername:
		return "", fieldError("username", "error.username.length", "min", minUsername, "max", maxUsername)
	case reserved[name]:
		return "", fieldError("username", "error.username.reserved")
	}
	for i, r := range name {
		letter, digit := r >= 'a' && r <= 'z', r >= '0' && r <= '9'
		if !letter && (i == 0 || !digit && !strings.ContainsRune(".-_", r)) {
			return "", fieldError("username", "error.username.characters")
		}
	}
	return name, nil
}

// ParseDisplayName checks the name shown beside a person's acts.
func ParseDisplayName(s string) (string, error) {
	name := strings.Join(strings.Fields(s), " ")
	if name == "" {
		return "", fieldError("display_name", "error.display_name.missing")
	}
	if utf8.RuneCountInString(name) > maxDisplayName {
		return "", fieldError("display_name", "error.display_name.length", "max", maxDisplayName)
	}
	for _, r := range name {
		// Direction marks and control characters could make one name look like another.
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) {
			return "", fieldError("display_name", "error.display_name.characters")
		}
	}
	return name, nil
}

func fieldError(path, key string, pairs ...any) error {
	var f errs.Fields
	f.Add(path, key, pairs...)
	return f.Err()
}
