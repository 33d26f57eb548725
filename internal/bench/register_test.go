package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// samples is how many registrations each client's floor repeats in turn.
const samples = 4

// registrations is P2: a new person with document, registration, search terms,
// case and audit, all checks on.
func registrations(w *world, r *report) {
	desk := w.desk()
	fresh := counter{}
	fresh.n.Store(int64(w.size) + 1000)
	var scripts [clients][]script
	for i := range clients {
		for range samples {
			p := invent(fresh.next())
			calls, err := w.scripts.record(func() error {
				_, err := desk.Register(context.Background(), w.who[i], ident.New().String(), intake.RegisterInput{Hospital: w.orgs[i], DocKind: patient.DocCitizen,
					DocNumber: p.number, Person: patient.Person{Name: p.name}, Programme: procedure.Joint,
					Registration: patient.Registration{Phone: p.phone, Township: "石坪镇", Village: p.village, LegalBasis: patient.BasisStatutory}})
				return err
			})
			w.must(err)
			scripts[i] = append(scripts[i], compile(calls, nil, w.fixed))
		}
	}
	r.note("P2 statements of a registration, begin and commit incl.", "%d", len(scripts[0][0].calls))
	raw := newBare(w.t, w.dsn, clients)
	var next [clients]int
	got := rounds(turns,
		load{workers: clients, span: span, postmaster: w.pid, op: func(i int) error { return w.register(i, invent(fresh.next())) }},
		load{workers: clients, span: span, postmaster: w.pid, op: func(i int) error { next[i]++; return raw[i].play(scripts[i][next[i]%samples]) }})
	r.pair("P2 registration over HTTP", got[0], got[1], aim{least: 0.7})
}

// desk is the service of intake on the recorded database.
func (w *world) desk() *intake.Service {
	w.t.Helper()
	blobs, err := blob.Open(w.dir, w.app.Keys)
	w.must(err)
	return intake.New(intake.Deps{DB: w.second(), Policy: w.app.Policy, Blobs: blobs, LookupCap: 50})
}

// register sends one person to the API.
func (w *world) register(worker int, p invented) error {
	return w.registerAs(w.http, w.tokens[worker], worker, p)
}

// registerAs is register with somebody's own connection and token.
func (w *world) registerAs(client *http.Client, token string, worker int, p invented) error {
	body, err := json.Marshal(map[string]any{"hospital_id": w.orgs[worker], "document_kind": patient.DocCitizen, "document_number": p.number, "name": p.name,
		"phone": p.phone, "township": "石坪镇", "village": p.village, "legal_basis": patient.BasisStatutory, "programme": procedure.Joint})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, w.url+"/api/v1/registrations", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", ident.New().String())
	_, err = ask(client, req, token, http.StatusCreated)
	return err
}
