package procedure

import (
	"regexp"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Code is one code with the catalogue it was taken from. The same digits mean
// different things in different editions, so a bare code is never stored.
type Code struct {
	Code      string
	Catalogue string // "icd-9-cm-3", "icd-10", "gjlc" (national clinical edition), "yb" (insurers' edition)
	Version   string // "2.0", "3.0", "2011"
}

// The catalogues the house fills in by itself.
const (
	CatalogueOperations = "icd-9-cm-3"
	CatalogueDiagnoses  = "icd-10"
	catalogueVersion    = "2011"
)

var (
	// 81.51 · 81.5100 · 81.5100x004: four digits, the national two, the local three.
	operationForm = regexp.MustCompile(`^\d{2}\.\d{2}(\d{2}(x\d{3})?)?$`)
	// M17 · M17.1 · M17.100 · M17.100x001 · I10.x00x002, dagger and asterisk as in the book.
	diagnosisForm = regexp.MustCompile(`^[A-Z]\d{2}(\.(x\d{2}|\d{1,3})(x\d{3})?)?[+*]?$`)
)

// ParseOperationCode reads an ICD-9-CM-3 code in any of its national lengths.
// Both x and X are found in the wild; the lower-case letter is kept.
func ParseOperationCode(text string) (Code, error) {
	s := strings.ToLower(squeeze(text))
	if !operationForm.MatchString(s) {
		return Code{}, invalid("error.procedure.code_form", "code", text)
	}
	return Code{s, CatalogueOperations, catalogueVersion}, nil
}

// ParseDiagnosisCode reads an ICD-10 code in any of its national lengths.
func ParseDiagnosisCode(text string) (Code, error) {
	s := strings.ToLower(squeeze(text))
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !diagnosisForm.MatchString(s) {
		return Code{}, invalid("error.procedure.code_form", "code", text)
	}
	return Code{s, CatalogueDiagnoses, catalogueVersion}, nil
}

func invalid(key string, name string, value any) *errs.Error {
	return errs.New(errs.Invalid, key, errs.Args{name: value})
}

// Base is the international part of the code, without national extensions:
// 81.5100x004 → 81.51, M17.100x001 → M17.1.
func (c Code) Base() string { return c.Code[:min(5, len(c.Code))] }

// counter is the code that counts vessels or stents; the book ends at "four or more".
func counter(n int, codes ...string) string { return codes[min(n, len(codes))-1] }

// DefaultOperations are the codes the kind and the counts lead to; the person
// may make them finer.
func DefaultOperations(k Kind, h *HeartPart) []Code {
	r, ok := k.row()
	if !ok {
		return nil
	}
	var codes []string
	for _, group := range r.groups {
		codes = append(codes, group[0])
	}
	if k.Intervention() && h != nil {
		if h.Stents > 0 && h.DrugEluting {
			codes = append(codes, "36.07")
		} else if h.Stents > 0 {
			codes = append(codes, "36.06")
		}
		if n := len(h.Vessels); n > 0 {
			codes = append(codes, counter(n, "00.40", "00.41", "00.42", "00.43"))
		}
		if h.Stents > 0 {
			codes = append(codes, counter(h.Stents, "00.45", "00.46", "00.47", "00.48"))
		}
	}
	out := make([]Code, len(codes))
	for i, c := range codes {
		out[i] = Code{c, CatalogueOperations, catalogueVersion}
	}
	return out
}

// AllowedOperations lists the base codes that may stand beside the kind.
func AllowedOperations(k Kind) []string {
	r, _ := k.row()
	var out []string
	for _, group := range r.groups {
		out = append(out, group...)
	}
	return append(out, r.extra...)
}

// checkOperations compares codes with the kind: each group met, nothing that
// contradicts it (a stent code in a pure angiography, a revision code in a
// first replacement). No codes at all is fine: the defaults are filled in.
func checkOperations(p Procedure, f *errs.Fields) {
	r, ok := p.Kind.row()
	if !ok || len(p.Operations) == 0 {
		return
	}
	have := make([]string, 0, len(p.Operations))
	allowed := AllowedOperations(p.Kind)
	for _, c := range p.Operations {
		have = append(have, c.Base())
		switch {
		case !operationForm.MatchString(c.Code) || c.Catalogue == "" || c.Version == "":
			f.Add("operations", "error.procedure.code_form", "code", c.Code)
		case !slices.Contains(allowed, c.Base()):
			f.Add("operations", "error.procedure.code_contradicts", "code", c.Code, "kind", errs.Key(p.Kind.Label()))
		}
	}
	for _, group := range r.groups {
		if !slices.ContainsFunc(group, func(c string) bool { return slices.Contains(have, c) }) {
			f.Add("operations", "error.procedure.code_missing",
				"codes", strings.Join(group, " / "), "kind", errs.Key(p.Kind.Label()))
		}
	}
}

// blocks are the ICD-10 blocks a programme's operations usually have; anything
// else is taken and marked.
func blocks(p Programme) []string {
	switch p {
	case Joint:
		return []string{"M", "Q65", "Q74", "S32", "S72", "S73", "S82", "S83", "T84", "T93", "D66", "D67", "C40", "C41", "C79", "D16", "Z96"}
	case Cataract:
		return []string{"H", "Q12", "E10", "E11", "E12", "E13", "E14", "S05", "T85", "Z96"}
	case Coronary:
		return []string{"I", "Z95", "R07", "R94", "Q24", "T82"}
	}
	return nil
}

func checkDiagnoses(p Procedure, f *errs.Fields) (ws []Warning) {
	for _, c := range p.Diagnoses {
		if !diagnosisForm.MatchString(c.Code) || c.Catalogue == "" || c.Version == "" {
			f.Add("diagnoses", "error.procedure.code_form", "code", c.Code)
			continue
		}
		inBlock := func(b string) bool { return strings.HasPrefix(c.Code, b) }
		if !slices.ContainsFunc(blocks(p.Programme), inBlock) {
			ws = append(ws, Warning{Rule: RuleDiagnosisBlock, Path: "diagnoses", Args: errs.Args{"code": c.Code}})
		}
	}
	return ws
}
