package demo

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// grants gives the visiting doctors their privileges at the host, revisions left
// out: those are asked for one by one. The eye
// surgeon's end in a few days, so that there is one to renew.
func grants(tx *store.Tx, d doctor) error {
	programme := map[practitioner.Specialty]procedure.Programme{practitioner.Orthopaedics: procedure.Joint, practitioner.Ophthalmology: procedure.Cataract, practitioner.Cardiology: procedure.Coronary}[d.specialty]
	to := tx.Today().AddDays(60)
	if d.key == "lgrm-2" {
		to = tx.Today().AddDays(5)
	}
	for _, k := range procedure.Kinds(programme) {
		if k.Revision() {
			continue
		}
		p := practitioner.Privilege{ID: id("privilege/" + d.key + "/" + string(k)), Practitioner: d.id(), Hospital: byCode(d.posted).id(), Kind: k, From: opened(), To: to, Basis: "示例医务〔2021〕3号"}
		if err := tx.InsertPrivilege(p); err != nil {
			return err
		}
	}
	return nil
}

// licence is an invented licence: an unassigned region, and a last day that is
// over for one doctor and near for another.
func licence(d doctor, n int, today clock.Date) (string, clock.Date) {
	no := "110500199000" + string([]byte{'0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)}) // #nosec G115 -- one digit
	switch d.key {
	case "lgrm-4":
		return no, today.AddDays(-12)
	case "lgrm-2":
		return no, today.AddDays(40)
	}
	return no, today.AddDays(700 + n*31)
}

// outside marks the latest revision of the visiting surgeon of the second
// hospital as done outside of the privileges, for the queue of exceptions.
func (m *maker) outside() *store.BulkOperation {
	var last *store.BulkOperation
	for i := range m.bulk.Operations {
		o := &m.bulk.Operations[i]
		if o.Kind.Revision() && o.Lead == id("practitioner/lgrm-3") && o.Hospital == byCode("ylrm").id() && (last == nil || last.OperatedOn.Before(o.OperatedOn)) {
			last = o
		}
	}
	if last != nil {
		last.Marks = append(last.Marks, string(procedure.RuleOutsidePrivilege), procedure.MarkNeedsReview)
	}
	return last
}

// visits brings the visiting programme: an exception, a closed visit and one that
// is going on, teaching, meetings, and a doctor who is signed off.
func (m *maker) visits(tx *store.Tx, marked *store.BulkOperation) error {
	if marked != nil {
		x := store.PrivilegeException{ID: id("exception/1"), Finding: practitioner.NoGrant, Reason: "临时顶替请假的同事，来不及补办权限，已电话报告医务科"}
		if err := tx.InsertException(x, marked.Operation, *marked.Of); err != nil {
			return err
		}
	}
	for _, step := range []func(*store.Tx) error{m.pastVisit, m.presentVisit, m.meetings, m.promotion} {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

// pastVisit is a week around the latest operations of the first visiting
// surgeon: everybody handed over, and closed.
func (m *maker) pastVisit(tx *store.Tx) error {
	surgeon, owner, host := id("practitioner/lgzy-1"), id("practitioner/ylzy-1"), byCode("ylzy").id()
	var last clock.Date
	for _, o := range m.bulk.Operations {
		if o.Lead == surgeon && o.Hospital == host && last.Before(o.OperatedOn) {
			last = o.OperatedOn
		}
	}
	v := store.Visit{Mission: visit.Mission{ID: id("visit/1"), Hospital: host, Title: "澜港骨科支医周", From: last.AddDays(-6), To: last, State: visit.Planned, Note: "本周以膝关节置换为主，本地医生在带教下完成部分手术。", Version: 1}}
	member := store.VisitMember{ID: id("visit/1/member"), Practitioner: surgeon, Duty: visit.DutySurgeon}
	if err := tx.InsertVisit(v.Mission); err != nil {
		return err
	}
	if err := tx.InsertVisitMember(v, member); err != nil {
		return err
	}
	done, err := tx.VisitOperations(v, []store.VisitMember{member})
	if err != nil {
		return err
	}
	for i, o := range done {
		if i > 0 { // the first one came as an emergency and stood on no list
			e := visit.Entry{ID: m.id("listed", i), Case: o.Case, Kind: o.Kind, Side: o.Side, Surgeon: surgeon, On: o.On}
			if err := tx.InsertVisitEntry(v, e); err != nil {
				return err
			}
		}
		if err := tx.PutVisitDay(v, visit.Attendance{Practitioner: surgeon, On: o.On, Part: visit.FullDay}); err != nil {
			return err
		}
		if err := tx.PutHandover(v, store.VisitHandover{ID: m.id("handover", i), Case: o.Case, Owner: owner, On: v.To, Note: "两周拆线，六周复查"}); err != nil {
			return err
		}
	}
	if err := tx.InsertVisitSupply(v, store.VisitSupply{ID: id("visit/1/supply"), Name: "骨水泥", Quantity: 6, Unit: "袋", Source: "brought"}); err != nil {
		return err
	}
	lesson := visit.Teaching{ID: id("teaching/1"), Hospital: host, Visit: v.ID, Kind: visit.Demonstration, Topic: "全膝关节置换示范手术", On: last, Minutes: 120, Teacher: surgeon,
		Attendees: []ident.ID{owner, id("practitioner/ylzy-2")}, Others: 8}
	if err := tx.SaveTeaching(lesson, true); err != nil {
		return err
	}
	v.State = visit.Closed
	return tx.UpdateVisit(v.Mission)
}

// presentVisit is going on: its list is from the cases in work.
func (m *maker) presentVisit(tx *store.Tx) error {
	surgeon, host := id("practitioner/lgrm-2"), byCode("ylrm").id()
	v := store.Visit{Mission: visit.Mission{ID: id("visit/2"), Hospital: host, Title: "复明行动支医队", From: m.today.AddDays(-2), To: m.today.AddDays(4), State: visit.Planned, Version: 1}}
	member := store.VisitMember{ID: id("visit/2/member"), Practitioner: surgeon, Duty: visit.DutySurgeon}
	if err := tx.InsertVisit(v.Mission); err != nil {
		return err
	}
	if err := tx.InsertVisitMember(v, member); err != nil {
		return err
	}
	if err := tx.KeepBusy(v.Span(surgeon, member.ID)); err != nil {
		return err
	}
	if err := tx.PutVisitDay(v, visit.Attendance{Practitioner: surgeon, On: m.today.AddDays(-2), Part: visit.TravelDay}); err != nil {
		return err
	}
	if err := tx.PutVisitDay(v, visit.Attendance{Practitioner: surgeon, On: m.today.AddDays(-1), Part: visit.FullDay}); err != nil {
		return err
	}
	open, err := tx.ListCases(store.CaseFilter{Programme: procedure.Cataract, Hospitals: []ident.ID{host}}, page.Request{Size: page.MaxSize})
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(open.Rows, func(c store.CaseItem) bool { return !c.ClosedOn.IsZero() || m.nextSide(c.ID) == "" })
	for i, c := range waiting[:min(4, len(waiting))] {
		e := visit.Entry{ID: m.id("entry", i), Case: c.ID, Kind: procedure.PhacoIOL, Side: m.nextSide(c.ID), Surgeon: surgeon, On: m.today.AddDays(1 + i/2), Start: 540 + 60*i, Minutes: 45}
		if err := tx.InsertVisitEntry(v, e); err != nil {
			return err
		}
		if slot, ok := v.Slot(e); ok {
			if err := tx.KeepBusy(slot); err != nil {
				return err
			}
		}
	}
	return tx.SaveTeaching(visit.Teaching{ID: id("teaching/2"), Hospital: host, Visit: v.ID, Kind: visit.Lecture, Topic: "白内障超声乳化的常见并发症", On: m.today.AddDays(-1), Minutes: 60, Teacher: surgeon,
		Attendees: []ident.ID{id("practitioner/ylrm-2")}, Others: 12}, true)
}

// nextSide is the side a case is operated on next; empty: nothing is left to do.
func (m *maker) nextSide(id ident.ID) procedure.Side {
	i := slices.IndexFunc(m.files, func(f *file) bool { return f.item.ID == id })
	if i < 0 {
		return ""
	}
	for _, s := range m.files[i].story.stays {
		if !done(s.until) {
			return s.ops[0].side
		}
	}
	if second := m.files[i].item.Second; second != nil {
		return second.Side
	}
	return ""
}

func (m *maker) meetings(tx *store.Tx) error {
	list := []visit.Meeting{
		{ID: id("meeting/1"), Kind: visit.JointMeeting, Topic: "医疗协作年度联席会议", On: m.today.AddDays(-75), Place: "云岭区卫生健康委", Attendees: 24, Minutes: "通报上半年手术和减免情况；议定下半年增派眼科医生，并把疗效复查纳入双方考核。"},
		{ID: id("meeting/2"), Kind: visit.ExchangeVisit, Topic: "澜港市中医医院来访交流", On: m.today.AddDays(-20), Place: "云岭区中医院", Attendees: 9, Minutes: "实地查看手术室与康复科，确定两名本地医生到澜港进修。"},
	}
	for _, x := range list {
		if err := tx.SaveMeeting(x, true); err != nil {
			return err
		}
	}
	tasks := []visit.Task{
		{ID: id("meeting/1/1"), Meeting: list[0].ID, Task: "增派一名眼科医生到云岭区人民医院", Responsible: "澜港市卫生健康委", Due: m.today.AddDays(-30), Done: m.today.AddDays(-41), Outcome: "贺望舒已到岗"},
		{ID: id("meeting/1/2"), Meeting: list[0].ID, Task: "报送上半年疗效复查结果", Responsible: "云岭区帮扶办", Due: m.today.AddDays(-10)},
		{ID: id("meeting/2/1"), Meeting: list[1].ID, Task: "确定两名本地医生的进修时间", Responsible: "云岭区中医院", Due: m.today.AddDays(25)},
	}
	for _, x := range tasks {
		if err := tx.SaveMeetingTask(x, true); err != nil {
			return err
		}
	}
	return nil
}

// promotion signs the first local surgeon off for knees: the count is what the
// records say, and the number is the house's sample.
func (m *maker) promotion(tx *store.Tx) error {
	doctor, home := id("practitioner/ylzy-1"), byCode("ylzy").id()
	if err := tx.SetSkillRule(procedure.TKA, practitioner.UsualNeeded); err != nil {
		return err
	}
	counts, err := tx.SkillCounts(doctor, home)
	if err != nil {
		return err
	}
	for _, l := range practitioner.Climb(counts, nil, nil) {
		if l.Kind == procedure.TKA && l.Ready() {
			return tx.InsertSignoff(practitioner.Signoff{ID: id("signoff/1"), Practitioner: doctor, Hospital: home, Kind: l.Kind, Needed: l.Needed, Counted: l.Counted(), Note: "可独立完成初次全膝置换"})
		}
	}
	return nil
}
