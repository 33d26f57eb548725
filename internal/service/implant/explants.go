package implant

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ExplantInput is what an operation took out: parts that are on record, by id,
// and one that is not, by its role.
type ExplantInput struct {
	Operation ident.ID
	Version   int64 // of the operation record
	Parts     []ident.ID
	Role      device.Role
	Note      string
}

// AddExplants records what an operation took out.
func (s *Service) AddExplants(ctx context.Context, who user.Principal, in ExplantInput, key Key) ([]Explant, error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return nil, err
	}
	in.Note = strings.TrimSpace(in.Note)
	var f errs.Fields
	if len([]rune(in.Note)) > maxText {
		f.Add("note", "form.error.long", "max", maxText)
	}
	if len(in.Parts) == 0 && in.Role == "" {
		f.Add("parts", "error.device.explant_none")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"what": "explant", "parts": len(in.Parts)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) ([]Explant, error) {
		o, err := s.toEdit(tx, in.Operation)
		if err != nil {
			return nil, err
		}
		if err := tx.SameVersion(o.Version, in.Version); err != nil {
			return nil, err
		}
		list, err := explants(tx, o, in)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if err := tx.InsertExplant(e); err != nil {
				return nil, err
			}
		}
		if err := tx.TouchOperation(o); err != nil {
			return nil, err
		}
		return tx.ExplantsOf(o.ID)
	})
}

func explants(tx *store.Tx, o store.Operation, in ExplantInput) ([]Explant, error) {
	carried, err := tx.ImplantsOf(o.Person, o.Procedure)
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	var out []Explant
	for _, id := range in.Parts {
		i := slices.IndexFunc(carried, func(c Part) bool { return c.ID == id })
		if i < 0 || !carried[i].On.Before(o.OperatedOn) && carried[i].On != o.OperatedOn {
			f.Add("parts", "error.device.explant_unknown")
			continue
		}
		out = append(out, Explant{ID: ident.New(), Procedure: o.ID, Component: id, Role: carried[i].Role, Note: in.Note})
	}
	if in.Role != "" {
		if !in.Role.At(o.Site) {
			f.Add("role", "error.device.role_site", "role", errs.Key(in.Role.Label()), "site", errs.Key(o.Site.Label()))
		}
		out = append(out, Explant{ID: ident.New(), Procedure: o.ID, Role: in.Role, Note: in.Note})
	}
	return out, f.Err()
}

// ExplantRemoval names an entry that was made by mistake.
type ExplantRemoval struct {
	Operation, Explant ident.ID
	Version            int64 // of the operation record
}

// RemoveExplant takes back a part that was noted by mistake.
func (s *Service) RemoveExplant(ctx context.Context, who user.Principal, in ExplantRemoval, key Key) ([]Explant, error) {
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return nil, err
	}
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"what": "explant_remove"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) ([]Explant, error) {
		o, err := s.toEdit(tx, in.Operation)
		if err != nil {
			return nil, err
		}
		if err := tx.SameVersion(o.Version, in.Version); err != nil {
			return nil, err
		}
		list, err := tx.ExplantsOf(o.ID)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(e Explant) bool { return e.ID == in.Explant })
		if i < 0 {
			return nil, errs.Missing("error.device.part_missing")
		}
		if err := tx.RemoveExplant(list[i]); err != nil {
			return nil, err
		}
		if err := tx.TouchOperation(o); err != nil {
			return nil, err
		}
		return tx.ExplantsOf(o.ID)
	})
}
