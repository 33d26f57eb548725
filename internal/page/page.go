// Package page is keyset paging: a page is asked for by the key of the last row
// seen, never by an offset, so that page 2,000 costs what page 1 costs.
package page

import (
	"encoding/base64"
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Limits of a page. Nothing in the house reads an unbounded list.
const (
	DefaultSize = 50
	MaxSize     = 200
)

// Request asks for a page: rows after a cursor, at most Size of them.
type Request struct {
	After string // opaque cursor, empty for the first page
	Size  int    // 0 means DefaultSize
}

// Limit is the clamped size.
func (r Request) Limit() int {
	if r.Size <= 0 {
		return DefaultSize
	}
	return min(r.Size, MaxSize)
}

// Cursor decodes the sort key of the last row seen into dst (pointers, in the
// order they were encoded). It reports false on the first page.
func (r Request) Cursor(dst ...any) (bool, error) {
	if r.After == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(r.After)
	if err == nil {
		var parts []json.RawMessage
		if err = json.Unmarshal(raw, &parts); err == nil && len(parts) == len(dst) {
			for i := range dst {
				if err = json.Unmarshal(parts[i], dst[i]); err != nil {
					break
				}
			}
			if err == nil {
				return true, nil
			}
		}
	}
	return false, &errs.Error{Kind: errs.Invalid, Key: "error.page.cursor", Cause: err}
}

// Encode makes a cursor from a row's sort key. The key holds no personal data:
// cursors appear in addresses.
func Encode(key ...any) string {
	raw, err := json.Marshal(key)
	if err != nil {
		panic("page: cursor key cannot be encoded: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Result is one page of rows and the cursor of the next, empty at the end.
type Result[T any] struct {
	Rows []T
	Next string
}

// Cut makes a Result from up to Limit()+1 rows: the extra row proves there is more.
func Cut[T any](r Request, rows []T, key func(T) []any) Result[T] {
	if len(rows) <= r.Limit() {
		return Result[T]{Rows: rows}
	}
	rows = rows[:r.Limit()]
	return Result[T]{Rows: rows, Next: Encode(key(rows[len(rows)-1])...)}
}
