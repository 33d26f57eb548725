// Package dataclass is the register of what the database holds: for each column
// how sensitive it is, why it is kept and how long. The lines are data, in
// policies/columns.csv; this package says what their words mean. A column that is
// on no line fails the build, so nothing is collected without a purpose.
package dataclass

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Level is how sensitive a column is, 1 to 5 as in GB/T 39725: 1 may be public,
// 5 may be seen by next to nobody.
type Level int

// The levels.
const (
	Open     Level = 1 // may be read by anybody
	Internal Level = 2 // for people of the programme; names no person
	Linked   Level = 3 // tells of a person only together with a column of Personal
	Personal Level = 4 // says who a patient is, or what ails them
	Secret   Level = 5 // proves who somebody is, or opens what is sealed
)

// Levels lists the levels, the lowest first.
func Levels() []Level { return []Level{Open, Internal, Linked, Personal, Secret} }

// Category is the class of data of GB/T 39725.
type Category string

// The categories; System is what the standard does not class: keys and workings.
const (
	Attribute Category = "attribute"
	Health    Category = "health"
	Care      Category = "care"
	Payment   Category = "payment"
	Resource  Category = "resource"
	PublicUse Category = "public"
	System    Category = "system"
)

// Categories lists the categories.
func Categories() []Category {
	return []Category{Attribute, Health, Care, Payment, Resource, PublicUse, System}
}

// Purpose is why a column is kept.
type Purpose string

// Purposes lists the purposes there are. A new one is a decision: it has to be
// told to the people the data is about.
func Purposes() []Purpose {
	return []Purpose{"identity", "eligibility", "screening", "care", "outcome", "referral", "device", "funding", "ledger", "payout", "notice",
		"oversight", "staff", "visiting", "report", "rules", "access", "trail", "rights", "operation"}
}

// Retention is how long a column is kept.
type Retention string

// The periods.
const (
	// Record: in-patient records, 30 years after the last discharge (rules on the
	// keeping of medical records, article 29).
	Record Retention = "record"
	// Accounts: vouchers and ledgers, 30 years after the end of the year (rules on
	// the keeping of accounts, annex).
	Accounts Retention = "accounts"
	// Forever: which implant went into whom.
	Forever Retention = "forever"
	// Trail: who did what, at least three years (the Cybersecurity Law asks for six
	// months); the chain is never shortened inside that time.
	Trail Retention = "trail"
	// Staff: three years after somebody has left.
	Staff Retention = "staff"
	// Standing: places and rules, as long as anything made under them is kept.
	Standing Retention = "standing"
	// Passing: until it was used or ran out, removed by the upkeep within 30 days.
	Passing Retention = "passing"
	// Derived: made anew from other tables, and goes with its source.
	Derived Retention = "derived"
)

// Retentions lists the periods.
func Retentions() []Retention {
	return []Retention{Record, Accounts, Forever, Trail, Staff, Standing, Passing, Derived}
}

// Line is a set of columns of one table that are alike.
type Line struct {
	Table     string
	Columns   []string
	Level     Level
	Category  Category
	Purpose   Purpose
	Retention Retention
}

// Register is every column with its line.
type Register struct {
	lines []Line
	at    map[Column]int
}

// Column names a column of the database.
type Column struct {
	Table string `db:"table_name"`
	Name  string `db:"column_name"`
}

// String is "table.column".
func (c Column) String() string { return c.Table + "." + c.Name }

// Parse reads the register. A word it does not know, or a column named twice,
// is an error: a typing mistake must not pass as a class.
func Parse(text string) (Register, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 6
	rows, err := r.ReadAll()
	if err != nil {
		return Register{}, fmt.Errorf("dataclass: %w", err)
	}
	reg := Register{at: map[Column]int{}}
	for _, row := range rows {
		level, err := strconv.Atoi(row[2])
		l := Line{row[0], strings.Fields(row[1]), Level(level), Category(row[3]), Purpose(row[4]), Retention(row[5])}
		if err != nil || l.Table == "" || len(l.Columns) == 0 || !slices.Contains(Levels(), l.Level) || !slices.Contains(Categories(), l.Category) ||
			!slices.Contains(Purposes(), l.Purpose) || !slices.Contains(Retentions(), l.Retention) {
			return Register{}, fmt.Errorf("dataclass: no line of the register: %q", strings.Join(row, ","))
		}
		for _, name := range l.Columns {
			c := Column{l.Table, name}
			if _, twice := reg.at[c]; twice {
				return Register{}, fmt.Errorf("dataclass: %s is on two lines", c)
			}
			reg.at[c] = len(reg.lines)
		}
		reg.lines = append(reg.lines, l)
	}
	return reg, nil
}

// Lines are the lines as they stand in the file.
func (r Register) Lines() []Line { return slices.Clone(r.lines) }

// Size is the number of columns and of tables.
func (r Register) Size() (columns, tables int) {
	names := map[string]bool{}
	for _, l := range r.lines {
		names[l.Table] = true
	}
	return len(r.at), len(names)
}

// Of is the line of a column.
func (r Register) Of(c Column) (Line, bool) {
	i, ok := r.at[c]
	if !ok {
		return Line{}, false
	}
	return r.lines[i], true
}

// Compare holds the register against the columns a database has: those it does
// not know, and those it names that are not there.
func (r Register) Compare(have []Column) (unknown, gone []Column) {
	there := map[Column]bool{}
	for _, c := range have {
		there[c] = true
		if _, ok := r.at[c]; !ok {
			unknown = append(unknown, c)
		}
	}
	for _, l := range r.lines {
		for _, name := range l.Columns {
			if c := (Column{l.Table, name}); !there[c] {
				gone = append(gone, c)
			}
		}
	}
	return unknown, gone
}
