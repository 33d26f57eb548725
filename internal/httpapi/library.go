package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/implant"
)

// lineBody is a line of the library.
type lineBody struct {
	ID      ident.ID `json:"id"`
	Version int64    `json:"version"`
	deviceBody
}

func libraryLineOf(d implant.Line) lineBody { return lineBody{d.ID, d.Version, deviceOf(d.Device)} }

type lineList struct {
	Rows []lineBody `json:"rows"`
	Next string     `json:"next"`
}

func (s *Server) devices(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := implant.LibraryInput{Text: q.values.Get("q"), Role: device.Role(q.values.Get("role")), Page: q.page()}
	if in.Role != "" && !in.Role.Known() {
		q.wrong.Add("role", "form.error.choice")
	}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Implants.Library(r.Context(), c.Who, in)
	out := lineList{Rows: []lineBody{}, Next: list.Next}
	for _, d := range list.Rows {
		out.Rows = append(out.Rows, libraryLineOf(d))
	}
	return http.StatusOK, out, err
}

func (s *Server) device(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	d, _, err := s.d.Implants.Line(r.Context(), c.Who, id)
	return http.StatusOK, libraryLineOf(d), err
}

func (s *Server) saveDevice(r *http.Request, c *call, id ident.ID) (implant.Line, error) {
	var body struct {
		deviceBody
		Version  int64 `json:"version"`
		Withdraw bool  `json:"withdraw"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return implant.Line{}, err
	}
	in := implant.LineInput{ID: id, Version: body.Version, Device: body.device(), Withdraw: body.Withdraw && id != ident.Nil}
	return s.d.Implants.SaveLine(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
}

func (s *Server) addDevice(r *http.Request, c *call) (int, any, error) {
	d, err := s.saveDevice(r, c, ident.Nil)
	return http.StatusCreated, libraryLineOf(d), err
}

func (s *Server) correctDevice(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	d, err := s.saveDevice(r, c, id)
	return http.StatusOK, libraryLineOf(d), err
}

// stockBody is a delivery; received_of_lot and used_of_lot count all of the lot
// at the hospital.
type stockBody struct {
	ID         ident.ID   `json:"id"`
	HospitalID ident.ID   `json:"hospital_id"`
	Hospital   string     `json:"hospital"`
	DeviceID   ident.ID   `json:"device_id"`
	Maker      string     `json:"maker"`
	Catalogue  string     `json:"catalogue"`
	DI         string     `json:"di"`
	Lot        string     `json:"lot"`
	Expiry     clock.Date `json:"expires_on"`
	On         clock.Date `json:"received_on"`
	Received   int        `json:"received"`
	All        int        `json:"received_of_lot"`
	Used       int        `json:"used_of_lot"`
	Note       string     `json:"note"`
	Version    int64      `json:"version"`
}

func stockOf(x implant.Stock) stockBody {
	return stockBody{x.ID, x.Hospital, x.HospitalName, x.DeviceID, x.Maker, x.Catalogue, x.DI, x.Lot, x.Expiry, x.On, x.Received, x.All, x.Used, x.Note, x.Version}
}

func (s *Server) stock(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Implants.Stock(r.Context(), c.Who, req)
	out := struct {
		Rows []stockBody `json:"rows"`
		Next string      `json:"next"`
	}{[]stockBody{}, list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, stockOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) addStock(r *http.Request, c *call) (int, any, error) {
	var body struct {
		HospitalID ident.ID   `json:"hospital_id"`
		Scans      []string   `json:"scans"`
		Maker      string     `json:"maker"`
		Catalogue  string     `json:"catalogue"`
		DI         string     `json:"di"`
		Lot        string     `json:"lot"`
		Expiry     clock.Date `json:"expires_on"`
		On         clock.Date `json:"received_on"`
		Received   int        `json:"received"`
		Note       string     `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := implant.StockInput{Hospital: body.HospitalID, Scans: body.Scans, Device: device.Device{Maker: body.Maker, Catalogue: body.Catalogue, DI: body.DI},
		Lot: body.Lot, Expiry: body.Expiry, On: body.On, Received: body.Received, Note: body.Note}
	x, err := s.d.Implants.AddStock(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusCreated, stockOf(x), err
}

func (s *Server) withdrawStock(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := implant.StockStep{ID: id, Version: body.Version, Reason: body.Reason}
	x, err := s.d.Implants.WithdrawStock(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusOK, stockOf(x), err
}

// disputeBody is one piece in two records; own are those the caller may see.
type disputeBody struct {
	ID      ident.ID          `json:"id"`
	Piece   string            `json:"piece"`
	UsedOn  clock.Date        `json:"first_on"`
	AgainOn clock.Date        `json:"again_on"`
	State   string            `json:"state"`
	Outcome string            `json:"outcome"`
	Reason  string            `json:"reason"`
	Own     []patientPartBody `json:"own"`
	Version int64             `json:"version"`
}

func disputeOf(d implant.Dispute) disputeBody {
	return disputeBody{d.ID, d.Piece, d.UsedOn, d.AgainOn, d.State, d.Outcome, d.Reason, patientPartsOf(d.Own), d.Version}
}

func (s *Server) disputes(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	state, req := q.values.Get("state"), q.page()
	if state != "" && state != implant.DisputeOpen && state != implant.DisputeResolved {
		q.wrong.Add("state", "form.error.choice")
	}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Implants.Disputes(r.Context(), c.Who, state, req)
	out := struct {
		Rows []disputeBody `json:"rows"`
		Next string        `json:"next"`
	}{[]disputeBody{}, list.Next}
	for _, d := range list.Rows {
		out.Rows = append(out.Rows, disputeOf(d))
	}
	return http.StatusOK, out, err
}

func (s *Server) dispute(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	d, err := s.d.Implants.Dispute(r.Context(), c.Who, id)
	return http.StatusOK, disputeOf(d), err
}

func (s *Server) resolveDispute(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64          `json:"version"`
		Outcome device.Outcome `json:"outcome"`
		Reason  string         `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if body.Version == 0 {
		var f errs.Fields
		f.Add("version", "form.error.missing")
		return 0, nil, f.Err()
	}
	in := implant.Verdict{Dispute: id, Version: body.Version, Outcome: body.Outcome, Reason: body.Reason}
	d, err := s.d.Implants.Resolve(r.Context(), c.Who, in, implant.KeyOf(c.Key, in))
	return http.StatusOK, disputeOf(d), err
}
