package webui

import "github.com/shanhai-health/shanhai/internal/authz"

// followUpRoutes declares the pages about follow-up.
func (s *Server) followUpRoutes(rt *router) {
	rt.get("/followups", authz.FollowUpRead, s.followUpsPage)
	rt.post("/followups/desk", authz.FollowUpRead, s.findSlip)
	rt.get("/followups/calls", authz.FollowUpRecord, s.callSheet)
	rt.post("/followups/calls", authz.PersonUnmask, s.openCallSheet)
	rt.get("/followups/forms", authz.FollowUpRecord, s.villageForms)
	rt.post("/followups/take", authz.FollowUpRecord, s.previewTake)
	rt.post("/followups/take/confirm", authz.FollowUpRecord, s.take)
	rt.post("/followups/take/undo", authz.FollowUpRecord, s.undoTake)
	rt.get("/followups/contacts/{id}/withdrawal", authz.FollowUpRecord, s.withdrawContactPage)
	rt.post("/followups/contacts/{id}/withdrawal", authz.FollowUpRecord, s.withdrawContact)

	rt.get("/followup-rules", authz.FollowUpRead, s.followRulesPage)
	rt.get("/followup-rules/{group}", authz.FollowUpRule, s.followRulePage)
	rt.post("/followup-rules/{group}", authz.FollowUpRule, s.saveFollowRule)

	rt.get("/cases/{id}/followups", authz.FollowUpRead, s.caseFollowUpsPage)
	rt.get("/cases/{id}/followups/new", authz.FollowUpRecord, s.newContactPage)
	rt.post("/cases/{id}/followups", authz.FollowUpRecord, s.recordContact)
	rt.get("/cases/{id}/followups/end", authz.FollowUpRecord, s.endFollowUpPage)
	rt.post("/cases/{id}/followups/end", authz.FollowUpRecord, s.endFollowUp)
	rt.post("/cases/{id}/followups/resume", authz.FollowUpRecord, s.resumeFollowUp)
	rt.post("/cases/{id}/followups/schedule", authz.FollowUpRecord, s.scheduleFollowUp)
	rt.get("/cases/{id}/followups/slip", authz.FollowUpRecord, s.returnSlip)
}
