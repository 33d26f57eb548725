// Package migrations holds the schema, embedded. Files run in the order of
// their numbers and are never changed after a release.
package migrations

import "embed"

// FS holds the SQL files.
//
//go:embed *.sql
var FS embed.FS
