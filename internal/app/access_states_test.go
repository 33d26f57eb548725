package app

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// condition is records in one state: what stands for the names of an address, and
// what of the world is turned while they are asked about.
type condition struct {
	name  string
	ids   map[string]ident.ID // by the section of the address: cases, treatments, …
	place treatment.Place     // of the treatment, where there is one
	ended bool                // nothing of the partnership may be written
	near  bool                // the neighbouring hospital takes part
	turn  func(on bool)
}

// question is a request whose answer depends on the state of a record.
type question struct {
	name string // empty: the address says it
	path string // method and address behind the API's prefix
	body func(p *premises, c condition) map[string]any
	step treatment.Action
}

func (q question) String() string { return strings.TrimSpace(q.path + " " + q.name) }

// section is the kind of record an address asks about.
func (q question) section() string {
	if q.path == "POST /approvals" || q.path == "POST /settlements" {
		return "treatments" // the body names it
	}
	return strings.Split(strings.TrimPrefix(q.path[strings.Index(q.path, " "):], " /"), "/")[0]
}

// wouldBeStored is the mark of a write that got as far as the end of its transaction.
const wouldBeStored = 299

// takesNothing makes the database refuse each write at its last instant, after
// every check of service and database, and count it: the same record answers
// everybody, and nobody changes it for who comes next. Refusals are kept.
const takesNothing = `create sequence if not exists test_stored;
	create or replace function test_takes_nothing() returns trigger language plpgsql security definer set search_path = public as $$ begin
		if exists (select from audit_event e where e.partnership_id = new.partnership_id and e.id = new.event_id and e.outcome = 'ok') then
			perform nextval('test_stored');
			raise exception 'nothing is taken here' using errcode = 'ZZ001';
		end if;
		return null;
	end $$;
	create constraint trigger zz_takes_nothing after insert on audit_link deferrable initially deferred for each row execute function test_takes_nothing();`

// The table of states: what everybody is answered about a record in each of its
// states. A write that reaches its commit is "ok"; nothing is stored by any.
func statesOfRecords(t *testing.T, p *premises) {
	conditions := slices.Concat(p.runStates(), p.careStates(), p.otherStates())
	p.Exec(takesNothing)
	p.stored = "" // the sequence is a new one
	defer p.Exec(`drop trigger zz_takes_nothing on audit_link; drop function test_takes_nothing(); drop sequence test_stored`)
	before := p.fingerprint()
	var out strings.Builder
	p.heading(&out)
	out.WriteString("\n")
	reviewed := reviewedRows(t, "testdata/access_states.txt", p)
	stored, asked := map[string]bool{}, 0
	for _, c := range conditions {
		if c.turn != nil {
			c.turn(true)
		}
		for _, q := range questions() {
			id, there := c.ids[q.section()]
			if !there {
				continue
			}
			key := fmt.Sprintf("%-30s %s", c.name, q)
			fmt.Fprintf(&out, "%-88s ", key)
			if cells := reviewed[rowKey(key)]; cells != nil && !sampledRow(key, 12) {
				for _, cell := range cells {
					fmt.Fprintf(&out, " %4s", cell)
				}
				stored[q.String()] = stored[q.String()] || slices.Contains(cells, "ok")
			} else {
				asked += p.askEverybody(&out, c, q, id, stored)
			}
			out.WriteString("\n")
		}
		if c.turn != nil {
			c.turn(false)
		}
	}
	for _, q := range questions() {
		if q.body != nil && !stored[q.String()] {
			t.Errorf("%s: nobody may do this in any state: the body is wrong, or the rule", q)
		}
	}
	p.withoutRowSecurity(conditions)
	if after := p.fingerprint(); after != before {
		t.Errorf("something was stored:\n%s\n%s", before, after)
	}
	t.Logf("%d questions in %d states", asked, len(conditions))
	golden(t, "testdata/access_states.txt", out.String())
}

// withoutRowSecurity asks as the neighbours and as the other partnership once more,
// where only services and queries stand before them.
func (p *premises) withoutRowSecurity(conditions []condition) {
	p.T.Helper()
	p.rowSecurity("disable")
	defer p.rowSecurity("enable")
	asked := 0
	for _, c := range conditions {
		for _, q := range questions() {
			id, there := c.ids[q.section()]
			if !there || c.near || c.turn != nil || !scaletest.Full() && !sampledRow("alone "+c.name+q.String(), 10) {
				continue
			}
			method, pattern, _ := strings.Cut(q.path, " ")
			perm := p.permissionOf(method, "/api/v1"+pattern)
			var body map[string]any
			if q.body != nil {
				body = q.body(p, c)
			}
			for _, v := range p.visitors {
				if p.elsewhere(v) && v.token != "" && p.holds(v, perm) && (hospitalRecords[q.section()] || v.who.PartnershipID == p.Other.Partnership.ID) {
					asked++
					status, answer := p.ask(v, method, "/api/v1"+strings.Replace(pattern, "{id}", id.String(), 1), body)
					p.judgeState(c, q, v, status, answer)
				}
			}
		}
	}
	p.T.Logf("%d questions without row security", asked)
}

