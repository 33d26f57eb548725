package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

// deviceRoutes declares implants: labels, parts of operations, the library,
// deliveries, disputes and recalls.
func (s *Server) deviceRoutes(rt *router) {
	rt.post("/labels", authz.DeviceRead, s.readLabels)
	rt.get("/procedures/{id}/parts", authz.ProcedureRead, s.parts)
	rt.post("/procedures/{id}/parts", authz.ProcedureEdit, s.addParts)
	rt.post("/procedures/{id}/explants", authz.ProcedureEdit, s.addExplants)
	rt.post("/procedures/{id}/explants/{explant}/removal", authz.ProcedureEdit, s.removeExplant)
	rt.get("/parts/{id}", authz.ProcedureRead, s.part)
	rt.post("/parts/{id}/correction", authz.ProcedureEdit, s.correctPart)
	rt.post("/parts/{id}/removal", authz.ProcedureEdit, s.removePart)
	rt.post("/parts/{id}/review", authz.ProcedureRead, s.reviewPart)
	rt.get("/alarms", authz.DeviceRead, s.alarms)
	rt.get("/devices", authz.DeviceRead, s.devices)
	rt.post("/devices", authz.DeviceEdit, s.addDevice)
	rt.get("/devices/{id}", authz.DeviceRead, s.device)
	rt.post("/devices/{id}", authz.DeviceEdit, s.correctDevice)
	rt.get("/stock", authz.DeviceRead, s.stock)
	rt.post("/stock", authz.StockEdit, s.addStock)
	rt.post("/stock/{id}/withdrawal", authz.StockEdit, s.withdrawStock)
	rt.get("/disputes", authz.DeviceRead, s.disputes)
	rt.get("/disputes/{id}", authz.DeviceRead, s.dispute)
	rt.post("/disputes/{id}/verdict", authz.DisputeResolve, s.resolveDispute)
	rt.get("/recall", authz.RecallRead, s.recall)
}

// deviceBody is what a device is. Prices are fen, diameters millimetres.
type deviceBody struct {
	Role         device.Role     `json:"role"`
	Maker        string          `json:"maker"`
	Brand        string          `json:"brand"`
	Catalogue    string          `json:"catalogue"`
	DI           string          `json:"di"`
	Registration string          `json:"registration"`
	NHSACode     string          `json:"nhsa_code"`
	Size         string          `json:"size"`
	Diameter     int             `json:"diameter_mm"`
	Side         procedure.Side  `json:"side"`
	Material     device.Material `json:"material"`
	Cemented     bool            `json:"cemented"`
	Price        money.Fen       `json:"price_fen"`
	Bulk         bool            `json:"bulk"`
}

func deviceOf(d device.Device) deviceBody {
	return deviceBody{d.Role, d.Maker, d.Brand, d.Catalogue, d.DI, d.Registration, d.NHSACode, d.Size, d.Diameter, d.Side, d.Material, d.Cemented, d.Price, d.Bulk}
}

func (b deviceBody) device() device.Device {
	return device.Device{Role: b.Role, Maker: b.Maker, Brand: b.Brand, Catalogue: b.Catalogue, DI: b.DI, Registration: b.Registration, NHSACode: b.NHSACode,
		Size: b.Size, Diameter: b.Diameter, Side: b.Side, Material: b.Material, Cemented: b.Cemented, Price: b.Price, Bulk: b.Bulk}
}

// itemBody is a part as it was used.
type itemBody struct {
	deviceBody
	Lot      string     `json:"lot"`
	Serial   string     `json:"serial"`
	Expiry   clock.Date `json:"expires_on"`
	Produced clock.Date `json:"produced_on"`
	Quantity int        `json:"quantity"`
}

func itemOf(x device.Item) itemBody {
	return itemBody{deviceOf(x.Device), x.Lot, x.Serial, x.Expiry, x.Produced, x.Quantity}
}

func (b itemBody) item() device.Item {
	return device.Item{Device: b.device(), Lot: b.Lot, Serial: b.Serial, Expiry: b.Expiry, Produced: b.Produced, Quantity: b.Quantity}
}

// partBody is a part of an operation on record.
type partBody struct {
	ID          ident.ID `json:"id"`
	ProcedureID ident.ID `json:"procedure_id"`
	HospitalID  ident.ID `json:"hospital_id"`
	itemBody
	On       clock.Date    `json:"implanted_on"`
	OutOn    clock.Date    `json:"taken_out_on"`
	Claim    device.Claim  `json:"claim"`
	Marks    []string      `json:"marks"`
	Reason   string        `json:"reason"`
	Review   device.Review `json:"review"`
	Reviewer string        `json:"reviewer"`
	Entered  string        `json:"entered_by"`
	Live     bool          `json:"live"`
	Version  int64         `json:"version"`
}

