package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

// callSheetView is the paper by which patients are called or visited: one table
// for each village, with room for what came of it.
type callSheetView struct {
	Base
	Villages []callVillage
	What     string
	Reason   *Form // opens the telephone numbers
	Open     Button
	By       string
	Printed  string
}

type callVillage struct {
	Name, Hospital string
	Rows           []callLine
}

type callLine struct {
	No                                                     int
	Name, Who, CaseNo, What, Step, Window, Where, Tel, Kin string
}

func (s *Server) sheetBase(c *Call, title string) Base {
	b := c.Base
	b.Layout, b.Title = "print", b.T(title)
	return b
}

func reasonToOpen(b Base, today clock.Date) *Form {
	return NewForm(b, today, Field{Name: "reason", LabelKey: "followup.calls.reason", HintKey: "followup.calls.reason.hint", Max: followup.MaxText})
}

func (s *Server) callSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showCalls(w, r, c, reasonToOpen(c.Base, c.Today))
}

func (s *Server) openCallSheet(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := reasonToOpen(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	return s.showCalls(w, r, c, f)
}

func (s *Server) showCalls(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	in, _, err := s.followInput(r, c)
	if err != nil {
		return err
	}
	call := aftercare.CallInput{ListInput: in}
	if r.Method == http.MethodPost {
		call.Reason = f.Text("reason")
	}
	list, err := s.d.Aftercare.CallList(r.Context(), c.Who, call)
	if err != nil {
		return err
	}
	p := newCallSheet(s.sheetBase(c, "followup.calls.title"), in, list)
	if !list.Numbers && s.can(c, authz.PersonUnmask) {
		f.Action = "/followups/calls?" + followQuery(in)
		p.Reason, p.Open = f, Button{Text: p.T("followup.calls.open")}
	}
	p.By, p.Printed = c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation), instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, f.Status(), "followup/calls", p)
}

func newCallSheet(b Base, in aftercare.ListInput, list aftercare.CallList) callSheetView {
	p := callSheetView{Base: b, What: b.T("followup.calls.what", "list", b.T("followup.list."+string(in.List)), "n", list.Patients)}
	for _, v := range list.Villages {
		x := callVillage{Name: villageName(b, v), Hospital: v.Hospital}
		for i, f := range v.Rows {
			line := callLine{No: i + 1, Name: f.PersonName, Who: identity(b, f.Sex, f.Birth, list.Today), CaseNo: f.CaseNo, What: followOperation(b, f).Text + " " + f.OperatedOn.String(),
				Step: b.T(f.Step.Label()), Window: windowText(b, f), Where: f.Address, Tel: maskedPhone(f), Kin: f.Kin}
			if list.Numbers {
				line.Tel, line.Kin = f.Phone, strings.TrimSpace(f.Kin+" "+f.KinPhone)
			}
			x.Rows = append(x.Rows, line)
		}
		p.Villages = append(p.Villages, x)
	}
	return p
}

// villageName is where the patients of a table live.
func villageName(b Base, v aftercare.Village) string {
	if v.Township+v.Name == "" {
		return b.T("followup.village.none")
	}
	return v.Township + v.Name
}

// villageFormView is what a village doctor fills in: one form for each patient.
type villageFormView struct {
	Base
	Forms   []villageForm
	By      string
	Printed string
}

type villageForm struct {
	callLine
	Village, Hospital string
	Wrong             []string
}

func (s *Server) villageForms(w http.ResponseWriter, r *http.Request, c *Call) error {
	in, _, err := s.followInput(r, c)
	if err != nil {
		return err
	}
	list, err := s.d.Aftercare.CallList(r.Context(), c.Who, aftercare.CallInput{ListInput: in, Form: true})
	if err != nil {
		return err
	}
	p := newVillageForms(s.sheetBase(c, "followup.forms.title"), in, list)
	p.By, p.Printed = c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation), instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, http.StatusOK, "followup/forms", p)
}

func newVillageForms(b Base, in aftercare.ListInput, list aftercare.CallList) villageFormView {
	sheet := newCallSheet(b, in, list)
	p := villageFormView{Base: b}
	for i, v := range sheet.Villages {
		for j, line := range v.Rows {
			f := villageForm{callLine: line, Village: v.Name, Hospital: v.Hospital}
			for _, x := range complication.Types(list.Villages[i].Rows[j].Programme) {
				f.Wrong = append(f.Wrong, b.T(x.Label()))
			}
			p.Forms = append(p.Forms, f)
		}
	}
	return p
}

// slipView is the paper a patient takes home.
type slipView struct {
	Base
	V       aftercare.Slip
	Who     string
	Rows    []slipLine
	QR      string // path data
	Span    int    // of the square with its margin, in modules
	Code    string
	By      string
	Printed string
}

type slipLine struct{ Step, What, Due, Window, Wants string }

func (s *Server) returnSlip(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Aftercare.Slip(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	p, err := newSlip(s.sheetBase(c, "followup.slip.title"), v)
	if err != nil {
		return err
	}
	p.By, p.Printed = c.P.T("print.by", "name", c.Who.DisplayName, "org", c.Who.Organisation), instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, http.StatusOK, "followup/slip", p)
}

// quietZone is the white margin of a QR code, in modules; the template draws it.
const quietZone = 4

func newSlip(b Base, v aftercare.Slip) (slipView, error) {
	code, size, err := printout.QRPath(v.Token)
	if err != nil {
		return slipView{}, err
	}
	p := slipView{Base: b, V: v, Who: identity(b, v.Sex, v.Birth, v.Today), QR: code, Span: size + 2*quietZone, Code: inFives(v.Token)}
	for _, f := range v.Next {
		p.Rows = append(p.Rows, slipLine{Step: b.T(f.Step.Label()), What: followOperation(b, f).Text, Due: f.Due.String(), Window: windowText(b, f), Wants: wantsText(b, f)})
	}
	return p, nil
}

// inFives writes a token as people read it out.
func inFives(token string) string {
	var out []string
	for len(token) > 5 {
		out, token = append(out, token[:5]), token[5:]
	}
	return strings.Join(append(out, token), "-")
}
