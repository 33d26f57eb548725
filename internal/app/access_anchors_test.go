package app

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
)

// anchors makes an own anchor and takes one of another installation in.
func (p *premises) anchors() {
	p.T.Helper()
	ctx, s := p.T.Context(), p.app.Services.Oversight
	_, err := s.Make(ctx, p.Partnership.ID)
	must(p, "anchor", err)
	p.objects["anchors"] = p.superText(`select id from audit_anchor limit 1`)
	file, keys := foreignAnchor(p)
	_, err = s.Receive(ctx, p.Auditor(), oversight.Offer{Text: file, Keys: keys, Origin: "临港市卫健委"})
	must(p, "receive", err)
	p.objects["held"] = p.superText(`select id from held_anchor limit 1`)
}

// foreignAnchor is an anchor of another installation, and its public keys.
func foreignAnchor(p *premises) (file, keys string) {
	p.T.Helper()
	ring, err := seal.Create(p.T.TempDir(), clock.System{})
	must(p, "keys", err)
	a := audit.SignedAnchor{Anchor: audit.Anchor{Partnership: ident.New(), At: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)}}
	signature, err := ring.Sign(audit.AnchorPurpose, a.Message())
	must(p, "sign", err)
	a.Key, a.Signature = signature.Key, signature.Bytes
	public, err := ring.PublicKeys()
	must(p, "public keys", err)
	return a.File(), public.Text()
}
