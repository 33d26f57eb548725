package treatment

import (
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// maxReason is the longest reason of an exception, in characters.
const maxReason = 500

// verdict is what the privileges of the lead say about an operation.
type verdict struct {
	finding practitioner.Finding
	nearest practitioner.Privilege
}

// outside reports whether the operation needs a second signature.
func (v verdict) outside() bool { return v.finding != "" && v.finding != practitioner.Within }

// warning is the mark the record gets.
func (v verdict) warning(o store.Operation) procedure.Warning {
	return procedure.Warning{Rule: procedure.RuleOutsidePrivilege, Path: "lead", Review: true,
		Args: errs.Args{"name": o.LeadName, "kind": errs.Key(o.Kind.Label()), "date": o.OperatedOn, "finding": errs.Key(v.finding.Label())}}
}

// judgePrivilege compares the lead with what the hospital granted.
func judgePrivilege(tx *store.Tx, lead practitioner.Practitioner, p procedure.Procedure) (verdict, error) {
	granted, err := tx.PrivilegesOf(lead.ID, p.Hospital)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	v.finding, v.nearest = practitioner.Judge(practitioner.Act{Doctor: lead, Hospital: p.Hospital, Kind: p.Kind, On: p.OperatedOn}, granted)
	return v, nil
}

// checkPrivilegeReason asks why an operation outside of the privileges was done.
// The operation itself is never refused.
func checkPrivilegeReason(reason string) error {
	var f errs.Fields
	switch n := utf8.RuneCountInString(strings.TrimSpace(reason)); {
	case n == 0:
		f.Add("reason", "error.operation.privilege_reason")
	case n > maxReason:
		f.Add("reason", "form.error.long", "max", maxReason)
	}
	return f.Err()
}

// reasonBefore is the reason of a correction, or else the one the exception of
// the record has already.
func reasonBefore(tx *store.Tx, old store.Operation, reason string) (string, error) {
	if strings.TrimSpace(reason) != "" {
		return reason, nil
	}
	x, err := tx.ExceptionOf(old.ID)
	return x.Reason, err
}

// keepException puts an operation outside of the privileges into the queue of
// the second signature. After a correction the exception follows the record: it
// is signed anew when what was signed has changed, and void when nothing is
// left of it.
func keepException(tx *store.Tx, o store.Operation, t store.Treatment, v verdict, reason string) error {
	x, err := tx.ExceptionOf(o.ID)
	if err != nil {
		return err
	}
	if !v.outside() {
		if x.ID == ident.Nil || x.State == practitioner.ExceptionVoid {
			return nil
		}
		return tx.VoidException(x)
	}
	same := x.Practitioner == o.Lead && x.Kind == o.Kind && x.OperatedOn == o.OperatedOn && x.Finding == v.finding
	x.Finding, x.WindowFrom, x.WindowTo = v.finding, v.nearest.From, v.nearest.To
	switch {
	case x.ID == ident.Nil:
		x.ID, x.Reason = ident.New(), strings.TrimSpace(reason)
		return tx.InsertException(x, o, t)
	case same && x.State != practitioner.ExceptionVoid:
		return nil
	}
	if text := strings.TrimSpace(reason); text != "" {
		x.Reason = text
	}
	return tx.ReopenException(x, o)
}
