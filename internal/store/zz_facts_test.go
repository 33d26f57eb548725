package store_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestFactsRun(t *testing.T) {
	w := servicetest.New(t)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-500), Joints: 1})
	w.Treat(servicetest.Treated{Programme: measure.Cataract, At: servicetest.Mountain, On: w.Today().AddDays(-500), Joints: 1})
	w.Treat(servicetest.Treated{Programme: measure.Coronary, At: servicetest.Mountain, On: w.Today().AddDays(-500), Joints: 1})
	for _, b := range measure.Bases() {
		err := w.DB.InTx(t.Context(), w.Official(), func(tx *store.Tx) error {
			tx.NoAudit("test")
			f := store.FactFilter{Lock: w.Today()}
			got, err := tx.Samples(b, f, measure.ByHospital, measure.BySide, measure.ByClass)
			t.Log(b, len(got))
			if err != nil {
				return err
			}
			for _, d := range measure.Definitions() {
				if d.Base == b {
					for _, p := range measure.Parts() {
						if _, err := tx.FactRows(store.FactList{Definition: d, Filter: f, Part: p}, page.Request{}); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}, store.OneInstant())
		if err != nil {
			t.Errorf("%s: %v", b, err)
		}
	}
}
