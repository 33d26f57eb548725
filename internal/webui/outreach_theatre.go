package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// The theatre without a network: the shell holds the questions of the three
// programmes and nothing about anybody; the day's list comes to it sealed.

// outreachTheatreView is the shell of the theatre.
type outreachTheatreView struct {
	islandView
	Programmes []Option
}

// Main are the questions of a standard case of a programme, More the others.
func (v outreachTheatreView) Main(programme string) []string {
	p := procedure.Programme(programme)
	return within(p, theatreFields(p))
}

// More are the questions of a programme that a standard case leaves alone.
func (v outreachTheatreView) More(programme string) []string {
	main := v.Main(programme)
	var out []string
	for _, x := range recordFields(v.Base, procedure.Programme(programme)) {
		if !slices.Contains(main, x.Name) {
			out = append(out, x.Name)
		}
	}
	return out
}

// within names questions of a programme on a page that asks those of all.
func within(p procedure.Programme, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = string(p) + "." + name
	}
	return out
}

// commonFields are asked the same in every programme, by the names they are sent under.
func commonFields(b Base) []Field {
	scans := scanField(b, clock.Date{}, false)
	return []Field{{Name: "lead_id", LabelKey: "operation.lead", Kind: KindSelect, Data: need("pick")}, scans,
		{Name: "operated_on", LabelKey: "operation.on", Kind: KindDate, Data: need("missing")},
		{Name: "assistant_id", LabelKey: "operation.assistant", Kind: KindSelect, Optional: true},
		{Name: "supervisor_id", LabelKey: "operation.supervisor", HintKey: "operation.supervisor.hint", Kind: KindSelect, Optional: true},
		{Name: "reason", LabelKey: "treatment.reason", HintKey: "outreach.theatre.reason.hint", Kind: KindArea, Rows: 2, Max: 500, Data: need("missing")}}
}

// need tells the script what to say where nothing was answered.
func need(key string) map[string]string { return map[string]string{"need": key} }

// recordFields are the questions of one programme, made for a thumb.
func recordFields(b Base, p procedure.Programme) []Field {
	var v care.OperationForm
	v.Programme = p
	f := operationForm(b, clock.Date{}, v)
	var out []Field
	for _, name := range f.Names() {
		x := f.field(name)
		if slices.Contains([]string{"operated_on", "lead", "assistant", "supervisor", "operations", "diagnoses", "diagnosis"}, name) {
			continue
		}
		x = forThumb(x)
		x.Name = string(p) + "." + name
		if !x.Optional {
			x.Data = need("pick")
		}
		out = append(out, x)
	}
	return out
}

func newOutreachTheatre(b Base) outreachTheatreView {
	b.Title, b.Scanner = b.T("outreach.theatre.title"), true
	v := outreachTheatreView{islandView: newIsland(b, outreachTheatre, "theatre.js")}
	fields := commonFields(b)
	for _, p := range procedure.Programmes() {
		v.Programmes = append(v.Programmes, Option{Value: string(p), Key: p.Label()})
		fields = append(fields, recordFields(b, p)...)
	}
	v.Form, v.Panels = NewForm(b, clock.Date{}, fields...), islandPanels("outreach.tab.theatre")
	v.Self, v.Leave, v.Plain, v.PlainText = "/outreach/theatre", "/operations", "/operations", "outreach.theatre.plain"
	v.Swap, v.SwapText = outreachHome+b.Lang(), b.T("outreach.short")
	v.Kinds, v.PhotoHint = photoKinds(operationPhotos()...), b.T("outreach.theatre.photo.hint")
	for _, k := range []string{"listed", "kept", "logged", "unlisted", "reason", "nobody", "denied"} {
		v.Texts["theatre."+k] = b.T("outreach.js.theatre." + k)
	}
	return v
}

// theatreCase is somebody on the day's list: who it is and what is planned. No
// number of theirs goes along.
type theatreCase struct {
	Treatment ident.ID            `json:"treatment"`
	Name      string              `json:"name"`
	Who       string              `json:"who"`
	Programme procedure.Programme `json:"programme"`
	Kind      procedure.Kind      `json:"kind"`
	Side      procedure.Side      `json:"side"`
	Lead      string              `json:"lead"`
	Known     []ident.ID          `json:"known"`
}

