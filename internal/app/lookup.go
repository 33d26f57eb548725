package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// PartnershipFor finds a partnership by its code. Without a code it is the only
// one there is; nil when there is none.
func (a *App) PartnershipFor(ctx context.Context, code string) (id ident.ID, err error) {
	err = a.DB.InTx(ctx, authz.System("commands"), func(tx *store.Tx) error {
		tx.NoAudit("the id behind a code")
		if code != "" {
			p, err := tx.PartnershipByCode(code)
			id = p.ID
			return err
		}
		ids, err := tx.PartnershipIDs()
		if len(ids) > 1 {
			return errs.Refuse("partnership.which", "error.cli.partnership", nil)
		}
		if len(ids) == 1 {
			id = ids[0]
		}
		return err
	})
	return id, err
}

// OrganisationFor finds an organisation by its code; no code is none.
func (a *App) OrganisationFor(ctx context.Context, code string) (o partnership.Organisation, err error) {
	if code == "" {
		return o, nil
	}
	err = a.DB.InTx(ctx, authz.System("commands"), func(tx *store.Tx) error {
		tx.NoAudit("the id behind a code")
		o, err = tx.OrganisationByCode(code)
		return err
	})
	return o, err
}

// NoteExport records that all figures of a partnership leave as a file. Lists
// are recorded by the service that reads them.
func (a *App) NoteExport(ctx context.Context, place ident.ID, format string) error {
	return a.DB.InTx(ctx, authz.System("command").In(place), func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.ExportMake, ObjectKind: audit.ObjectMeasure, Detail: map[string]any{"format": format, "os_user": osUser()}})
		return nil
	}, store.Background())
}
