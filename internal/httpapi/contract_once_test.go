package httpapi

import "testing"

// Anybody may ask for the contract, so asking again must cost next to nothing.
func TestTheContractIsTranslatedOnce(t *testing.T) {
	first, err := contract()
	if err != nil || len(first) == 0 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if again, _ := contract(); &again[0] != &first[0] {
		t.Error("it was translated again")
	}
}
