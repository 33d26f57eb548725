package message_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryKindIsSaidInBothLanguages(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range message.Kinds() {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, string(k.Label())) {
				t.Errorf("%s: no text for %q", lang, k.Label())
			}
		}
	}
}

func TestWhatAsksForSomethingIsBadNews(t *testing.T) {
	for k, want := range map[message.Kind]bool{message.ApprovalApproved: false, message.ApprovalReturned: true, message.ApprovalLapsed: true,
		message.ReferralAccepted: false, message.ReferralRejected: true, message.FollowUpsGiven: false} {
		if k.Bad() != want {
			t.Errorf("%s: bad news %v", k, k.Bad())
		}
	}
}
