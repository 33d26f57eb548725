package screening

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Theatre records operations that a browser kept. It is the services of care and
// of implants together, which know nothing of stores and files.
type Theatre interface {
	// Keep records an operation and its stickers, each once. A refusal of the
	// stickers comes back beside the operation, which stands all the same.
	Keep(ctx context.Context, who user.Principal, in Operation, perm authz.Permission) (KeptOperation, error)
}

// Operation is an operation that a browser kept, under the id it made.
type Operation struct {
	ID        ident.ID
	Hospital  ident.ID
	Treatment ident.ID
	procedure.Procedure
	Known  []ident.ID // operations of the treatment the browser had seen
	Both   bool       // the one somebody else wrote down was looked at: this is another one
	Reason string
	Scans  []string // stickers, one a line
	By     ident.ID // whose work it is, where somebody else brings it
}

// KeptOperation is what became of an operation.
type KeptOperation struct {
	Stored store.Stored
	Have   *store.Operation // stands instead: under the id, or written down by somebody else
	Parts  error            // why the stickers were not recorded; nil when they were
}

// keptOperation is the body of an operation as the browser wrote it.
type keptOperation struct {
	procedure.Typed
	Treatment ident.ID   `json:"treatment"`
	Known     []ident.ID `json:"known"`
	Both      bool       `json:"both"`
	Reason    string     `json:"reason"`
	Scans     []string   `json:"scans"`
}

// ReceiveOperations records operations that were kept without a network, each
// once, and answers every one of them in their order.
func (s *Service) ReceiveOperations(ctx context.Context, who user.Principal, in ReceiveInput) ([]Answer, error) {
	if in.Hospital == ident.Nil {
		return nil, invalid("hospital", "form.error.pick")
	}
	if err := s.at(who, authz.ProcedureLog, in.Hospital); err != nil {
		return nil, err
	}
	return s.operations(ctx, who, in, carrier{perm: authz.ProcedureLog})
}

// carrier is who brings what was kept: its owner, or somebody for them.
type carrier struct {
	perm authz.Permission
	by   ident.ID // whose work it is; nil for one's own
}

func (s *Service) operations(ctx context.Context, who user.Principal, in ReceiveInput, c carrier) ([]Answer, error) {
	if len(in.Forms) == 0 || len(in.Forms) > MaxRows {
		return nil, invalid("rows", "error.screening.rows", "n", MaxRows)
	}
	out := make([]Answer, len(in.Forms))
	for i, f := range in.Forms {
		out[i] = Answer{Receipt: Receipt{ID: f.ID, Outcome: Refused}, Digest: digestOf([]byte(f.Body)), Theatre: true}
		o, wrong := f.operation(in.Hospital, c.by)
		out[i].Operation = o.Procedure
		if out[i].Fields = wrong; len(wrong) > 0 {
			continue
		}
		kept, err := s.theatre.Keep(ctx, who, o, c.perm)
		if err != nil {
			if out[i].Fields, err = said(err); err != nil {
				return nil, err
			}
			continue
		}
		if out[i].took(kept); kept.Parts != nil {
			if out[i].Fields, err = said(kept.Parts); err != nil {
				return nil, err
			}
			out[i].Fields = slices.Insert(out[i].Fields, 0, errs.Field{Key: "error.outreach.parts"})
		}
	}
	return out, nil
}

// took notes what became of an operation.
func (a *Answer) took(kept KeptOperation) {
	switch {
	case kept.Stored == store.RowTaken:
		a.Standing = kept.Have
		a.Fields.Add("id", "error.outreach.operation_taken")
	case kept.Parts == nil:
		a.Outcome = Outcome(kept.Stored)
	}
}

// said is a refusal as the fields of an answer. What is no refusal, say a store
// that does not answer, stays an error: the browser comes again.
func said(err error) (errs.Fields, error) {
	e := errs.Of(err)
	switch e.Kind {
	case errs.Invalid, errs.Forbidden, errs.NotFound, errs.Precondition, errs.Conflict:
	default:
		return nil, err
	}
	if len(e.Fields) > 0 {
		return e.Fields, nil
	}
	return errs.Fields{{Key: e.Key, Args: e.Args}}, nil
}

// operation reads the body; one that cannot be read is refused with that alone.
func (f Sent) operation(hospital, by ident.ID) (Operation, errs.Fields) {
	var body keptOperation
	if err := json.Unmarshal([]byte(f.Body), &body); err != nil {
		return Operation{}, errs.Fields{{Key: "error.screening.row"}}
	}
	p, wrong := body.Typed.Procedure()
	return Operation{ID: f.ID, Hospital: hospital, Treatment: body.Treatment, Procedure: p.Completed(), Known: body.Known, Both: body.Both, Reason: body.Reason, Scans: body.Scans, By: by}, wrong
}
