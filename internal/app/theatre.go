package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// theatre records what a browser kept in an operating theatre: the operation with
// care, its stickers with the implants. The two services do not know each other.
type theatre struct {
	care     *treatment.Service
	implants *implant.Service
}

// Keep records an operation and its stickers, each once.
func (t theatre) Keep(ctx context.Context, who user.Principal, in screening.Operation, perm authz.Permission) (screening.KeptOperation, error) {
	got, err := t.care.KeepOperation(ctx, who, treatment.KeptInput{ID: in.ID, Treatment: in.Treatment, Hospital: in.Hospital, Operation: in.Procedure, Known: in.Known, Both: in.Both,
		Reason: in.Reason, By: in.By}, perm)
	out := screening.KeptOperation{Stored: got.Stored, Have: got.Have}
	if err != nil || got.Stored == store.RowTaken || len(in.Scans) == 0 {
		return out, err
	}
	_, out.Parts = t.implants.KeepParts(ctx, who, implant.PartsInput{Operation: in.ID, Scans: in.Scans, Reason: in.Reason}, perm)
	return out, nil
}
