package store

// Who asks for one record by its id is held to the same rule twice: by row
// security, and by the query itself. So the record of another hospital stays
// hidden where row security were off, as the query says it, and where a query
// were wrong, as row security says it. Both answer "not found".

// seen is the rule for a table by its name in the query.
func seen(t string) string {
	return ` and (current_setting('app.wide', true) = '1' or ` + t + `.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])`
}

// seenByTeam is the rule for operations, which their team may read for ever.
func seenByTeam(t string) string {
	return ` and (current_setting('app.wide', true) = '1' or nullif(current_setting('app.practitioner', true), '')::uuid = any (` + t + `.team)
		or ` + t + `.visible_to && nullif(current_setting('app.scope', true), '')::uuid[])`
}
