package webui

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
)

func oversightPages() []PageSample {
	digest := func(word string) []byte { id := ident.Derive(sampleIDs.file, word); return append(id[:], id[:]...) }
	anchors := func(n int) func(Base) View {
		return func(b Base) View {
			var list []oversight.Anchor
			for i := range n {
				list = append(list, oversight.Anchor{ID: sampleIDs.file, At: sampleInstant().Add(-24 * time.Hour * time.Duration(i)), Chains: 34, Links: int64(48_120 - 913*i), Digest: digest("anchor")})
			}
			var held []oversight.Held
			if n > 0 {
				held = []oversight.Held{{ID: sampleIDs.doctor, Origin: b.T("style.hospital.s1"), At: sampleInstant(), Chains: 12, Links: 9_034, Digest: digest("held")}}
			}
			return newAnchorsView(titled(b, b.T("anchor.title")), anchorForm(b, sampleDay()), list, held)
		}
	}
	log := func(n int) func(Base) View {
		return func(b Base) View {
			return newLogView(titled(b, b.T("settings.audit")), logFilter(b, sampleDay()), page.Result[oversight.Entry]{Rows: sampleLog(b)[:n]})
		}
	}
	return []PageSample{
		{"account/anchors", anchors(0)}, {"account/anchors", anchors(3)},
		{"directory/list", log(0)}, {"directory/list", log(4)},
		{"directory/list", func(b Base) View { return newWhoSawView(titled(b, ""), sampleReaders(b)) }},
		{"directory/list", func(b Base) View { return newWhoSawView(titled(b, ""), oversight.Readers{No: "SH-2025-00873"}) }},
	}
}

func sampleLog(b Base) []oversight.Entry {
	entry := func(e audit.Event) oversight.Entry {
		e.At, e.ActorID, e.SourceIP, e.RequestID = sampleInstant(), sampleIDs.doctor, "192.0.2.17", "7K4M-20F9"
		return oversight.Entry{Event: e}
	}
	return []oversight.Entry{
		entry(audit.Event{ActorName: b.T("style.person.1"), Role: "registrar everyone", Action: audit.PersonUnmask, ObjectKind: audit.ObjectPerson, ObjectID: sampleIDs.file, Outcome: audit.Done, Reason: b.T("oversight.sample.reason")}),
		entry(audit.Event{ActorName: b.T("oversight.sample.person"), Role: "finance", Action: audit.CaseRead, ObjectKind: audit.ObjectCase, ObjectID: sampleIDs.file, Outcome: audit.Done}),
		entry(audit.Event{ActorName: b.T("oversight.sample.person"), Role: "finance", Action: audit.AccessRefuse, Outcome: audit.Refused, Reason: "error.case.missing", Detail: map[string]any{"method": "GET", "route": "/cases/{id}"}}),
		entry(audit.Event{ActorName: "system:anchor", Action: audit.AnchorMake, ObjectKind: audit.ObjectAnchor, ObjectID: sampleIDs.file, Outcome: audit.Done}),
	}
}

func sampleReaders(b Base) oversight.Readers {
	first := sampleInstant().Add(-90 * 24 * time.Hour)
	return oversight.Readers{Case: sampleIDs.file, No: "SH-2025-00873", Readers: []oversight.Reader{
		{Account: sampleIDs.doctor, Name: b.T("style.person.1"), Roles: []user.Role{user.Registrar}, Times: 14, First: first, Last: sampleInstant(),
			Acts: []oversight.Act{{Action: audit.CaseRead, Kind: audit.ObjectCase, Times: 12}, {Action: audit.PersonUnmask, Kind: audit.ObjectPerson, Times: 2}}},
		{Account: sampleIDs.file, Name: b.T("oversight.sample.person"), Roles: []user.Role{user.Finance, user.Registrar}, Times: 3, Refused: 2, First: first, Last: first,
			Acts: []oversight.Act{{Action: audit.ApprovalRequest, Kind: audit.ObjectApproval, Times: 1}}},
		{Account: sampleIDs.file, Name: "system:import", System: true, Times: 1, First: first, Last: first, Acts: []oversight.Act{{Action: audit.ImportRun, Kind: audit.ObjectImport, Times: 1}}},
	}}
}
