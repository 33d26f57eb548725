package acceptance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bar is a measure the interface is held to, and the tests that hold it, by the
// folder under internal. Those of make test-ui-full are marked full; a time is
// printed there and fails nothing, for it says more of the machine than of us.
type bar struct {
	no    int
	what  string
	tests []string
}

func bars() []bar {
	return []bar{
		{1, "a case in nine required fields and sixty keys", []string{"acceptance TestRegisteringTakesFewKeys"}},
		{2, "a trained clerk's case in 75 seconds", []string{"acceptance TestRegisteringTakesFewKeys"}},
		{3, "everything by keyboard, the focus always seen", []string{"acceptance TestTabVisitsEverythingInOrder", "webui TestFormsInTheBrowser"}},
		{4, "the identity card fills in what it says", []string{"webui TestScriptsReadNumbersAndDatesLikeTheServer", "webui TestIdentityVectorsHoldOnTheServer", "webui TestFormsInTheBrowser"}},
		{5, "people are found by pinyin, name and last digits", []string{"service/intake TestEveryWayOfTheSearchBoxFindsThePerson", "domain/match TestSurnamesAreFoundByAllTheirReadings", "bench TestBench"}},
		{6, "an input method's Enter is nobody's", []string{"acceptance TestComposingAsksForNothing", "webui TestFormsInTheBrowser", "webui TestTheDeskInTheBrowser"}},
		{7, "errors keep the input and lead to their fields", []string{"acceptance TestEveryFormSaysItsErrorsAndKeepsTheRest", "webui TestErrorsAreSaidFirstInTheTitle"}},
		{8, "one box for dates", []string{"webui TestDateVectorsHoldOnTheServer", "webui TestScriptsReadNumbersAndDatesLikeTheServer"}},
		{9, "what a first visit moves", []string{"webui TestAssetsStayWithinTheBudget", "webui TestPagesStayWithinTheirWeight"}},
		{10, "speed on the county's computer", []string{"acceptance TestTimesOnSlowMachines"}},
		{11, "speed on a phone in a village", []string{"acceptance TestTimesOnSlowMachines", "acceptance TestJourney5OutreachOffline"}},
		{12, "Lighthouse on ten key pages", []string{"acceptance TestLighthouse"}},
		{13, "axe and pa11y name nothing", []string{"webui TestAxeNamesNothing", "webui TestPa11yNamesNothing"}},
		{14, "valid HTML on every page", []string{"webui TestEveryPageIsValid", "webui TestEveryPageRendersInEveryLanguage"}},
		{15, "everything finishes without scripts", []string{"acceptance TestEverythingFinishesWithoutScripts"}},
		{16, "nothing newer than old browsers know", []string{"webui TestOldBrowsersKnowWhatTheScriptsUse"}},
		{17, "no other origin is asked, the header is exact", []string{"acceptance TestKeyPagesStayInTheHouse", "httpx TestSecurityHeadersAreExactlyThese", "webui TestScriptsKeepThePolicy"}},
		{18, "drafts outlive the browser and the sign-in", []string{"acceptance TestADraftOutlivesTheBrowser", "webui TestTheDeskInTheBrowser"}},
		{19, "the queue without a network arrives once", []string{"acceptance TestJourney5OutreachOffline"}},
		{20, "a conflict keeps both sides", []string{"acceptance TestJourney5OutreachOffline"}},
		{21, "what is not uploaded is always said", []string{"acceptance TestJourney5OutreachOffline"}},
		{22, "labels of implants are read", []string{"domain/device TestLabelsAreReadAsTheVectorsSay", "webui TestScriptsReadLabelsLikeTheServer"}},
		{23, "an operation in twelve taps on large targets", []string{"acceptance TestJourney3TheatreOnAPhone"}},
		{24, "photos are small and say no place", []string{"acceptance TestJourney3TheatreOnAPhone", "domain/document TestAPhotoKeepsThePictureOnly"}},
		{25, "likely duplicates are said while typing", []string{"webui TestDuplicatesAppearWhileTyping", "service/intake TestDuplicatesAreFoundThroughTheDatabase", "domain/match TestPrecisionAndRecallOnLabelledPairs"}},
		{26, "what was done can be undone", []string{"webui TestAContactIsTakenBackFromItsToast", "webui TestAVerdictIsTakenBackFromItsToast", "service/intake TestMergingCountsTwoRecordsAsOneAndCanBeTakenBack", "service/aftercare TestAppointmentsAreGivenAndTakenBack"}},
		{27, "a chart has its table, its words and its colours", []string{"chart TestEveryNumberOfThePictureIsInItsTable", "chart TestPicturesObeyTheHouse", "printout TestChartsArePrintedInGrey"}},
		{28, "paper repeats heads, numbers pages and can be searched", []string{"printout TestADocumentRepeatsItsTableHeadAndNumbersItsPages", "printout TestFontsAreEmbeddedAsTrueTypeSubsets"}},
		{29, "size and time of reports", []string{"bench TestBench", "report TestTheSameSnapshotIsTheSameFile"}},
		{30, "workbooks open as the office knows them", []string{"report TestOfficeCalculatesTheSameTotals", "sheet TestWorkbookReadsBackAsOfficeKnowsIt", "sheet TestTotalsAreFormulasOnlyWhereSumsMeanSomething"}},
		{31, "an import returns its bad rows and adds nothing twice", []string{"acceptance TestJourney7HistoryImport", "service/exchange TestImportingAgainAddsNothing", "service/exchange TestRefusedRowsComeBackAsAWorkbook"}},
		{32, "both languages everywhere, at any size", []string{"acceptance TestChangingTheLanguageKeepsTheForm", "webui TestPagesDoNotScrollSideways", "i18n TestBothLanguagesSayTheSameThings"}},
		{33, "rare and long names", []string{"domain/patient TestNamesAreStoredInOneForm", "printout TestALongNameAndANineLineReasonPrintWhole", "printout TestACharacterWithoutAGlyphIsNamedNotLost"}},
		{34, "a press is answered, two make one record", []string{"acceptance TestTwoPressesMakeOneRecord", "service/intake TestRegisteringTwiceWithOneKeyRegistersOnce"}},
		{35, "a shared computer keeps nothing", []string{"acceptance TestKeyPagesStayInTheHouse", "webui TestALockedScreenAnswersNothingAndLosesNothing", "webui TestAHalfWrittenFormStaysBehindTheLock"}},
		{36, "from a binary to a desk in a minute", []string{"demo TestDemonstration", "cli TestDoctorNamesWhatIsWrongAndItsRemedy"}},
		{37, "each refusal says the next step", []string{"i18n TestEachRefusalSaysTheNextStepInBothLanguages"}},
	}
}

// Each bar has tests that bear the names it is listed with.
func TestEveryBarHasItsTests(t *testing.T) {
	named := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	have := map[string]bool{}
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			dir, _ := filepath.Rel(root, filepath.Dir(path))
			have[filepath.ToSlash(dir)+" "+m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bars() {
		if b.no != i+1 || b.what == "" || len(b.tests) == 0 {
			t.Errorf("the table has no bar %d", i+1)
		}
		for _, test := range b.tests {
			if !have[test] {
				t.Errorf("B%d, %s: there is no %s", b.no, b.what, test)
			}
		}
	}
	if n := len(bars()); n != 37 {
		t.Errorf("%d bars", n)
	}
	if testing.Verbose() {
		for _, b := range bars() {
			fmt.Printf("B%-2d %s: %s\n", b.no, b.what, strings.Join(b.tests, ", "))
		}
	}
}
