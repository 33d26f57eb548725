// Package ident makes identifiers: time-ordered UUIDs for rows, random tokens
// for sessions and API keys, and short codes people can read out.
package ident

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ID identifies a row. New ids are UUIDv7: ordered by time (good for indexes)
// and not guessable (74 random bits).
type ID = uuid.UUID

// Nil is the zero id; as a partnership it means the platform itself.
var Nil = uuid.Nil

var errForm = errors.New("ident: not a canonical UUID")

// New makes an id. It panics only when the system has no randomness left, in
// which state nothing may go on.
func New() ID { return uuid.Must(uuid.NewV7()) }

// Parse reads the canonical 36-character form only.
func Parse(s string) (ID, error) {
	if len(s) != 36 {
		return Nil, errForm
	}
	return uuid.Parse(s)
}

// Derive makes a stable id from a name, for deterministic data sets.
func Derive(space ID, name string) ID { return uuid.NewSHA1(space, []byte(name)) }

// Token is 256 random bits in URL-safe text.
func Token() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails; it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// slipAlphabet leaves out letters that are misread on paper (0 O, 1 I L, 8 B).
const slipAlphabet = "2345679ACDEFGHJKMNPQRSTUVWXYZ"

// SlipCode is a six-character code for a printed slip: enough to find a paper,
// never a secret.
func SlipCode() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	for i := range b {
		b[i] = slipAlphabet[int(b[i])%len(slipAlphabet)]
	}
	return string(b[:])
}

// SlipToken is the code in the square of a printed slip: some 97 random bits in
// the letters of [SlipCode], so that it can also be read out and typed.
func SlipToken() string {
	var b [20]byte
	for i := range b {
		b[i] = slipLetter()
	}
	return string(b[:])
}

// CleanToken is a slip token as it is stored, from what was scanned or typed:
// upper case, without the spaces and dashes people add.
func CleanToken(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(slipAlphabet, r) {
			return r
		}
		return -1
	}, strings.ToUpper(text))
}

// slipLetter draws one letter, each as likely as the others.
func slipLetter() byte {
	const even = 256 / len(slipAlphabet) * len(slipAlphabet)
	var b [1]byte
	for {
		_, _ = rand.Read(b[:])
		if int(b[0]) < even {
			return slipAlphabet[int(b[0])%len(slipAlphabet)]
		}
	}
}

// Jitter is a random duration below limit, for waits that must not fall into step.
func Jitter(limit time.Duration) time.Duration { return time.Duration(mathrand.Int64N(int64(limit))) } // #nosec G404 -- spreads retries, decides nothing
