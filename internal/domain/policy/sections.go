package policy

import (
	"slices"
	"strconv"
)

// Section is a part of a version that is edited as one list.
type Section string

// The sections in the order of the waterfall.
const (
	InCategory   Section = "category"
	InPackage    Section = "package"
	InBasic      Section = "basic"
	InCritical   Section = "critical"
	InRelief     Section = "relief"
	InAssistance Section = "assistance"
	InTilt       Section = "tilt"
	InReduction  Section = "reduction"
)

// Sections lists the sections.
func Sections() []Section {
	return []Section{InCategory, InPackage, InBasic, InCritical, InRelief, InAssistance, InTilt, InReduction}
}

// Known reports whether there is such a section.
func (s Section) Known() bool { return slices.Contains(Sections(), s) }

// Label is the message key of the section's name.
func (s Section) Label() string { return "policy.section." + string(s) }

// letters begin the ids of new rules.
var letters = map[Section]string{InPackage: "P", InBasic: "B", InCritical: "C", InRelief: "R", InAssistance: "A", InTilt: "T", InReduction: "J"}

// Rule is one rule of any section.
type Rule interface{ Check() error }

type entry struct {
	id         string
	rule       Rule
	categories []string
}

func (r *Rules) layers(s Section) *[]Layer {
	switch s {
	case InBasic:
		return &r.Basic
	case InCritical:
		return &r.Critical
	case InAssistance:
		return &r.Assistance
	case InTilt:
		return &r.Tilt
	}
	return nil
}

func (r Rules) list(s Section) []entry {
	var out []entry
	switch s {
	case InCategory:
		for _, x := range r.Categories {
			out = append(out, entry{x.Code, x, nil})
		}
	case InPackage:
		for _, x := range r.Packages {
			out = append(out, entry{x.ID, x, nil})
		}
	case InRelief:
		for _, x := range r.Reliefs {
			out = append(out, entry{x.ID, x, x.Categories})
		}
	case InReduction:
		for _, x := range r.Reductions {
			out = append(out, entry{x.ID, x, x.Categories})
		}
	default:
		for _, x := range *r.layers(s) {
			out = append(out, entry{x.ID, x, x.Categories})
		}
	}
	return out
}

// IDs lists the ids of the rules of a section.
func (r Rules) IDs(s Section) []string {
	var out []string
	for _, x := range r.list(s) {
		out = append(out, x.id)
	}
	return out
}

// Rule is a rule of a section by its id.
func (r Rules) Rule(s Section, id string) (Rule, bool) {
	for _, x := range r.list(s) {
		if x.id == id {
			return x.rule, true
		}
	}
	return nil, false
}

// NextID is the id of a new rule in a section; ids of removed rules are given
// again only when they were the last.
func (r Rules) NextID(s Section) string {
	top := 0
	for _, x := range r.list(s) {
		if n, err := strconv.Atoi(x.id[min(1, len(x.id)):]); err == nil {
			top = max(top, n)
		}
	}
	return letters[s] + strconv.Itoa(top+1)
}

// Put adds a rule to its section, or takes the place of the one with the id.
func (r *Rules) Put(s Section, id string, rule Rule) {
	switch x := rule.(type) {
	case Category:
		r.Categories = put(r.Categories, x, func(c Category) bool { return c.Code == id })
	case Package:
		r.Packages = put(r.Packages, x, func(c Package) bool { return c.ID == id })
	case Relief:
		r.Reliefs = put(r.Reliefs, x, func(c Relief) bool { return c.ID == id })
	case Reduction:
		r.Reductions = put(r.Reductions, x, func(c Reduction) bool { return c.ID == id })
	case Layer:
		list := r.layers(s)
		*list = put(*list, x, func(c Layer) bool { return c.ID == id })
	}
}

func put[T any](list []T, x T, same func(T) bool) []T {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = x
		return list
	}
	return append(list, x)
}

// First moves a rule to the head of its section: the first that fits counts.
func (r *Rules) First(s Section, id string) {
	switch s {
	case InCategory:
		r.Categories = first(r.Categories, func(c Category) bool { return c.Code == id })
	case InPackage:
		r.Packages = first(r.Packages, func(c Package) bool { return c.ID == id })
	case InRelief:
		r.Reliefs = first(r.Reliefs, func(c Relief) bool { return c.ID == id })
	case InReduction:
		r.Reductions = first(r.Reductions, func(c Reduction) bool { return c.ID == id })
	default:
		list := r.layers(s)
		*list = first(*list, func(c Layer) bool { return c.ID == id })
	}
}

func first[T any](list []T, is func(T) bool) []T {
	i := slices.IndexFunc(list, is)
	if i <= 0 {
		return list
	}
	x := list[i]
	return append([]T{x}, slices.Delete(slices.Clone(list), i, i+1)...)
}

// Remove takes a rule off its section.
func (r *Rules) Remove(s Section, id string) {
	switch s {
	case InCategory:
		r.Categories = drop(r.Categories, func(c Category) bool { return c.Code == id })
	case InPackage:
		r.Packages = drop(r.Packages, func(c Package) bool { return c.ID == id })
	case InRelief:
		r.Reliefs = drop(r.Reliefs, func(c Relief) bool { return c.ID == id })
	case InReduction:
		r.Reductions = drop(r.Reductions, func(c Reduction) bool { return c.ID == id })
	default:
		list := r.layers(s)
		*list = drop(*list, func(c Layer) bool { return c.ID == id })
	}
}

func drop[T any](list []T, is func(T) bool) []T { return slices.DeleteFunc(slices.Clone(list), is) }