func partOf(p implant.Part) partBody {
	return partBody{ID: p.ID, ProcedureID: p.Procedure, HospitalID: p.Hospital, itemBody: itemOf(p.Item), On: p.On, OutOn: p.OutOn, Claim: p.Claim,
		Marks: append([]string{}, p.Marks...), Reason: p.Reason, Review: p.Review, Reviewer: p.Reviewer, Entered: p.Entered, Live: p.Live, Version: p.Version}
}

func partsOf(list []implant.Part) []partBody {
	out := make([]partBody, len(list))
	for i, p := range list {
		out[i] = partOf(p)
	}
	return out
}

// patientPartBody is a part with its patient; the name is masked for those who
// do not work with the patient.
type patientPartBody struct {
	partBody
	Name     string         `json:"name"`
	CaseNo   string         `json:"case_no"`
	Hospital string         `json:"hospital"`
	Kind     procedure.Kind `json:"kind"`
	BodySide procedure.Side `json:"body_side"`
	Deceased clock.Date     `json:"deceased_on"`
	Township string         `json:"township"`
	Village  string         `json:"village"`
}

func patientPartsOf(list []implant.PatientPart) []patientPartBody {
	out := make([]patientPartBody, len(list))
	for i, p := range list {
		out[i] = patientPartBody{partOf(p.Component), p.PersonName, p.CaseNo, p.HospitalName, p.Kind, p.BodySide, p.Deceased, p.Township, p.Village}
	}
	return out
}

type explantBody struct {
	ID     ident.ID    `json:"id"`
	PartID ident.ID    `json:"part_id"`
	Role   device.Role `json:"role"`
	Note   string      `json:"note"`
	PutIn  clock.Date  `json:"put_in_on"`
}

func explantsOf(list []implant.Explant) []explantBody {
	out := make([]explantBody, len(list))
	for i, e := range list {
		out[i] = explantBody{e.ID, e.Component, e.Role, e.Note, e.PutIn}
	}
	return out
}

type explantList struct {
	Explants []explantBody `json:"explants"`
}

type sheetBody struct {
	Parts    []partBody    `json:"parts"`
	Explants []explantBody `json:"explants"`
	InPlace  []partBody    `json:"in_place"`
	Version  int64         `json:"procedure_version"`
}

func (s *Server) parts(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Implants.Sheet(r.Context(), c.Who, id)
	return http.StatusOK, sheetBody{partsOf(v.Parts), explantsOf(v.Explants), partsOf(v.InPlace), v.Version}, err
}

// labelBody is one sticker: what its codes say, or why they cannot be read, and
// the line of the library it is.
type labelBody struct {
	Lines  []int    `json:"lines"`
	Raw    []string `json:"raw"`
	Fault  string   `json:"fault"`
	Said   string   `json:"said"`
	LineID ident.ID `json:"device_id"`
	itemBody
}

func (s *Server) readLabels(r *http.Request, c *call) (int, any, error) {
	var body struct {
		Scans []string `json:"scans"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	list, lines, err := s.d.Implants.ReadLabels(r.Context(), c.Who, body.Scans)
	out := struct {
		Labels []labelBody `json:"labels"`
	}{[]labelBody{}}
	for i, x := range list {
		b := labelBody{Lines: x.Lines, Raw: x.Raw}
		if x.Fault != nil {
			b.Fault, b.Said = x.Fault.Code, c.P.T(x.Fault.Key(), "ai", x.Fault.AI)
		} else {
			b.itemBody, b.LineID = itemOf(device.ItemOf(x.Label).Complete(lines[i].Device)), lines[i].ID
		}
		out.Labels = append(out.Labels, b)
	}
	return http.StatusOK, out, err
}

// addPartsBody is scans, one a line, or one part by hand. Typed completes the
// stickers in their order. Warnings come back as fields of the problem document
// and are recorded once confirm is true.
type addPartsBody struct {
	Version int64      `json:"procedure_version"`
	Scans   []string   `json:"scans"`
	Typed   []itemBody `json:"typed"`
	ByHand  *itemBody  `json:"by_hand"`
	Sticker ident.ID   `json:"sticker_id"`
	Confirm bool       `json:"confirm"`
	Reason  string     `json:"reason"`
}

func (s *Server) addParts(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body addPartsBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := implant.PartsInput{Operation: id, Version: body.Version, Scans: body.Scans, Sticker: body.Sticker, Confirmed: body.Confirm, Reason: body.Reason}
	for _, x := range body.Typed {
		in.Typed = append(in.Typed, x.item())
	}
	if body.ByHand != nil {
		x := body.ByHand.item()
		in.ByHand = &x
	}
	done, err := s.d.Implants.AddParts(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusCreated, map[string]any{"parts": partsOf(done.Parts)}, ofProcedure(err)
}

func (s *Server) part(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Implants.Part(r.Context(), c.Who, id)
	return http.StatusOK, partOf(v.Part), err
}

// partStepBody corrects, removes or reviews a part.
type partStepBody struct {
	Version int64    `json:"version"`
	Part    itemBody `json:"part"`
	Sticker ident.ID `json:"sticker_id"`
	Confirm bool     `json:"confirm"`
	Reason  string   `json:"reason"`
}

func (s *Server) partStep(r *http.Request, step func(ident.ID, partStepBody) (implant.Part, error)) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body partStepBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	p, err := step(id, body)
	return http.StatusOK, partOf(p), err
}

func (s *Server) correctPart(r *http.Request, c *call) (int, any, error) {
	return s.partStep(r, func(id ident.ID, b partStepBody) (implant.Part, error) {
		in := implant.PartInput{Part: id, Version: b.Version, Item: b.Part.item(), Sticker: b.Sticker, Confirmed: b.Confirm, Reason: b.Reason}
		return s.d.Implants.CorrectPart(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	})
}

func (s *Server) removePart(r *http.Request, c *call) (int, any, error) {
	return s.partStep(r, func(id ident.ID, b partStepBody) (implant.Part, error) {
		in := implant.PartInput{Part: id, Version: b.Version, Reason: b.Reason}
		return s.d.Implants.RemovePart(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	})
}

func (s *Server) reviewPart(r *http.Request, c *call) (int, any, error) {
	return s.partStep(r, func(id ident.ID, b partStepBody) (implant.Part, error) {
		in := implant.ReviewInput{Part: id, Version: b.Version, Note: b.Reason}
		return s.d.Implants.ReviewPart(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	})
}

// ofProcedure names the version as the body of a change to an operation's parts does.
func ofProcedure(err error) error {
	return renamed(err, map[string]string{"version": "procedure_version"})
}

func (s *Server) addExplants(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64       `json:"procedure_version"`
		Parts   []ident.ID  `json:"parts"`
		Role    device.Role `json:"role"`
		Note    string      `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := implant.ExplantInput{Operation: id, Version: body.Version, Parts: body.Parts, Role: body.Role, Note: body.Note}
	list, err := s.d.Implants.AddExplants(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusCreated, explantList{explantsOf(list)}, ofProcedure(err)
}

func (s *Server) removeExplant(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	explant, err := pathID(r, "explant")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64 `json:"procedure_version"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := implant.ExplantRemoval{Operation: id, Explant: explant, Version: body.Version}
	list, err := s.d.Implants.RemoveExplant(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusOK, explantList{explantsOf(list)}, ofProcedure(err)
}

type patientPartList struct {
	Rows  []patientPartBody `json:"rows"`
	Next  string            `json:"next"`
	Count *recallCountBody  `json:"count,omitempty"`
}

type recallCountBody struct {
	Parts     int `json:"parts"`
	Patients  int `json:"patients"`
	Hospitals int `json:"hospitals"`
	Out       int `json:"taken_out"`
}

func (s *Server) alarms(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Implants.Reviews(r.Context(), c.Who, req)
	return http.StatusOK, patientPartList{Rows: patientPartsOf(list.Rows), Next: list.Next}, err
}

func (s *Server) recall(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := implant.RecallInput{Lot: q.values.Get("lot"), Catalogue: q.values.Get("catalogue"), Brand: q.values.Get("brand"), Hospital: q.id("hospital"), Page: q.page()}
	if in.Empty() {
		q.wrong.Add("lot", "device.recall.ask")
	}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Implants.Recall(r.Context(), c.Who, in)
	n := recallCountBody(list.Count)
	return http.StatusOK, patientPartList{patientPartsOf(list.Rows), list.Next, &n}, err
}
