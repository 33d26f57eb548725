package inspection

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Proof is what following the log and adding up the ledger found.
type Proof struct {
	Chain    error // the first bad row of the log; nil when there is none
	Accounts int   // accounts whose balance is not the sum of their entries
}

// Sound reports whether nothing was found.
func (p Proof) Sound() bool { return p.Chain == nil && p.Accounts == 0 }

// Prove follows every chain of the partnership's log from its beginning and adds
// up every account of its ledger. What it found is itself recorded.
func (s *Service) Prove(ctx context.Context, who user.Principal) (p Proof, err error) {
	if err := s.policy.Check(who, authz.AuditVerify, authz.InPartnership(who.PartnershipID)); err != nil {
		return p, err
	}
	err = s.db.InTx(ctx, authz.System("audit proof").In(who.PartnershipID), func(tx *store.Tx) error {
		tx.NoAudit("recorded with its result, in the name of who asked")
		p.Chain = tx.VerifyChain()
		if p.Chain != nil && errs.Of(p.Chain).Key != "error.audit.chain" {
			return p.Chain
		}
		faults, err := tx.CheckLedger()
		p.Accounts = len(faults)
		return err
	}, store.OneInstant(), store.Background())
	if err != nil {
		return p, err
	}
	return p, s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.AuditVerify, ObjectKind: audit.ObjectChain, Detail: map[string]any{"chain_sound": p.Chain == nil, "accounts_off": p.Accounts}})
		return nil
	})
}
