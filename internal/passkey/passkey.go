// Package passkey is the second factor that cannot be phished: a security key, or
// the one built into a computer or phone (W3C Web Authentication). It speaks the
// protocol and knows neither database nor pages; what it hands out as a challenge
// has to come back within the same session, once.
//
// A key is bound to the host name it was set up under: a browser answers nothing
// to another site, however alike it looks.
package passkey

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Site is who asks, as the browser sees it.
type Site struct {
	Host   string // without port
	Origin string // scheme, host and port
	Name   string
}

// Key is a key of a person. The record is opaque: public key, counter, flags.
type Key struct {
	ID     []byte
	Record []byte
}

// Person is whose keys are asked for.
type Person struct {
	ID      ident.ID
	Name    string
	Display string
	Keys    []Key
}

// Challenge is what a browser is asked; State stays in the session.
type Challenge struct {
	Options []byte // JSON for the script of the page
	State   []byte
}

// Enrol begins to set a key up.
func Enrol(site Site, p Person) (Challenge, error) {
	w, u, err := open(site, p)
	if err != nil {
		return Challenge{}, err
	}
	known := webauthn.Credentials(u.keys).CredentialDescriptors()
	options, state, err := w.BeginRegistration(u, webauthn.WithExclusions(known),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationPreferred}))
	return pack(options, state, err)
}

// Enrolled takes the new key out of the browser's answer.
func Enrolled(site Site, p Person, state, answer []byte) (Key, error) {
	w, u, session, err := resume(site, p, state)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Key{}, refused(err)
	}
	made, err := w.CreateCredential(u, session, parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	return store(made)
}

// Ask begins to ask for one of the person's keys.
func Ask(site Site, p Person) (Challenge, error) {
	w, u, err := open(site, p)
	if err != nil {
		return Challenge{}, err
	}
	options, state, err := w.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationPreferred))
	return pack(options, state, err)
}

// Answered checks the browser's answer and returns the key as it is to be kept
// from now on. A counter that went backwards means that the key was copied.
func Answered(site Site, p Person, state, answer []byte) (Key, error) {
	w, u, session, err := resume(site, p, state)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Key{}, refused(err)
	}
	used, err := w.ValidateLogin(u, session, parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	if used.Authenticator.CloneWarning {
		return Key{}, refused(fmt.Errorf("passkey: the counter went backwards"))
	}
	return store(used)
}

// refused says no more than that the answer was not good.
func refused(cause error) error {
	return errs.Wrap(cause, errs.Invalid, "error.passkey.refused", nil)
}

func open(site Site, p Person) (*webauthn.WebAuthn, holder, error) {
	u := holder{Person: p}
	for _, k := range p.Keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Record, &c); err != nil {
			return nil, u, fmt.Errorf("passkey: stored key: %w", err)
		}
		u.keys = append(u.keys, c)
	}
	w, err := webauthn.New(&webauthn.Config{RPID: site.Host, RPDisplayName: site.Name, RPOrigins: []string{site.Origin}})
	return w, u, errs.Wrap(err, errs.Precondition, "error.passkey.site", errs.Args{"host": site.Host})
}

// resume goes on with what the session kept.
func resume(site Site, p Person, state []byte) (w *webauthn.WebAuthn, u holder, session webauthn.SessionData, err error) {
	if w, u, err = open(site, p); err != nil {
		return w, u, session, err
	}
	if err := json.Unmarshal(state, &session); err != nil {
		return w, u, session, refused(err)
	}
	return w, u, session, nil
}

func pack(options, state any, err error) (c Challenge, _ error) {
	if err != nil {
		return c, errs.Wrap(err, errs.Precondition, "error.passkey.refused", nil)
	}
	if c.Options, err = json.Marshal(options); err != nil {
		return c, err
	}
	c.State, err = json.Marshal(state)
	return c, err
}

func store(c *webauthn.Credential) (k Key, err error) {
	k.ID = c.ID
	k.Record, err = json.Marshal(c)
	return k, err
}

// holder is a person as the protocol's library knows one.
type holder struct {
	Person
	keys []webauthn.Credential
}

// WebAuthnID is the handle of the account: its id, which says nothing.
func (h holder) WebAuthnID() []byte { return h.Person.ID[:] }

// WebAuthnName is the user name.
func (h holder) WebAuthnName() string { return h.Person.Name }

// WebAuthnDisplayName is the name of the person.
func (h holder) WebAuthnDisplayName() string { return h.Display }

// WebAuthnCredentials are the keys set up so far.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }
