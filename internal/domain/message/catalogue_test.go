package message_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryKindIsSaidInBothLanguages(t *testing.T) {
	var keys []string
	for _, k := range message.Kinds() {
		keys = append(keys, string(k.Label()))
	}
	i18ntest.Complete(t, keys)
}

func TestWhatAsksForSomethingIsBadNews(t *testing.T) {
	for k, want := range map[message.Kind]bool{message.ApprovalApproved: false, message.ApprovalReturned: true, message.ApprovalLapsed: true,
		message.ReferralAccepted: false, message.ReferralRejected: true, message.FollowUpsGiven: false} {
		if k.Bad() != want {
			t.Errorf("%s: bad news %v", k, k.Bad())
		}
	}
}
