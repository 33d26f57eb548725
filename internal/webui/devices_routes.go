package webui

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
)

// deviceRoutes declares the pages about implants and devices.
func (s *Server) deviceRoutes(rt *router) {
	rt.get("/operations/{id}/parts/new", authz.ProcedureEdit, s.newPartsPage)
	rt.post("/operations/{id}/parts", authz.ProcedureEdit, s.addParts)
	rt.get("/operations/{id}/explants/new", authz.ProcedureEdit, s.newExplantsPage)
	rt.post("/operations/{id}/explants", authz.ProcedureEdit, s.addExplants)
	rt.post("/operations/{id}/explants/{explant}/removal", authz.ProcedureEdit, s.removeExplant)
	rt.get("/parts/{id}/edit", authz.ProcedureEdit, s.editPartPage)
	rt.post("/parts/{id}", authz.ProcedureEdit, s.correctPart)
	rt.get("/parts/{id}/removal", authz.ProcedureEdit, s.removePartPage)
	rt.post("/parts/{id}/removal", authz.ProcedureEdit, s.removePart)
	rt.get("/parts/{id}/review", authz.ProcedureRead, s.reviewPartPage)
	rt.post("/parts/{id}/review", authz.ProcedureRead, s.reviewPart)

	rt.get("/devices", authz.DeviceRead, s.libraryPage)
	rt.get("/devices/new", authz.DeviceEdit, s.newDevicePage)
	rt.post("/devices", authz.DeviceEdit, s.createDevice)
	rt.get("/devices/load", authz.DeviceEdit, s.loadDevicesPage)
	rt.post("/devices/load", authz.DeviceEdit, s.loadDevices)
	rt.get("/devices/{id}", authz.DeviceRead, s.devicePage)
	rt.post("/devices/{id}", authz.DeviceEdit, s.editDevice)
	rt.get("/stock", authz.DeviceRead, s.stockPage)
	rt.get("/stock/new", authz.StockEdit, s.newStockPage)
	rt.post("/stock", authz.StockEdit, s.addStock)
	rt.get("/stock/{id}/withdrawal", authz.StockEdit, s.withdrawStockPage)
	rt.post("/stock/{id}/withdrawal", authz.StockEdit, s.withdrawStock)
	rt.get("/alarms", authz.DeviceRead, s.alarmsPage)
	rt.get("/disputes", authz.DeviceRead, s.disputesPage)
	rt.get("/disputes/{id}", authz.DeviceRead, s.disputePage)
	rt.post("/disputes/{id}", authz.DisputeResolve, s.resolveDispute)
	rt.get("/recall", authz.RecallRead, s.recallPage)
	rt.get("/recall/sheet", authz.RecallRead, s.recallSheet)
	rt.get("/recall/export", authz.RecallRead, s.recallExport)
}

// deviceUploads: a list of devices is a small file.
func deviceUploads() []httpx.Upload {
	return []httpx.Upload{{Pattern: "/devices/load", Max: maxDeviceFile + 1<<20}}
}

// deviceBase is the frame of a page of this room, with its tabs.
func (s *Server) deviceBase(c *Call, current string) Base {
	s.section(c, "devices")
	b := c.Base
	b.Title = b.T("nav.devices")
	for _, t := range []struct {
		id   string
		perm authz.Permission
	}{{"devices", authz.DeviceRead}, {"stock", authz.DeviceRead}, {"alarms", authz.DeviceRead}, {"disputes", authz.DeviceRead}, {"recall", authz.RecallRead}} {
		if s.can(c, t.perm) {
			b.Tabs = append(b.Tabs, Tab{Text: b.T("device.tab." + t.id), Href: "/" + t.id, Current: t.id == current})
		}
	}
	b.Sub = b.T("device.sub." + current)
	return b
}

// deviceForm is the frame of a form under one of the tabs.
func (s *Server) deviceFormBase(c *Call, title, tab string) Base {
	s.section(c, "devices")
	b := c.Base
	b.Title = b.T(title)
	b.Crumbs = []Link{{Text: b.T("nav.devices"), Href: "/devices"}, {Text: b.T("device.tab." + tab), Href: "/" + tab}, {Text: b.Title}}
	return b
}

// scanField is the box scans go into, with the sentences its script says.
func scanField(b Base, today clock.Date, focus bool) Field {
	texts := map[string]string{"today": today.String(), "rows": b.T("device.scan.rows"), "line": b.T("device.scan.line"), "di": b.T("device.di.short"),
		"ref": b.T("device.catalogue.short"), "lot": b.T("device.lot"), "serial": b.T("device.serial"), "expiry": b.T("device.expiry")}
	for _, key := range []string{"camera", "camera.none", "camera.insecure", "camera.denied", "camera.done", "camera.read", "camera.aim", "camera.photo", "camera.empty"} {
		texts[key] = b.T("theatre." + key)
	}
	for _, code := range device.FaultCodes() {
		texts[code] = b.Say((&device.Fault{Code: code}).Key(), nil)
	}
	raw, err := json.Marshal(texts)
	if err != nil {
		raw = []byte("{}") // a map of strings always encodes
	}
	return Field{Name: "scans", LabelKey: "device.scan", HintKey: "device.scan.hint", Kind: KindArea, Rows: 4, Max: 6000, Optional: true, Focus: focus, Data: map[string]string{"scan": string(raw)}}
}

func roleOptions(site procedure.Site) []Option { return optionsOf(device.Roles(site)...) }

func deviceSideOptions() []Option {
	return []Option{{Value: "L", Key: procedure.Left.Label()}, {Value: "R", Key: procedure.Right.Label()}}
}