// askEverybody writes the answers of one row.
func (p *premises) askEverybody(out *strings.Builder, c condition, q question, id ident.ID, stored map[string]bool) (asked int) {
	method, pattern, _ := strings.Cut(q.path, " ")
	perm := p.permissionOf(method, "/api/v1"+pattern)
	var body map[string]any
	if q.body != nil {
		body = q.body(p, c)
	}
	for _, v := range p.visitors {
		switch {
		case v.token == "":
			out.WriteString("    -")
			continue
		case !p.holds(v, perm):
			fmt.Fprintf(out, " %4d", http.StatusForbidden) // the table of addresses has asked
			continue
		}
		asked++
		status, answer := p.ask(v, method, "/api/v1"+strings.Replace(pattern, "{id}", id.String(), 1), body)
		word := fmt.Sprint(status)
		if status == wouldBeStored {
			word, stored[q.String()] = "ok", true
		}
		fmt.Fprintf(out, " %4s", word)
		p.judgeState(c, q, v, status, answer)
	}
	return asked
}

// judgeState is what must hold whatever the table says.
func (p *premises) judgeState(c condition, q question, v *visitor, status int, answer string) {
	p.T.Helper()
	where := fmt.Sprintf("%s: %s as %s", c.name, q, v.name)
	foreign := v.who.PartnershipID == p.Other.Partnership.ID
	row, known := treatment.Find(c.place, q.step)
	switch yes := status < 300; {
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusUnauthorized || status == http.StatusBadRequest && !strings.HasPrefix(q.path, "GET"):
		p.T.Errorf("%s: %d\n%s", where, status, cut(answer))
	case yes && foreign, yes && strings.HasSuffix(v.name, "2") && v.name != "stw2" && !c.near:
		p.T.Errorf("%s: a record that is not theirs: %d", where, status)
	case status == wouldBeStored && c.ended:
		p.T.Errorf("%s: a partnership that has ended is written to", where)
	case status == wouldBeStored && q.step != "" && (!known || !p.holds(v, authz.Permission(row.Permission))):
		p.T.Errorf("%s: the step is not in the table of transitions", where)
	}
}

func (p *premises) permissionOf(method, pattern string) authz.Permission {
	for _, r := range p.routes {
		if r.Method == method && r.Pattern == pattern {
			return r.Permission
		}
	}
	p.T.Fatalf("%s %s is no address", method, pattern)
	return ""
}

// ask sends a body with a token and reports whether it would have been stored.
func (p *premises) ask(v *visitor, method, path string, body map[string]any) (int, string) {
	p.T.Helper()
	raw, err := json.Marshal(body)
	must(p, path, err)
	status, answer := p.call(v, method, path, raw)
	if status >= 500 {
		if n := p.superText(`select last_value::text || is_called::text from test_stored`); n != p.stored {
			p.stored = n
			return wouldBeStored, answer
		}
	}
	return status, answer
}

// reviewedRows are the cells of a reviewed file by what stands before them, to be
// taken where a run asks only a part. With -full, with -update, and when the
// people of the table changed, there are none: everything is asked.
func reviewedRows(t *testing.T, name string, p *premises) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	raw, err := os.ReadFile(name)
	var heading strings.Builder
	p.heading(&heading)
	lines := strings.Split(string(raw), "\n")
	if err != nil || scaletest.Full() || *update || lines[0] != heading.String() {
		return out
	}
	for _, line := range lines[1:] {
		if words := strings.Fields(line); len(words) > len(p.visitors) {
			at := len(words) - len(p.visitors)
			out[strings.Join(words[:at], " ")] = words[at:]
		}
	}
	return out
}

// rowKey is what stands before the cells of a row, however it is set.
func rowKey(text string) string { return strings.Join(strings.Fields(text), " ") }

// sampledRow picks one of n rows, the same ones each time.
func sampledRow(key string, n uint32) bool {
	h := fnv.New32a()
	fmt.Fprint(h, key)
	return h.Sum32()%n == 0
}

// idsOf are the records of a treatment, as the database has them.
func (p *premises) idsOf(treatment ident.ID) map[string]ident.ID {
	out := map[string]ident.ID{"treatments": treatment}
	for name, query := range map[string]string{
		"cases": `select case_id from treatment where id = $1`, "persons": `select person_id from treatment where id = $1`,
		"approvals":   `select id from approval where treatment_id = $1 order by requested_at desc limit 1`,
		"settlements": `select id from settlement where treatment_id = $1 order by created_at desc limit 1`,
		"procedures":  `select id from procedure where treatment_id = $1 order by created_at limit 1`,
	} {
		if p.Count(`select count(*) from (`+query+`) x`, treatment) == 1 {
			id, err := ident.Parse(p.superText(query, treatment))
			must(p, name, err)
			out[name] = id
		}
	}
	return out
}

// with is a state with more records.
func (c condition) with(more map[string]ident.ID) condition {
	c.ids = maps.Clone(c.ids)
	maps.Copy(c.ids, more)
	return c
}

// version is what a change of a record says it was made on.
func (p *premises) version(table string, id ident.ID) int {
	return p.Count(`select coalesce(max(version), 0) from `+table+` where id = $1`, id)
}

func (p *premises) day(days int) clock.Date { return p.Today().AddDays(days) }

// knee is the operation that everybody tries to record.
func knee(p *premises, more map[string]any) map[string]any {
	out := map[string]any{"kind": procedure.TKA, "side": "L", "operated_on": p.Today(), "lead_id": p.Doctor(servicetest.Mountain).PractitionerID, "anaesthesia": []string{"SPINAL"},
		"asa": 2, "indications": []string{"OA"}, "fixation": procedure.Cemented, "confirm": true, "reason": "补记手术"}
	maps.Copy(out, more)
	return out
}
