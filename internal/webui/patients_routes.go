package webui

import (
	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/httpx"
)

// intakeRoutes declares the addresses of intake: people, registration, search,
// categories, attachments, look-ups and the office's review.
func (s *Server) intakeRoutes(rt *router) {
	rt.get("/patients", authz.PersonRead, s.patientsPage)
	rt.get("/search", authz.SelfRead, s.searchPage)
	rt.post("/search", authz.SelfRead, s.search)
	rt.get("/search/{kept}", authz.SelfRead, s.foundPage)
	rt.get("/patients/register", authz.PersonRegister, s.registerPage)
	rt.post("/patients/register", authz.PersonRegister, s.register)
	rt.post("/patients/register/check", authz.PersonRegister, s.checkRegister)
	rt.get("/patients/{id}/edit", authz.PersonEdit, s.editPatientPage)
	rt.post("/patients/{id}/edit", authz.PersonEdit, s.editPatient)
	rt.get("/patients/{id}/identity", authz.PersonRead, s.identityPage)
	rt.post("/patients/{id}/identity", authz.PersonRead, s.correctIdentity)
	rt.get("/patients/{id}/unmask", authz.PersonUnmask, s.unmaskPage)
	rt.post("/patients/{id}/unmask", authz.PersonUnmask, s.unmask)
	rt.get("/patients/{id}/categories", authz.PersonRead, s.categoriesPage)
	rt.post("/patients/{id}/categories", authz.EligibilityEdit, s.recordCategory)
	rt.get("/patients/{id}/attachments", authz.AttachmentRead, s.attachmentsPage)
	rt.post("/patients/{id}/attachments", authz.AttachmentAdd, s.attach)
	rt.get("/attachments/{id}", authz.AttachmentRead, s.attachmentPage)
	rt.get("/attachments/{id}/file", authz.AttachmentRead, s.attachmentFile)
	rt.post("/attachments/{id}/rotate", authz.AttachmentAdd, s.rotateAttachment)
	rt.post("/attachments/{id}/replace", authz.AttachmentAdd, s.replaceAttachment)
	rt.get("/lookups", authz.LookupReview, s.lookupsPage)
	rt.get("/review", authz.PersonIdentity, s.reviewPage)
	rt.post("/review/find", authz.PersonIdentity, s.findPairs)
	rt.get("/review/{id}", authz.PersonIdentity, s.comparePage)
	rt.get("/patients/{id}/same", authz.PersonIdentity, s.samePersonPage)
	rt.post("/patients/{id}/same", authz.PersonIdentity, s.samePerson)
	rt.post("/review/{id}", authz.PersonIdentity, s.decideReview)
}

// uploadLimit is above what a proof may have, so that the page can refuse a
// large file in its own words and keep everything else that was typed.
const uploadLimit = 80 << 20

// intakeUploads are the addresses of intake that take a file.
func intakeUploads() []httpx.Upload {
	return []httpx.Upload{{Pattern: "/patients/register", Max: uploadLimit}, {Pattern: "/patients/{id}/categories", Max: uploadLimit},
		{Pattern: "/patients/{id}/attachments", Max: uploadLimit}, {Pattern: "/attachments/{id}/replace", Max: uploadLimit},
		{Pattern: "/operations/{id}/photos", Max: uploadLimit}}
}
