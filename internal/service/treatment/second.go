package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SecondsInput asks for a page of cases whose other side waits.
type SecondsInput struct {
	Programme procedure.Programme
	Need      casefile.Need
	Page      page.Request
}

// SecondList is a page of the worklist of the other side.
type SecondList struct {
	page.Result[store.SecondItem]
	Sides map[ident.ID]user.Side
	Today clock.Date
}

// Seconds lists the cases of the reader's hospitals in which one joint or eye is
// done and the other waits, wherever it was done and wherever it is planned.
func (s *Service) Seconds(ctx context.Context, who user.Principal, in SecondsInput) (SecondList, error) {
	var out SecondList
	if err := s.door(who, authz.CaseRead); err != nil {
		return out, err
	}
	f := store.SecondFilter{Hospitals: s.hospitals(who, authz.CaseRead), Programme: in.Programme, Need: in.Need}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		out.Today = tx.Today()
		if out.Result, err = tx.ListSecond(f, in.Page); err != nil {
			return err
		}
		if out.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "second_side", "rows": len(out.Rows)}})
		return nil
	})
	for i := range out.Rows {
		out.Rows[i].PersonName = s.name(who, out.Rows[i].PersonName)
	}
	return out, err
}