// habit is how the day's last case of a programme was done.
type habit struct {
	Kind        procedure.Kind          `json:"kind"`
	Anaesthesia []procedure.Anaesthesia `json:"anaesthesia"`
	Fixation    procedure.Fixation      `json:"fixation,omitempty"`
	Access      procedure.Access        `json:"access,omitempty"`
}

type theatreDoctor struct {
	ID   ident.ID `json:"id"`
	Name string   `json:"name"`
}

// theatreList is the day's list as the browser keeps it.
type theatreList struct {
	Day     clock.Date                    `json:"day"`
	Self    string                        `json:"self"`
	Doctors []theatreDoctor               `json:"doctors"`
	Cases   []theatreCase                 `json:"cases"`
	Habits  map[procedure.Programme]habit `json:"habits"`
}

// outreachList is the list of today at a hospital. The browser keeps it sealed,
// until the day is over.
func (s *Server) outreachList(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospital, err := ident.Parse(r.URL.Query().Get("hospital"))
	if err != nil {
		hospital = ident.Nil // refused below
	}
	v, err := s.d.Care.Theatre(r.Context(), c.Who, hospital)
	if err != nil {
		return err
	}
	return answerJSON(w, newTheatreList(s.islandBase(r, c), v, c.Today))
}

func newTheatreList(b Base, v care.Theatre, today clock.Date) theatreList {
	out := theatreList{Day: today, Self: known(v.Self), Doctors: []theatreDoctor{}, Cases: []theatreCase{}, Habits: map[procedure.Programme]habit{}}
	for _, d := range v.Surgeons {
		out.Doctors = append(out.Doctors, theatreDoctor{d.ID, d.Name})
	}
	for _, x := range v.Cases {
		out.Cases = append(out.Cases, theatreCase{Treatment: x.Treatment, Name: x.Name, Who: identity(b, x.Sex, x.Birth, today), Programme: x.Programme, Kind: x.Planned.Kind, Side: x.Planned.Side,
			Lead: known(x.Planned.Surgeon), Known: append([]ident.ID{}, x.Known...)})
	}
	for p, o := range v.Habits {
		h := habit{Kind: o.Kind, Anaesthesia: o.Anaesthesia}
		if o.JointPart != nil {
			h.Fixation = o.JointPart.Fixation
		}
		if o.HeartPart != nil {
			h.Access = o.HeartPart.Access
		}
		out.Habits[p] = h
	}
	return out
}

// known is an id as text; nobody's is empty.
func known(id ident.ID) string {
	if id == ident.Nil {
		return ""
	}
	return id.String()
}

func (s *Server) receiveOperations(w http.ResponseWriter, r *http.Request, c *Call) error {
	in, err := readForms(r)
	if err != nil {
		return err
	}
	got, err := s.d.Screenings.ReceiveOperations(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	b := s.islandBase(r, c)
	return answerForms(w, got, func(x outreach.Answer) formAnswer { return newFormAnswer(b, keptForm(b, x), x) })
}

// keptForm is the form whose labels an answer names.
func keptForm(b Base, x outreach.Answer) *Form {
	if !x.Theatre {
		return screeningForm(b, clock.Date{}, nil)
	}
	var v care.OperationForm
	v.Programme, v.Reason = x.Operation.Programme, true
	return operationForm(b, clock.Date{}, v)
}

// operationDifferences sets an operation that a browser kept beside the one on
// record.
func operationDifferences(b Base, mine procedure.Procedure, have care.Operation) []difference {
	own := have // who and where are the record's
	own.Procedure = mine.Completed()
	if len(own.Diagnoses) == 0 {
		own.Diagnoses = procedure.DefaultDiagnoses(own.Procedure)
	}
	facts := func(o care.Operation) []Def {
		return append([]Def{{Label: b.T("operation.kind"), Text: operationName(b, o)}, {Label: b.T("operation.on"), Text: b.Day(o.OperatedOn)}}, operationRecord(b, o.Procedure)...)
	}
	return apart(facts(own), facts(have))
}
