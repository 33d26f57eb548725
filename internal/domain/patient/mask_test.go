package patient

import "testing"

func TestNamesAreShownInFullOnlyToWhoMayReadPeople(t *testing.T) {
	if got := ShownName("向云禾", true); got != "向云禾" {
		t.Error(got)
	}
	if got := ShownName("向云禾", false); got != "向**" {
		t.Error(got)
	}
}
