package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// patientView is the page of record of one person: who it is, what is to be done
// next, what happened, and who paid.
type patientView struct {
	Base
	Who    string // sex, age, ethnicity
	Masked string
	Unmask string // address; empty when the reader may not
	Tags   []Tag
	Facts  []Def
	Alerts []Alert
	Cases  []caseCard
	Empty  *Empty
	Events []Event
	More   string // address of the whole timeline
	Strips []Strip
}

// caseCard is one case on the page of record, its next step as the heading.
type caseCard struct {
	Title string
	Tag   Tag
	Note  string
	Href  string
	Next  []Button
	Table Table
}

func (s *Server) patientPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Care.Patient(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	v.CanAttach = v.CanAttach && s.can(c, authz.AttachmentRead) // the button leads to the list of what is attached
	return s.d.Engine.Render(w, r, http.StatusOK, "care/patient", newPatientView(s.careBase(c, "patients", v.Name), v, c.Today))
}

func newPatientView(b Base, v care.PatientView, today clock.Date) patientView {
	p := patientView{Base: b, Who: identity(b, v.Sex, v.Birth, today)}
	if e, ok := terminology.ParseEthnicity(v.Ethnicity); ok {
		name := e.Name
		if b.English() {
			name = e.Roman
		}
		p.Who = b.T("care.pair", "a", p.Who, "b", name)
	}
	if len(v.Documents) > 0 {
		p.Masked = MaskID(v.Documents[0].Last4)
		if v.CanUnmask {
			p.Unmask = "/patients/" + v.ID.String() + "/unmask"
		}
		if !v.Documents[0].Verified {
			p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("record.unverified"), Text: b.T("record.unverified.text")})
		}
	}
	if !v.DeceasedOn.IsZero() {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("record.deceased", "date", b.Day(v.DeceasedOn))})
	}
	switch {
	case !v.ErasedOn.IsZero():
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Icon: "lock", Title: b.T("subject.erased.title", "date", b.Day(v.ErasedOn))})
	case !v.RestrictedOn.IsZero():
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Icon: "lock", Title: b.T("subject.restricted.title", "date", b.Day(v.RestrictedOn)), Text: b.T("subject.restricted.text")})
	}
	p.Base.Actions = patientActions(b, v)
	p.Tags = patientTags(b, v, today)
	p.Facts = patientFacts(b, v)
	for _, x := range v.Cases {
		p.Cases = append(p.Cases, newCaseCard(b, v, x))
	}
	if v.HasCases && len(v.Cases) == 0 {
		p.Empty = &Empty{Title: b.T("record.no_case"), Text: b.T("record.no_case.text")}
		if len(v.CanOpenCase) > 0 {
			p.Empty.Buttons = []Button{{Text: b.T("case.open"), Kind: "primary", Icon: "plus", Href: "/patients/" + v.ID.String() + "/cases/new"}}
		}
	}
	p.Events, p.More = timelineEvents(b, v.Timeline, v.Sides), "/patients/"+v.ID.String()+"/timeline"
	p.Strips = strips(b, v.Treatments, v.Bills, v.Sides)
	return p
}

func patientActions(b Base, v care.PatientView) []Button {
	base := "/patients/" + v.ID.String()
	var out []Button
	if v.CanEdit {
		out = append(out, Button{Text: b.T("record.edit"), Icon: "edit", Href: base + "/edit"}, Button{Text: b.T("record.categories"), Href: base + "/categories"})
	}
	if v.CanAttach {
		out = append(out, Button{Text: b.T("record.attachments"), Icon: "camera", Href: base + "/attachments"})
	}
	if v.HasCases {
		out = append(out, Button{Text: b.T("correct.title"), Icon: "undo", Href: base + "/correct"})
	}
	if len(v.CanOpenCase) > 0 && len(v.Cases) > 0 {
		out = append(out, Button{Text: b.T("case.open"), Icon: "plus", Href: base + "/cases/new"})
	}
	if v.CanAskSubject {
		out = append(out, Button{Text: b.T("nav.subject"), Icon: "person", Href: base + "/subject-requests"})
	}
	return out
}

