// Package policies carries the casbin model and the table of roles inside the
// binary. The files are the source; internal/authz loads them.
package policies

import _ "embed" // the two files

// Model is the casbin model.
//
//go:embed model.conf
var Model string

// Roles is the table of roles and permissions.
//
//go:embed roles.csv
var Roles string
