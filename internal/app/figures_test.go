package app

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// as finds a visitor by name.
func (p *premises) as(name string) *visitor {
	for _, v := range p.visitors {
		if v.name == name {
			return v
		}
	}
	p.T.Fatalf("nobody is called %s", name)
	return nil
}

// body asks for an address and wants it answered.
func (p *premises) body(v *visitor, path string) string {
	p.T.Helper()
	code, raw := p.knockAt(v, http.MethodGet, path)
	if code != http.StatusOK {
		p.T.Fatalf("%s: %d %.300s", path, code, raw)
	}
	return raw
}

// kept is a reading as JSON without the moment it was read at.
func kept(t *testing.T, r measure.Reading) string {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return momentless(t, raw)
}

func momentless(t *testing.T, raw []byte) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "as_of")
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// For every measure, on random records: the tile of the desk, the list behind it,
// the file of the list, the API and the report of the same period say the same.
func TestOneFigureIsTheSameEverywhere(t *testing.T) {
	p := openPremises(t)
	for i := range 90 {
		p.Treat(servicetest.Treated{Programme: measure.Programmes()[i%3], At: servicetest.Places()[i*7%4], On: p.Today().AddDays(-400 - i), Joints: 1 + i%2, Visiting: i%3 == 0, Category: []string{"", "DB", "TK"}[i%3],
			State: []string{"settled", "settled", ""}[i/3%3], Money: measure.Layers{Basic: 1_000_000, Critical: 2_000, Fund: 300_000, Waiver: 50_000, Net: 4_000}})
	}
	p.Outcomes("everywhere")
	official := p.as("offi")
	s := p.app.Services.Reporting
	who, err := p.app.Policy.Principal(official.who)
	must(p, "principal", err)
	period, err := report.PeriodOf(report.Year, p.Today().AddDays(-420))
	must(p, "period", err)
	f := measure.Filter{From: period.From, To: period.To}

	id, err := s.AskReport(t.Context(), who, reporting.ReportInput{Kind: report.Year, Day: period.From, Profile: "exact"}, "")
	must(p, "report", err)
	payload, err := json.Marshal(map[string]any{"report": id})
	must(p, "payload", err)
	must(p, "making", s.RunReport(t.Context(), store.Job{ID: id, Payload: payload}, p.Partnership.ID, func(context.Context, int, int) {}))
	snap, _, err := s.FetchReport(t.Context(), who, id, "pdf")
	must(p, "fetch", err)

	var api struct{ Readings []json.RawMessage }
	must(p, "api", json.Unmarshal([]byte(p.body(official, "/api/v1/readings?"+f.Query())), &api))
	spoken := map[measure.ID]string{}
	for _, raw := range api.Readings {
		var x struct{ ID measure.ID }
		must(p, "api", json.Unmarshal(raw, &x))
		spoken[x.ID] = momentless(t, raw)
	}
	desk, err := s.Desk(t.Context(), who, reporting.DeskInput{Filter: f})
	must(p, "desk", err)
	if len(desk.Readings) != len(measure.Definitions()) {
		t.Fatalf("%d readings", len(desk.Readings))
	}
	for _, r := range desk.Readings {
		d := r.Definition()
		if got := spoken[d.ID]; got != kept(t, r) {
			t.Errorf("%s:\ntile %s\n API %s", d.ID, kept(t, r), got)
		}
		if d.Tallied() {
			p.sameTally(t, official, f, r, snap)
			continue
		}
		if x, ok := snap.Reading(d.ID); ok && kept(t, x) != kept(t, r) || !ok && r.State() != measure.NoCase {
			t.Errorf("%s:\n  tile %s\nreport %s", d.ID, kept(t, r), kept(t, x))
		}
		u, err := s.Units(t.Context(), who, reporting.UnitsInput{ID: d.ID, Filter: f, Page: page.Request{Size: page.MaxSize}})
		must(p, string(d.ID), err)
		events, _ := r.Rate()
		if d.Rate() && r.State() == measure.Measured && int64(len(u.Rows)) != events || !d.Rate() && int64(len(u.Rows)) != r.Coverage().Known {
			t.Errorf("%s: %s, and a list of %d", d.ID, kept(t, r), len(u.Rows))
		}
		if n := p.rows(t, official, "/figures/"+string(d.ID)+"/export?format=csv&"+f.Query()); n != len(u.Rows) {
			t.Errorf("%s: the file has %d rows, the list %d", d.ID, n, len(u.Rows))
		}
	}
	t.Run("for many who read at a time", func(t *testing.T) { manyReaders(t, p) })
}

