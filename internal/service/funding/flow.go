package funding

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// FlowQuery says which fund (nil: every one the reader sees) and which days.
type FlowQuery struct {
	Fund     ident.ID
	From, To clock.Date
	File     string // csv or xlsx when the flows leave as a file
}

// FlowView is where committed money went.
type FlowView struct {
	fund.FlowMap
	Fund     ident.ID
	FundName string // empty: of all funds
	From, To clock.Date
	MayFile  bool
	Sides    map[ident.ID]user.Side // of the hospitals
}

// Flow reads where the committed money of a period went: source, fund, programme,
// hospital. Who sees only some funds sees the flows of those.
func (s *Service) Flow(ctx context.Context, who user.Principal, q FlowQuery) (v FlowView, err error) {
	v.From, v.To = q.From, q.To
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		var f errs.Fields
		f.Add("to", "error.period.reversed")
		return v, f.Err()
	}
	f := store.FlowFilter{From: q.From, To: q.To}
	if q.Fund != ident.Nil {
		if err := s.ofFund(who, authz.LedgerRead, q.Fund); err != nil {
			return v, err
		}
		f.Funds = []ident.ID{q.Fund}
	} else if err := s.door(who, authz.LedgerRead); err != nil {
		return v, err
	} else if reach := s.policy.Reach(who, authz.LedgerRead); !reach.All {
		f.Funds = append([]ident.ID{}, reach.Funds...)
	}
	if v.MayFile = s.policy.Can(who, authz.ExportMake, authz.Anywhere(who.PartnershipID)); q.File != "" {
		if err := s.door(who, authz.ExportMake); err != nil {
			return v, err
		}
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		event := audit.Event{Action: audit.LedgerRead, ObjectKind: audit.ObjectFund, ObjectID: q.Fund, Detail: map[string]any{"from": q.From.String(), "to": q.To.String()}}
		if q.File != "" {
			event.Action = audit.ExportMake
			event.Detail["format"] = q.File
			tx.Audit(event)
		} else {
			tx.NoAudit("sums by fund, programme and hospital")
		}
		if q.Fund != ident.Nil {
			item, err := tx.FundByID(q.Fund)
			if err != nil {
				return err
			}
			v.Fund, v.FundName = item.ID, item.Name
		}
		if v.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		all, err := tx.Flows(f)
		v.FlowMap = fund.MapOf(all)
		return err
	})
	return v, err
}
