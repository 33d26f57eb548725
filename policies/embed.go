// Package policies carries the casbin model, the table of roles and the register
// of columns inside the binary. The files are the source; internal/authz loads the
// first two, internal/domain/dataclass explains the third.
package policies

import _ "embed" // the files

// Model is the casbin model.
//
//go:embed model.conf
var Model string

// Roles is the table of roles and permissions.
//
//go:embed roles.csv
var Roles string

// Columns is the register of what every column of the database is, why it is kept
// and how long.
//
//go:embed columns.csv
var Columns string
