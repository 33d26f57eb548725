// Package terminology holds the small code lists the house reads people's
// spellings with: divisions, ethnic groups and beneficiary categories. They are
// tables in code because rules hang on their codes; names of groups and places
// are data and stand here in Chinese with their romanisation, while labels of
// categories are messages of the catalogue.
package terminology
