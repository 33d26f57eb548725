package store_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The list behind a measure in a month at a hospital reads that month and looks
// up its own patients; it never walks the twenty thousand.
func listsBehindMeasures(t *testing.T, w *servicetest.World) {
	app := pgtest.Open(t, w.Database.AppDSN)
	var asked []asking
	who := w.Official()
	w.Do(who, func(tx *store.Tx) error {
		f := store.FactFilter{Lock: w.Today()}
		f.HospitalID, f.From, f.To = w.ID(servicetest.MountainTwo), clock.MustDate(2022, 6, 1), clock.MustDate(2022, 6, 10)
		for _, id := range []measure.ID{"joint.death_30", "cataract.good_618", "coronary.success", "quality.signed", "money.free_share"} {
			d, _ := measure.ByID(id)
			f.Programme = d.Programme
			l := store.FactList{Definition: d, Filter: f, Part: measure.Known}
			query, args := tx.FactListQuery(l)
			asked = append(asked, asking{who, query, args, []string{string(id)}})
			if _, err := tx.FactRows(l, page.Request{Size: 20}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, a := range asked {
		explain(t, app, a, "force_custom_plan")
	}
}
