package servicetest

import (
	_ "embed"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

//go:embed treated.sql
var treatedSQL string

//go:embed merge.sql
var mergeSQL string

// Treated is one person-time as measures see it: a treatment with operations on
// consecutive days and, where State is set, a settlement.
type Treated struct {
	Person    ident.ID // nil: a new one
	Root      ident.ID // nil: not merged
	Name      string
	Programme measure.Programme
	At        Place
	On        clock.Date
	Category  string
	Visiting  bool
	Withdrawn bool // taken back by the reversal of an import
	Joints    int  // operations; for the other programmes eyes or sessions
	Money     measure.Layers
	State     string // of the settlement: settled, draft, reversed, or empty for none
}

// Treat stores a person-time as it is found in the tables in the end, without
// the steps that lead there, and returns the person. Bill is what the layers add
// up to. It is for tests of figures, which need many of them.
func (w *World) Treat(x Treated) ident.ID {
	w.T.Helper()
	if x.Person == ident.Nil {
		x.Person = ident.New()
	}
	if x.Name == "" {
		x.Name = "向田秀"
	}
	kind, site, side := "TKA", "knee", "L"
	switch x.Programme {
	case measure.Cataract:
		kind, site, side = "PHACO_IOL", "eye", "R"
	case measure.Coronary:
		kind, site, side = "PCI", "coronary", ""
	}
	operations := make([]string, x.Joints)
	for i := range operations {
		operations[i] = ident.New().String()
	}
	var root *ident.ID
	if x.Root != ident.Nil {
		root = &x.Root
	}
	file, m := ident.New(), x.Money
	_, err := w.super.Exec(treatedSQL, w.Partnership.ID, x.Person, root, x.Name, w.ID(x.At), w.Clock.Now(), file,
		w.Partnership.Code+"-2026-"+strings.ToUpper(file.String()[24:]), string(x.Programme), x.On, !x.Withdrawn, ident.New(), "{"+strings.Join(operations, ",")+"}",
		x.Category, x.Visiting, kind, site, side, ident.New(), m.Basic, m.Critical, m.Assistance, m.Other, m.Fund, m.Waiver, m.Net, x.State)
	if err != nil {
		w.T.Fatal(err)
	}
	return x.Person
}

// Merge makes a person the same as another.
func (w *World) Merge(person, root ident.ID) {
	w.T.Helper()
	if _, err := w.super.Exec(mergeSQL, w.Partnership.ID, person, root); err != nil {
		w.T.Fatal(err)
	}
}
