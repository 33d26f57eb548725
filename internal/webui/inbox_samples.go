package webui

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
)

// inboxPages are the samples of the own desk.
func inboxPages() []PageSample {
	return []PageSample{
		{"inbox/messages", func(b Base) View {
			return newMessagesView(b, inbox.List{Result: page.Result[inbox.Message]{Rows: sampleMessages()}, Unread: 2}, false, sampleDay())
		}},
		{"inbox/messages", func(b Base) View { return newMessagesView(b, inbox.List{}, true, sampleDay()) }},
		{"followup/take", func(b Base) View {
			v := aftercare.TakeView{Rows: sampleFollowUps(b)[:2], Same: 1, Gone: 2, ToName: samplePerson}
			return newTakeView(b, v, aftercare.TakeInput{To: sampleID(9)}, sampleID(8).String())
		}},
		{"followup/take", func(b Base) View {
			return newTakeView(b, aftercare.TakeView{Same: 3}, aftercare.TakeInput{}, sampleID(8).String())
		}},
	}
}

func sampleMessages() []inbox.Message {
	at := sampleNow().Add(9 * time.Hour)
	one := func(n byte, kind message.Kind, no, note string) inbox.Message {
		return inbox.Message{From: "程既白", Message: message.Message{ID: sampleID(n), Kind: kind, Object: message.Approval, About: sampleID(n), CaseNo: no, Note: note, At: at}}
	}
	read := one(3, message.ApprovalApproved, "SH-2026-0455", "")
	read.ReadAt = at
	given := one(4, message.FollowUpsGiven, "", "")
	given.Object, given.About, given.Count, given.ReadAt = message.FollowUps, ident.Nil, 12, at
	return []inbox.Message{one(1, message.ApprovalReturned, "SH-2026-0873", "低保证已过期，请补 2026 年的证明"), one(2, message.ApprovalRefused, "SH-2026-0419", "年度封顶已用完"), read, given}
}
