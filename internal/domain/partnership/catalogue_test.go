package partnership_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	var keys []string
	for _, s := range partnership.Stages() {
		keys = append(keys, s.Label())
	}
	for _, s := range []partnership.UnionState{partnership.UnionAsked, partnership.UnionDropped, partnership.UnionDone} {
		keys = append(keys, s.Label())
	}
	for _, list := range [][]string{partnership.MovedKinds(), partnership.KeptKinds()} {
		for _, k := range list {
			keys = append(keys, partnership.Carried{Kind: k}.Label())
		}
	}
	for _, k := range partnership.UnionPendingKinds() { // each says what is to be done
		keys = append(keys, partnership.Pending{Kind: k}.Label(), "remedy.union."+k)
	}
	i18ntest.Complete(t, keys)
}
