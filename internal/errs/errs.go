// Package errs is the one error type of the house.
//
// An [Error] says what kind of trouble it is, and names the sentence the person
// should read by a message key of the catalogue (web/i18n), never by text: the
// same refusal is shown in Chinese or English, as a page or as a problem
// document. Everything that is not an *Error is a fault of ours: it is logged
// and shown as a general sentence.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the closed set of error categories. Delivery maps each to one HTTP
// status; nothing else may depend on statuses.
type Kind int

// The kinds, from "our fault" to "your input".
const (
	Internal        Kind = iota // a fault of ours; details are logged, never shown
	Invalid                     // the input is wrong; Fields says where
	Unauthenticated             // nobody is signed in, or the token is not good
	Forbidden                   // signed in, but the role may not do this
	NotFound                    // does not exist, or is not visible to the caller
	Conflict                    // the same thing exists already
	Stale                       // somebody changed the record in between
	Precondition                // the workflow does not allow this step now
	RateLimited                 // too often; Args may carry "seconds"
	TooLarge                    // the body exceeds the limit
	Unavailable                 // the database or another part is not reachable
	Canceled                    // the caller went away
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "stale",
	"precondition", "rate_limited", "too_large", "unavailable", "canceled"}

// String is the kind's name in logs and problem documents.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// Args are the values for the placeholders of a message. Values that are
// themselves message keys are wrapped in [Key].
type Args map[string]any

// Key marks an argument that is to be looked up in the catalogue before it is
// put into the sentence, for example the name of a state.
type Key string

// Field is one wrong input: the path of the form or JSON field and the sentence
// to show beside it.
type Field struct {
	Path string
	Key  string
	Args Args
}

// Error is the error every room returns for trouble a person can act on.
type Error struct {
	Kind   Kind
	Key    string // message key, e.g. "error.fund.insufficient"
	Args   Args
	Rule   string   // id of the rule that refused, when a rule did
	Remedy []string // message keys of the next steps that would work
	Fields Fields
	Cause  error
}

// Error is for logs; people read the message of Key.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	if e.Key != "" {
		b.WriteString(" " + e.Key)
	}
	for _, f := range e.Fields {
		b.WriteString(" [" + f.Path + ": " + f.Key + "]")
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error of a kind with the sentence of a message key.
func New(kind Kind, key string, args Args) *Error { return &Error{Kind: kind, Key: key, Args: args} }

// Wrap gives a cause a kind and a sentence. A nil cause gives nil.
func Wrap(cause error, kind Kind, key string, args Args) error {
	if cause == nil {
		return nil
	}
	return &Error{Kind: kind, Key: key, Args: args, Cause: cause}
}

// Refuse is a workflow refusal: the rule's id, the sentence, and the message
// keys of what would work instead.
func Refuse(rule, key string, args Args, remedy ...string) *Error {
	return &Error{Kind: Precondition, Key: key, Args: args, Rule: rule, Remedy: remedy}
}

// Missing is the answer for what does not exist or may not be seen: the two are
// told apart nowhere.
func Missing(key string) *Error { return &Error{Kind: NotFound, Key: key} }

// KindOf classifies any error; what is not an *Error is Internal. A nil error
// has no kind and must not be asked.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err carries the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Of returns the *Error inside err, or a general Internal one around it.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Key: "error.internal", Cause: err}
}

// recorded is an error whose refusal is in the audit log already.
type recorded struct{ error }

func (r recorded) Unwrap() error { return r.error }

// Recorded marks an error as noted in the audit log, so that the door, which
// notes every refusal, does not note it again.
func Recorded(err error) error {
	if err == nil {
		return nil
	}
	return recorded{err}
}

// IsRecorded reports whether the refusal was noted.
func IsRecorded(err error) bool {
	_, ok := errors.AsType[recorded](err)
	return ok
}

// Fields collects wrong inputs, in the order of the form.
type Fields []Field

// Add notes one wrong input. The pairs are placeholder names and values.
func (f *Fields) Add(path, key string, pairs ...any) {
	var args Args
	if len(pairs) > 0 {
		args = Args{}
		for i := 0; i+1 < len(pairs); i += 2 {
			args[pairs[i].(string)] = pairs[i+1]
		}
	}
	*f = append(*f, Field{Path: path, Key: key, Args: args})
}

// Merge adds the fields of err (an Invalid error) under a path prefix and
// returns any other error unchanged.
func (f *Fields) Merge(prefix string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Invalid {
		return err
	}
	for _, x := range e.Fields {
		x.Path = prefix + x.Path
		*f = append(*f, x)
	}
	return nil
}

// Has reports whether a path has been noted.
func (f Fields) Has(path string) bool {
	for _, x := range f {
		if x.Path == path {
			return true
		}
	}
	return false
}

// Err is nil when nothing was noted, else one Invalid error with all of it.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "error.form", Args: Args{"n": len(f)}, Fields: f}
}