// patientTags are the categories valid today and the state of open cases.
func patientTags(b Base, v care.PatientView, today clock.Date) []Tag {
	var out []Tag
	valid := patient.CategoriesOn(v.Categories, today)
	for _, c := range v.Categories {
		if !c.ValidOn(today) || !slices.Contains(valid, c.Category) || c.Category == terminology.CategoryNone {
			continue
		}
		text := b.T(c.Category.Key())
		if !c.To.IsZero() {
			text = b.T("record.category.until", "category", text, "date", c.To)
		}
		out = append(out, Tag{Text: text, Kind: "ok"})
	}
	for _, x := range v.Cases {
		if x.Open() {
			tag := caseTag(b, x.State)
			out = append(out, tag)
		}
	}
	return out
}

func patientFacts(b Base, v care.PatientView) []Def {
	var out []Def
	for _, r := range v.Registrations {
		out = append(out, Def{Label: b.T("record.registered_at"), HTML: b.Place(sides(v.Sides).of(r.HospitalID), r.Hospital)},
			Def{Label: b.T("record.registered_on"), Text: r.RegisteredOn.String()})
		if r.PhoneLast4 != "" {
			out = append(out, Def{Label: b.T("record.phone"), Text: MaskPhone(r.PhoneLast4)})
		}
		if where := r.Township + r.Village + r.Address; where != "" {
			out = append(out, Def{Label: b.T("record.address"), Text: where})
		}
		if r.KinName != "" {
			out = append(out, Def{Label: b.T("record.kin"), Text: r.KinName})
		}
		out = append(out, Def{Label: b.T("record.basis"), Text: b.T(r.LegalBasis.Key())}, Def{Label: b.T("record.slip"), Text: r.SlipCode})
		if r.Note != "" { // it may name a telephone in full, which this page masks
			out = append(out, Def{Label: b.T("record.registration_note"), Text: b.T("record.registration_note.there")})
		}
	}
	return out
}

// newCaseCard is a case with its treatments; the heading says what to do next.
func newCaseCard(b Base, v care.PatientView, x care.CaseItem) caseCard {
	card := caseCard{Tag: caseTag(b, x.State), Href: "/cases/" + x.ID.String(), Note: b.T("record.case.note", "no", x.No, "programme", b.T(x.Programme.Label()))}
	var mine []care.Treatment
	for _, t := range v.Treatments {
		if t.Case == x.ID {
			mine = append(mine, t)
		}
	}
	card.Table = treatmentsTable(b, mine, v.Sides, true)
	card.Table.Bare, card.Table.Quiet = true, true
	for i := len(mine) - 1; i >= 0 && len(card.Next) == 0; i-- {
		card.Next = nextSteps(b, mine[i], v.Offers[mine[i].ID])
	}
	if len(card.Next) == 0 && v.CanTreat && x.Open() && x.State != casefile.FollowUp && len(openTreatments(mine)) == 0 {
		card.Next = []Button{{Text: b.T("case.treat"), Kind: "primary", Icon: "plus", Href: card.Href + "/treatments/new"}}
	}
	card.Title = b.T(x.Programme.Label())
	if len(card.Next) > 0 {
		card.Title = b.T("record.next", "action", card.Next[0].Text)
	}
	return card
}

func openTreatments(list []care.Treatment) []care.Treatment {
	return slices.DeleteFunc(slices.Clone(list), func(t care.Treatment) bool {
		return t.Place.State.Final() || t.Place.State == treatment.Settled
	})
}

// nextSteps are the steps of the way a reader may take, at most two.
func nextSteps(b Base, t care.Treatment, offers []treatment.Offer) []Button {
	var out []Button
	for _, o := range onward(offers) {
		href := stepHref(t, o.Row.Action)
		if !mainStep(o.Row.Action) || o.Row.Mark != "" || href == "" || len(out) == 2 {
			continue
		}
		x := Button{Text: b.T(o.Row.Action.Label()), Href: href}
		if len(out) == 0 {
			x.Kind = "primary"
		}
		out = append(out, x)
	}
	return out
}