// manyReaders lets one in three read at a time, each address twice, and wants each of
// them to get the same again. The race detector watches: pages,
// texts, policy and figures are shared by all requests.
func manyReaders(t *testing.T, p *premises) {
	var all sync.WaitGroup
	for i := 0; i < len(p.visitors); i += 3 {
		v := p.visitors[i]
		all.Go(func() {
			for _, path := range []string{"/", "/overview", "/measures", "/patients", "/cases", "/followups", "/hospitals", "/help"} {
				first, body, err := asked(v.cookies, p.url+path)
				again, same, err2 := asked(v.cookies, p.url+path)
				if err != nil || err2 != nil || first >= http.StatusInternalServerError || first != again || len(body) != len(same) {
					t.Errorf("%s at %s: %d with %d bytes, then %d with %d; %v, %v", v.name, path, first, len(body), again, len(same), err, err2)
				}
			}
		})
	}
	all.Wait()
}

// asked is the answer to a GET, for those who do not wait for each other.
func asked(c *http.Client, address string) (int, []byte, error) {
	resp, err := c.Get(address)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

// rows are the rows of a file after its head.
func (p *premises) rows(t *testing.T, v *visitor, path string) int {
	t.Helper()
	r := csv.NewReader(strings.NewReader(p.body(v, path)))
	r.FieldsPerRecord = -1
	n := -1
	for {
		if _, err := r.Read(); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		n++
	}
}

// sameTally compares a tallied figure with its list, its file and the report.
func (p *premises) sameTally(t *testing.T, v *visitor, f measure.Filter, r measure.Reading, snap report.Snapshot) {
	t.Helper()
	d := r.Definition()
	n, whole := r.Whole()
	if !whole {
		t.Errorf("%s is no whole number", d.ID)
	}
	who, err := p.app.Policy.Principal(v.who)
	must(p, "principal", err)
	l, err := p.app.Services.Reporting.List(t.Context(), who, reporting.ListInput{ID: d.ID, Filter: f, Page: page.Request{Size: page.MaxSize}})
	must(p, string(d.ID), err)
	got := int64(len(l.Rows))
	if d.Kind == measure.SumMoney {
		got = 0
		of := measure.Coverage{Eligible: int64(len(l.Rows))}
		for _, x := range l.Rows {
			got += int64(d.Amount(x.Money))
			if x.Settled {
				of.Known++
			}
		}
		if r.Coverage() != of || l.Value.Coverage == nil || *l.Value.Coverage != of || of.Known == of.Eligible && of.Known > 0 {
			t.Errorf("%s is of %+v, the list says %+v and has %+v", d.ID, r.Coverage(), l.Value.Coverage, of)
		}
	}
	if got != n {
		t.Errorf("%s is %d, its list says %d", d.ID, n, got)
	}
	if rows := p.rows(t, v, "/figures/"+string(d.ID)+"/export?format=csv&"+f.Query()); rows != len(l.Rows) {
		t.Errorf("%s: the file has %d rows, the list %d", d.ID, rows, len(l.Rows))
	}
	for _, table := range append(snap.Programmes, snap.Hospitals) {
		for i, id := range table.Measures {
			if id == d.ID && (table.Total.Figures[i] == nil || *table.Total.Figures[i] != n) {
				t.Errorf("%s is %d, the report says %v", d.ID, n, table.Total.Figures[i])
			}
		}
	}
}
