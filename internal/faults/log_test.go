package faults

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// chains is how many chains the rows are spread over, as an organisation's are.
const chains = 8

// verifyGoal is how long ten million rows may take.
const verifyGoal = 10 * time.Minute

// longLog measures how fast `audit verify` follows a long log beside a serving
// node, and that it finds one changed row in it.
func longLog(t *testing.T, set settings) string {
	s := newSite(t, set)
	rows := of(set, 100_000, 500_000, 10_000_000)
	begin := time.Now()
	s.chronicle(rows)
	t.Logf("%d rows made in %s", rows, time.Since(begin).Round(time.Second))
	s.node(s.binary)
	tool := newNode(t, s.binary, "SHANHAI_DATA_DIR="+s.data, "SHANHAI_DATABASE_URL="+s.address())
	begin = time.Now()
	if code, said := tool.run(context.Background(), "audit", "verify"); code != 0 {
		t.Errorf("audit verify: exit %d: %s", code, said)
	}
	took := time.Since(begin)
	rate := float64(rows) / took.Seconds()
	if all := time.Duration(10_000_000 / rate * float64(time.Second)); all > verifyGoal {
		t.Errorf("ten million rows would take %s", all.Round(time.Second))
	}
	var id string
	s.must(s.super.QueryRow(`select event_id from audit_link where partnership_id = $1 and lane = 3 and seq = $2`, s.Partnership.ID.String(), rows/chains/2).Scan(&id))
	tx, err := s.super.Begin()
	s.must(err)
	_, err = tx.Exec(`set local session_replication_role = replica`) // past the trigger, as a superuser can
	s.must(err)
	_, err = tx.Exec(`update audit_event set actor_name = '无名' where id = $1`, id)
	s.must(err)
	s.must(tx.Commit())
	if code, said := tool.run(context.Background(), "audit", "verify"); code != 1 || !strings.Contains(said, id) {
		t.Errorf("a changed row: exit %d: %s", code, said)
	}
	return fmt.Sprintf("%d rows in %s, %.0f rows/s: ten million in %s; one changed row is found and named", rows, took.Round(100*time.Millisecond), rate,
		time.Duration(10_000_000/rate*float64(time.Second)).Round(time.Second))
}

// chronicle writes rows of the log as the service would have, by COPY.
func (s *site) chronicle(n int) {
	s.t.Helper()
	const batch = 50_000
	org, actor := ident.New(), ident.New() // a chain nobody has written to
	heads, seqs := [chains][]byte{}, [chains]int64{}
	for i := range heads {
		heads[i] = seal.Genesis(s.Partnership.ID, org, i)
	}
	now := clock.System{}.Now()
	for from := 0; from < n; from += batch {
		tx, err := s.super.Begin()
		s.must(err)
		_, err = tx.Exec(`set local session_replication_role = replica; set local synchronous_commit = off`)
		s.must(err)
		var links [][]any
		var events [][]any
		for i := from; i < min(n, from+batch); i++ {
			e := audit.Event{PartnershipID: s.Partnership.ID, ID: ident.New(), OrganisationID: org, At: now, ActorID: actor, ActorName: "登记员", Role: "registrar",
				Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: ident.New(), Outcome: audit.Done, RequestID: "0123456789ab", SourceIP: "10.0.0.7", Detail: map[string]any{}}
			mac, err := s.Keys.MAC("audit", e.Canonical())
			s.must(err)
			lane := i % chains
			heads[lane] = seal.Link(heads[lane], mac)
			seqs[lane]++
			events = append(events, []any{e.PartnershipID.String(), e.ID.String(), org.String(), e.At, actor.String(), e.ActorName, e.Role, e.Action, e.ObjectKind, e.ObjectID.String(),
				string(e.Outcome), "", "{}", e.RequestID, e.SourceIP, mac})
			links = append(links, []any{e.PartnershipID.String(), org.String(), lane, seqs[lane], e.ID.String(), heads[lane]})
		}
		s.copyIn(tx, `copy audit_event (partnership_id, id, organisation_id, at, actor_id, actor_name, role, action, object_kind, object_id, outcome, reason,
			detail, request_id, source, mac) from stdin`, events)
		s.copyIn(tx, `copy audit_link (partnership_id, organisation_id, lane, seq, event_id, hash) from stdin`, links)
		s.must(tx.Commit())
	}
	for i := range heads {
		_, err := s.super.Exec(`insert into audit_head (partnership_id, organisation_id, lane, seq, hash) values ($1, $2, $3, $4, $5)`, s.Partnership.ID.String(), org.String(), i, seqs[i], heads[i])
		s.must(err)
	}
	_, err := s.super.Exec(`vacuum (analyze) audit_event, audit_link`)
	s.must(err)
}

func (s *site) copyIn(tx *sql.Tx, statement string, rows [][]any) {
	s.t.Helper()
	stmt, err := tx.Prepare(statement)
	s.must(err)
	for _, r := range rows {
		_, err = stmt.Exec(r...)
		s.must(err)
	}
	_, err = stmt.Exec()
	s.must(err)
	s.must(stmt.Close())
}
