package notice_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) { i18ntest.Complete(t, labels()) }

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range notice.Publications() {
		keys = append(keys, v.Label())
	}
	for _, v := range notice.Whys() {
		keys = append(keys, v.Label())
	}
	for _, v := range notice.States() {
		keys = append(keys, v.Label())
	}
	for _, v := range notice.Steps() {
		keys = append(keys, v.Label())
	}
	for _, v := range notice.ObjectionStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range notice.Channels() {
		keys = append(keys, v.Label())
	}
	keys = append(keys, notice.NotAsked.Label())
	return keys
}
