package httpx

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// statusClientGone is for the log only: nobody is there to read the answer.
const statusClientGone = 499

// requestPrefix begins the keys of bodies that could not be read at all (400),
// beside input that was read and is wrong (422).
const requestPrefix = "error.request."

// Status is the one table from error kind to HTTP status.
func Status(err error) int {
	e := errs.Of(err)
	switch e.Kind {
	case errs.Invalid:
		if strings.HasPrefix(e.Key, requestPrefix) {
			return http.StatusBadRequest
		}
		return http.StatusUnprocessableEntity
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict, errs.Precondition:
		return http.StatusConflict
	case errs.Stale:
		return http.StatusPreconditionFailed
	case errs.RateLimited:
		return http.StatusTooManyRequests
	case errs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Canceled:
		return statusClientGone
	}
	return http.StatusInternalServerError
}

// Problem is an error as the API tells it (RFC 9457).
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code"` // the message key: stable, for programs
	Fields    []ProblemField `json:"fields,omitempty"`
	Rule      string         `json:"rule,omitempty"`
	Remedy    []string       `json:"remedy,omitempty"`
	RequestID string         `json:"request_id"`
}

// ProblemField is one wrong input.
type ProblemField struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// NewProblem writes an error in a language. A fault of ours tells nothing but
// its request number; the cause is in the log.
func NewProblem(r *http.Request, err error, p i18n.Printer) Problem {
	e := errs.Of(err)
	if e.Kind == errs.Internal {
		e = errs.New(errs.Internal, "error.internal", nil)
	}
	kind := e.Kind.String()
	out := Problem{Type: "urn:shanhai:problem:" + kind, Title: p.T("problem." + kind), Status: Status(e), Detail: p.Error(e), Code: e.Key,
		Rule: e.Rule, RequestID: RequestID(r.Context())}
	if out.Code == "" {
		out.Code = "error." + kind
	}
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, ProblemField{f.Path, f.Key, p.Say(f.Key, f.Args)})
	}
	for _, key := range e.Remedy {
		out.Remedy = append(out.Remedy, p.Say(key, e.Args))
	}
	return out
}

// WriteProblem answers with a problem document.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error, p i18n.Printer) {
	problem := NewProblem(r, err, p)
	raw, failed := json.Marshal(problem)
	if failed != nil { // only strings and numbers in it
		raw = []byte(`{"status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	h.Set("Content-Language", string(p.Lang()))
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Length")
	RetryAfter(w, err)
	if problem.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="shanhai"`)
	}
	w.WriteHeader(problem.Status)
	_, _ = w.Write(append(raw, '\n'))
}

// unavailableRetry is how long a client should leave a struggling service alone.
const unavailableRetry = 5

// RetryAfter says when to come back, for errors that pass by themselves.
func RetryAfter(w http.ResponseWriter, err error) {
	e := errs.Of(err)
	switch e.Kind {
	case errs.RateLimited:
		if seconds, ok := e.Args["seconds"].(int); ok {
			w.Header().Set("Retry-After", strconv.Itoa(max(1, seconds)))
		}
	case errs.Unavailable:
		w.Header().Set("Retry-After", strconv.Itoa(unavailableRetry))
	}
}

// malformed is a request that could not be read: status 400.
func malformed(key string, args errs.Args, cause error) error {
	return &errs.Error{Kind: errs.Invalid, Key: key, Args: args, Cause: cause}
}

// WellFormed refuses a query that cannot be read as a whole: url.Values would be without
// the pair that is broken, and a filter nobody applied shows more than was asked for.
func WellFormed(r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return malformed("error.request.query", nil, nil)
	}
	return nil
}

// DecodeJSON reads a body of exactly one JSON value into dst. Unknown fields,
// something after the value and another content type are malformed requests:
// a field we do not know is a field somebody believes we stored.
func DecodeJSON(r *http.Request, dst any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return malformed("error.request.content_type", nil, err)
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		return jsonError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			return BodyError(err)
		}
		return malformed("error.request.trailing", nil, err)
	}
	return nil
}

// jsonError names what is wrong with a body as far as the decoder knows it.
func jsonError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return BodyError(err)
	}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e // a value's own parser knows better
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		bad := &errs.Error{Kind: errs.Invalid, Key: "error.request.type", Args: errs.Args{"field": e.Field}, Cause: err}
		bad.Fields.Add(e.Field, "error.request.type", "field", e.Field)
		return bad
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return malformed("error.request.json", errs.Args{"at": e.Offset}, err)
	}
	// The decoder has no type for this one; its text is fixed.
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return malformed("error.request.unknown_field", errs.Args{"field": strings.Trim(field, `"`)}, err)
	}
	if errors.Is(err, io.EOF) {
		return malformed("error.request.empty", nil, err)
	}
	return malformed("error.request.unreadable", nil, err)
}
