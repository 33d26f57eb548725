package screening_test

import (
	"context"
	"errors"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	service "github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// recorder stands for care and implants: it keeps what it is given, and answers
// what it is told to.
type recorder struct {
	got  []service.Operation
	perm []authz.Permission
	kept service.KeptOperation
	err  error
}

func (r *recorder) Keep(_ context.Context, _ user.Principal, in service.Operation, perm authz.Permission) (service.KeptOperation, error) {
	r.got, r.perm = append(r.got, in), append(r.perm, perm)
	return r.kept, r.err
}

func openTheatre(t *testing.T) (*table, *recorder) {
	t.Helper()
	w := servicetest.New(t)
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{kept: service.KeptOperation{Stored: store.RowCreated}}
	return &table{w, service.New(service.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, Theatre: r}), t}, r
}

const keptKnee = `{"treatment":"0192f0c4-7d5e-7abc-8def-0123456789ab","name":"苗砚秋","kind":"TKA","side":"R","operated_on":"2026-11-20","lead_id":"0192f0c4-7d5e-7abc-8def-0123456789ac",
	"anaesthesia":["SPINAL"],"indications":["OA"],"known":["0192f0c4-7d5e-7abc-8def-0123456789ad"],"reason":"没有网络","scans":["(01)09521234000013(10)L1"],"both":true}`

func TestAnOperationThatWasKeptIsReadAndAnswered(t *testing.T) {
	d, r := openTheatre(t)
	doctor := d.Doctor(here)
	send := func(bodies ...string) []service.Answer {
		t.Helper()
		in := service.ReceiveInput{Hospital: d.ID(here)}
		for _, b := range bodies {
			in.Forms = append(in.Forms, service.Sent{ID: ident.New(), Body: b})
		}
		got, err := d.ReceiveOperations(t.Context(), doctor, in)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := send(keptKnee, "no record")
	if got[0].Outcome != service.Created || got[1].Outcome != service.Refused || len(r.got) != 1 || r.perm[0] != authz.ProcedureLog {
		t.Fatalf("%+v, passed on: %d", got, len(r.got))
	}
	if o := r.got[0]; o.Kind != procedure.TKA || o.Programme != procedure.Joint || o.ID != got[0].ID || len(o.Known) != 1 || !o.Both || len(o.Scans) != 1 || o.Reason == "" || o.By != ident.Nil {
		t.Errorf("%+v", o)
	}
	r.kept = service.KeptOperation{Stored: store.RowTaken, Have: &store.Operation{}}
	if got := send(keptKnee)[0]; !got.Taken() || got.Standing == nil {
		t.Errorf("somebody else's: %+v", got)
	}
	r.kept = service.KeptOperation{Stored: store.RowCreated, Parts: errs.Missing("error.operation.missing")}
	if got := send(keptKnee)[0]; got.Outcome != service.Refused || got.Taken() || got.Fields[0].Key != "error.outreach.parts" {
		t.Errorf("stickers that were not recorded go under: %+v", got)
	}
	r.kept, r.err = service.KeptOperation{}, errs.New(errs.Precondition, "error.stale", nil)
	if got := send(keptKnee)[0]; got.Outcome != service.Refused || len(got.Fields) != 1 {
		t.Errorf("refused: %+v", got)
	}
	r.err = errors.New("no database")
	if _, err := d.ReceiveOperations(t.Context(), doctor, service.ReceiveInput{Hospital: d.ID(here), Forms: []service.Sent{{ID: ident.New(), Body: keptKnee}}}); err == nil {
		t.Error("a store that does not answer is told as a refusal: the browser would not come again")
	}
	if _, err := d.ReceiveOperations(t.Context(), d.Screener(here), service.ReceiveInput{Hospital: d.ID(here), Forms: []service.Sent{{ID: ident.New(), Body: keptKnee}}}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a screener: %v", err)
	}
}

func TestAFileHandsOverOperationsBesideScreenings(t *testing.T) {
	d, r := openTheatre(t)
	doctor := d.Doctor(here)
	p := d.telephone(doctor, here)
	p.Keep(boxes("向云禾"))
	id := p.Operate(keptKnee)
	got, err := d.HandOver(t.Context(), doctor, p.file(t))
	if err != nil || got.Count(service.Created) != 2 || len(r.got) != 1 || r.got[0].ID != id || r.got[0].By != ident.Nil || r.perm[0] != authz.ProcedureLog {
		t.Errorf("%+v %v, passed on: %+v by %v", got, err, r.got, r.perm)
	}
}
