package history

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Column is one column of a block.
type Column struct {
	Index int       // from 0
	Label string    // the header cells from top to bottom, joined by " / "
	Field Field     // FieldNone when not recognised or not wanted
	Unit  money.Fen // of an amount: money.Yuan or money.Wan
}

// Letter is the column's name in the spreadsheet: A, B … AA.
func (c Column) Letter() string {
	name := ""
	for n := c.Index + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

// labelJoint stands between the header cells of a label.
const labelJoint = " / "

// leaf is the lowest header cell.
func (c Column) leaf() string {
	if i := strings.LastIndex(c.Label, labelJoint); i >= 0 {
		return c.Label[i+len(labelJoint):]
	}
	return c.Label
}

// Mapping says what the columns of a block mean. The one used is part of the
// result; a person may correct it and hand it in again, for this file (by Sheet
// and HeaderFirst) or for every later file with the same header (by Signature,
// Sheet empty).
type Mapping struct {
	Sheet       string
	HeaderFirst int // rows of the header
	HeaderLast  int
	Signature   string // the labels of the header, as compared
	Programme   procedure.Programme
	Columns     []Column
}

// Has reports whether a field is mapped.
func (m *Mapping) Has(f Field) bool { return m.column(f) != nil }

func (m *Mapping) column(f Field) *Column {
	for i := range m.Columns {
		if m.Columns[i].Field == f {
			return &m.Columns[i]
		}
	}
	return nil
}

// Unrecognised lists the columns with a label nobody understood.
func (m *Mapping) Unrecognised() []Column {
	var list []Column
	for _, c := range m.Columns {
		if c.Field == FieldNone && c.Label != "" {
			list = append(list, c)
		}
	}
	return list
}

// viable reports whether the columns can be a ledger: somebody, and something
// that was done or paid.
func (m *Mapping) viable() bool {
	if !m.Has(FieldName) && !m.Has(FieldNumber) {
		return false
	}
	n := 0
	for _, f := range []Field{FieldOperatedOn, FieldAdmittedOn, FieldDischargedOn, FieldOperation, FieldSide, FieldHospital, FieldTotal,
		FieldReduction, FieldReductionFund, FieldReductionHospital, FieldSurgeon} {
		if m.Has(f) {
			n++
		}
	}
	return n >= 2
}

// given finds the mapping a person has supplied for a header.
func given(list []Mapping, auto Mapping) (Mapping, bool) {
	i := slices.IndexFunc(list, func(m Mapping) bool {
		if m.Sheet != "" {
			return m.Sheet == auto.Sheet && m.HeaderFirst == auto.HeaderFirst
		}
		return m.Signature != "" && m.Signature == auto.Signature
	})
	if i < 0 {
		return auto, false
	}
	m := list[i]
	auto.Columns = make([]Column, len(m.Columns))
	for j, c := range m.Columns {
		if c.Unit == 0 {
			c.Unit = money.Yuan
		}
		auto.Columns[j] = c
	}
	if m.Programme != "" {
		auto.Programme = m.Programme
	}
	return auto, true
}

// programmeOf reads the programme out of a title or a tab's name.
func programmeOf(text string) procedure.Programme {
	s := strings.ToLower(squeeze(text))
	switch {
	case anyOf(s, "白内障|光明|复明|眼"):
		return procedure.Cataract
	case anyOf(s, "冠|心脏|心血管|介入|支架|pci|造影"):
		return procedure.Coronary
	case anyOf(s, "站立|关节|髋|膝|骨科"):
		return procedure.Joint
	}
	return ""
}
