package store

import (
	"bytes"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// ChainFault is the first row of a log that is not as it was written.
type ChainFault struct {
	What         string // message key: what is wrong
	Organisation ident.ID
	Lane         int
	Seq          int64    // 0 for an event that stands in no chain
	Until        int64    // above Seq: which of these rows cannot be told
	Event        ident.ID // nil where the row itself is gone
}

// Err is the fault as a refusal.
func (f *ChainFault) Err() error {
	if f == nil {
		return nil
	}
	return errs.New(errs.Precondition, "error.audit.chain", errs.Args{"what": errs.Key(f.What), "organisation": f.Organisation,
		"lane": f.Lane, "seq": f.Seq, "event": f.Event})
}

// What can be wrong with a chain.
const (
	chainChanged   = "audit.chain.changed"
	chainBroken    = "audit.chain.broken"
	chainGap       = "audit.chain.gap"
	chainCut       = "audit.chain.cut"
	chainNoEvent   = "audit.chain.no_event"
	chainUnlinked  = "audit.chain.unlinked"
	chainBeyond    = "audit.chain.beyond"
	chainRewritten = "audit.chain.rewritten"
	chainAnchor    = "audit.chain.anchor"
)

// ChainReport is what following the chains of a partnership found.
type ChainReport struct {
	Chains  int
	Rows    int64
	Anchors int         // anchors the chains were compared with
	Fault   *ChainFault // nil: everything is as it was written
}

// verifyBatch is how many links are checked per round trip.
const verifyBatch = 5000

type linkRow struct {
	auditRow
	Chain ident.ID `db:"chain_id"`
	Lane  int      `db:"lane"`
	Seq   int64    `db:"seq"`
	Hash  []byte   `db:"hash"`
}

// ChainHeads lists where every chain of the transaction's partnership stands.
func (tx *Tx) ChainHeads() ([]audit.Head, error) {
	var rows []chainHead
	err := tx.list(&rows, `select organisation_id, lane, seq, hash from audit_head where partnership_id = $1 order by organisation_id, lane`, tx.Partnership())
	return items(rows, func(r chainHead) audit.Head {
		return audit.Head{Organisation: r.Organisation, Lane: r.Lane, Seq: r.Seq, Hash: r.Hash}
	}), err
}

// VerifyChain follows every chain of the transaction's partnership and compares
// it with the anchors of the database. The error names the first bad row.
func (tx *Tx) VerifyChain() error {
	r, err := tx.FollowChains(nil)
	if err != nil {
		return err
	}
	return r.Fault.Err()
}

// FollowChains follows every chain of the transaction's partnership from its
// beginning: each link must hold the hash of the one before and the MAC of an
// event whose columns still give that MAC. Each chain must also agree with its
// head, with every anchor the database holds, and with those brought along: that
// finds an end that was cut off, and a chain computed anew. Writers may go on
// meanwhile; what they add is checked as far as it is met.
func (tx *Tx) FollowChains(brought []audit.SignedAnchor) (ChainReport, error) {
	f := follower{tx: tx, marks: map[chain]map[int64]mark{}, last: map[chain]int64{}}
	if err := f.expect(brought); err != nil || f.report.Fault != nil {
		return f.report, err
	}
	from := linkRow{Lane: -1}
	for {
		var rows []linkRow
		err := tx.list(&rows, `select l.organisation_id as chain_id, l.lane, l.seq, l.hash, l.event_id as id, e.partnership_id, e.organisation_id, e.at, e.actor_id, e.actor_name, e.role,
				e.action, e.object_kind, e.object_id, e.outcome, e.reason, e.detail, e.request_id, e.source, e.mac
			from audit_link l join audit_event e on e.partnership_id = l.partnership_id and e.id = l.event_id
			where l.partnership_id = $1 and (l.organisation_id, l.lane, l.seq) > ($2, $3, $4)
			order by l.organisation_id, l.lane, l.seq limit $5`, tx.Partnership(), from.Chain, from.Lane, from.Seq, verifyBatch)
		if err != nil {
			return f.report, err
		}
		for _, r := range rows {
			if err := f.link(r); err != nil || f.report.Fault != nil {
				return f.report, err
			}
		}
		if len(rows) < verifyBatch {
			break
		}
		from = rows[len(rows)-1]
	}
	if err := f.finish(); err != nil || f.report.Fault != nil {
		return f.report, err
	}
	return f.report, f.ends()
}

// mark is what the hash of one link has to be.
type mark struct {
	hash   []byte
	anchor bool // from a signed anchor; otherwise from the head itself
}

type follower struct {
	tx      *Tx
	report  ChainReport
	marks   map[chain]map[int64]mark
	last    map[chain]int64 // the highest mark of a chain
	at      chain
	seq     int64
	head    []byte
	good    int64 // the last anchored link of the chain that agreed
	started bool
}

// expect notes what is known of the chains beforehand.
func (f *follower) expect(brought []audit.SignedAnchor) error {
	heads, err := f.tx.ChainHeads()
	if err != nil {
		return err
	}
	f.note(heads, false)
	files, err := f.tx.anchorFiles()
	if err != nil {
		return err
	}
	keys, err := f.tx.keys.PublicKeys()
	if err != nil {
		return err
	}
	for _, file := range files {
		a, err := audit.ParseAnchor(file.File)
		if err == nil {
			err = keys.Verify(audit.AnchorPurpose, a.Message(), seal.Signature{Key: a.Key, Bytes: a.Signature})
		}
		if err != nil || a.Partnership != f.tx.Partnership() {
			f.report.Fault = &ChainFault{What: chainAnchor, Event: file.ID}
			return nil
		}
		brought = append(brought, a)
	}
	seen := map[string]bool{}
	for _, a := range brought {
		if d := string(a.Digest()); a.Partnership == f.tx.Partnership() && !seen[d] {
			seen[d] = true
			f.report.Anchors++
			f.note(a.Heads, true)
		}
	}
	return nil
}

// note adds marks. Where two of them contradict each other no link can agree.
func (f *follower) note(heads []audit.Head, anchor bool) {
	for _, h := range heads {
		c := chain{h.Organisation, h.Lane}
		if f.marks[c] == nil {
			f.marks[c] = map[int64]mark{}
		}
		if h.Seq == 0 {
			continue
		}
		m, known := f.marks[c][h.Seq]
		switch {
		case !known:
			m = mark{h.Hash, anchor}
		case !bytes.Equal(m.hash, h.Hash):
			m = mark{nil, m.anchor && anchor}
		default:
			m.anchor = m.anchor || anchor
		}
		f.marks[c][h.Seq] = m
		f.last[c] = max(f.last[c], h.Seq)
	}
}

// link takes the next link.
func (f *follower) link(r linkRow) error {
	c := chain{r.Chain, r.Lane}
	if !f.started || c != f.at {
		if err := f.leave(); err != nil || f.report.Fault != nil {
			return err
		}
		f.at, f.seq, f.good, f.started = c, 0, 0, true
		f.head = seal.Genesis(f.tx.Partnership(), r.Chain, r.Lane)
		f.report.Chains++
	}
	if r.Seq != f.seq+1 {
		return f.missing(f.seq+1, chainGap)
	}
	if !f.tx.genuine(r) {
		f.fault(chainChanged, r.Seq, r.ID)
		return nil
	}
	if f.head = seal.Link(f.head, r.MAC); !bytes.Equal(f.head, r.Hash) {
		f.fault(chainBroken, r.Seq, r.ID)
		return nil
	}
	f.seq = r.Seq
	f.report.Rows++
	if m, ok := f.marks[c][r.Seq]; ok {
		if !bytes.Equal(m.hash, r.Hash) {
			f.disagree(m, r)
			return nil
		}
		delete(f.marks[c], r.Seq)
		if m.anchor {
			f.good = r.Seq
		}
	}
	return nil
}

// disagree: every link follows from the one before, and still the chain is not
// the one that was signed. Somebody with all rights computed it anew from
// somewhere after the last anchor it agrees with.
func (f *follower) disagree(m mark, r linkRow) {
	if !m.anchor {
		f.fault(chainBroken, r.Seq, r.ID)
		return
	}
	f.fault(chainRewritten, f.good+1, ident.Nil)
	f.report.Fault.Until = r.Seq
}

func (f *follower) fault(what string, seq int64, event ident.ID) {
	f.report.Fault = &ChainFault{What: what, Organisation: f.at.organisation, Lane: f.at.lane, Seq: seq, Until: seq, Event: event}
}

// leave closes a chain: it must reach as far as it once did.
func (f *follower) leave() error {
	if !f.started {
		return nil
	}
	if f.last[f.at] > f.seq {
		return f.missing(f.seq+1, chainCut)
	}
	delete(f.last, f.at)
	return nil
}

// missing tells a link that is gone from one whose event is.
func (f *follower) missing(seq int64, what string) error {
	var events []ident.ID
	err := f.tx.list(&events, `select event_id from audit_link where partnership_id = $1 and organisation_id = $2 and lane = $3 and seq = $4`,
		f.tx.Partnership(), f.at.organisation, f.at.lane, seq)
	if err != nil {
		return err
	}
	if len(events) > 0 {
		f.fault(chainNoEvent, seq, events[0])
		return nil
	}
	f.fault(what, seq, ident.Nil)
	return nil
}

// finish closes the last chain and finds chains of which nothing is left.
func (f *follower) finish() error {
	if err := f.leave(); err != nil || f.report.Fault != nil {
		return err
	}
	var first *chain
	for c := range f.last {
		if first == nil || bytes.Compare(c.organisation[:], first.organisation[:]) < 0 || c.organisation == first.organisation && c.lane < first.lane {
			first = &chain{c.organisation, c.lane}
		}
	}
	if first == nil {
		return nil
	}
	f.at = *first
	return f.missing(1, chainCut)
}

// ends finds what following the links cannot: links beyond the head, and events
// that were never linked. Each question is one statement, so writers in between
// do not disturb the answer.
func (f *follower) ends() error {
	for _, q := range []struct{ what, query string }{
		{chainBeyond, `select l.organisation_id as chain_id, l.lane, l.seq, l.event_id as id from audit_link l
			where l.partnership_id = $1 and not exists (select 1 from audit_head h where h.partnership_id = l.partnership_id
				and h.organisation_id = l.organisation_id and h.lane = l.lane and h.seq >= l.seq)
			order by l.organisation_id, l.lane, l.seq limit 1`},
		{chainUnlinked, `select e.organisation_id as chain_id, 0 as lane, 0 as seq, e.id from audit_event e
			where e.partnership_id = $1 and not exists (select 1 from audit_link l where l.partnership_id = e.partnership_id and l.event_id = e.id)
			and not exists (select 1 from audit_pending p where p.partnership_id = e.partnership_id and p.event_id = e.id)
			order by e.id limit 1`},
	} {
		var bad []linkRow
		if err := f.tx.list(&bad, q.query, f.tx.Partnership()); err != nil {
			return err
		}
		if len(bad) > 0 {
			f.at = chain{bad[0].Chain, bad[0].Lane}
			f.fault(q.what, bad[0].Seq, bad[0].ID)
			return nil
		}
	}
	return nil
}

// genuine reports whether the columns of an event still give its MAC, and it
// stands in the chain it belongs to.
func (tx *Tx) genuine(r linkRow) bool {
	if r.OrganisationID != r.Chain {
		return false
	}
	e := r.plain()
	if tx.keys.VerifyMAC("audit", e.CanonicalAsStored(r.Detail), r.MAC) == nil {
		return true
	}
	full, err := r.event()
	return err == nil && tx.keys.VerifyMAC("audit", full.Canonical(), r.MAC) == nil
}
