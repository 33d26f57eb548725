package acceptance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
		{3, "everything by keyboard, the focus always seen", []string{"acceptance TestTabVisitsEverythingInOrder", "webui TestTabVisitsEveryPageInOrder", "webui TestFormsInTheBrowser"}},
		{4, "the identity card fills in what it says", []string{"webui TestScriptsReadNumbersAndDatesLikeTheServer", "webui TestIdentityVectorsHoldOnTheServer", "webui TestFormsInTheBrowser"}},
		{5, "people are found by pinyin, name and last digits", []string{"service/intake TestEveryWayOfTheSearchBoxFindsThePerson", "domain/match TestSurnamesAreFoundByAllTheirReadings", "bench TestBench"}},
		{6, "an input method's Enter is nobody's", []string{"acceptance TestComposingAsksForNothing", "webui TestFormsInTheBrowser", "webui TestTheDeskInTheBrowser"}},
		{7, "errors keep the input and lead to their fields", []string{"acceptance TestEveryFormSaysItsErrorsAndKeepsTheRest", "webui TestErrorsAreSaidFirstInTheTitle"}},
		{8, "one box for dates", []string{"webui TestDateVectorsHoldOnTheServer", "webui TestScriptsReadNumbersAndDatesLikeTheServer"}},
		{9, "what a first visit moves", []string{"webui TestAssetsStayWithinTheBudget", "webui TestPagesStayWithinTheirWeight"}},
		{10, "speed on the county's computer", []string{"acceptance TestTimesOnSlowMachines"}},
		{11, "speed on a phone in a village", []string{"acceptance TestTimesOnSlowMachines", "acceptance TestJourney5OutreachOffline"}},
		{12, "Lighthouse on ten key pages", []string{"acceptance TestLighthouse"}},
		{13, "axe and pa11y name nothing", []string{"webui TestAxeAndPa11yNameNothing", "acceptance TestEveryFormSaysItsErrorsAndKeepsTheRest"}},
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
		{32, "both languages everywhere, at any size", []string{"acceptance TestChangingTheLanguageKeepsTheForm", "webui TestPagesDoNotScrollSideways", "webui TestLongerTextIsNotCutOff", "i18n TestBothLanguagesSayTheSameThings"}},
		{33, "rare and long names", []string{"domain/patient TestNamesAreStoredInOneForm", "printout TestALongNameAndANineLineReasonPrintWhole", "printout TestACharacterWithoutAGlyphIsNamedNotLost"}},
		{34, "a press is answered, two make one record", []string{"acceptance TestTwoPressesMakeOneRecord", "service/intake TestRegisteringTwiceWithOneKeyRegistersOnce"}},
		{35, "a shared computer keeps nothing", []string{"acceptance TestKeyPagesStayInTheHouse", "webui TestALockedScreenAnswersNothingAndLosesNothing", "webui TestAHalfWrittenFormStaysBehindTheLock"}},
		{36, "from a binary to a desk in a minute", []string{"demo TestDemonstration", "cli TestDoctorNamesWhatIsWrongAndItsRemedy"}},
		{37, "each refusal says the next step, hints are short, ? has the keys", []string{"i18n TestEachRefusalSaysTheNextStepInBothLanguages", "webui TestFormsInTheBrowser", "webui TestHintsOfFieldsAreShort"}},
	}
}

// barTest is a test as it is written down: where, behind which build tag, and
// whether it can leave without having looked.
type barTest struct {
	folder, name, tag string
	skips             bool
}

// writtenTests are all tests under internal, by folder and name.
func writtenTests(t *testing.T) map[string]barTest {
	t.Helper()
	root, all := filepath.Join(".."), map[string]barTest{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				x := barTest{filepath.ToSlash(dir), f.Name.Name, buildTag(file), skipsItself(f)}
				all[x.folder+" "+x.name] = x
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// buildTag is the first tag a file asks for; empty: none.
func buildTag(file *ast.File) string {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if tag, ok := strings.CutPrefix(c.Text, "//go:build "); ok && group.Pos() < file.Package {
				return strings.Fields(tag)[0]
			}
		}
	}
	return ""
}

func skipsItself(f *ast.FuncDecl) bool {
	skips := false
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		skips = skips || ok && strings.HasPrefix(sel.Sel.Name, "Skip")
		return true
	})
	return skips
}

// tagged is a line of the Makefile that runs tests behind a build tag.
var tagged = regexp.MustCompile(`go test -tags ([\w,]+) (?:-run '?([^' ]+)'? )?(?:-skip '([^']+)' )?.*\./internal/([\w/]+)`)

// isRun says whether a line of the Makefile runs a test; those without a tag are
// run by make test.
func (x barTest) isRun(makefile string) bool {
	for _, line := range tagged.FindAllStringSubmatch(makefile, -1) {
		tags, pattern, left, folder := strings.Split(line[1], ","), strings.ReplaceAll(line[2], "$$", "$"), line[3], line[4]
		if slices.Contains(tags, x.tag) && folder == x.folder && regexp.MustCompile(pattern).MatchString(x.name) && (left == "" || !regexp.MustCompile(left).MatchString(x.name)) {
			return true
		}
	}
	return x.tag == ""
}

// Each bar has tests that bear the names it is listed with, that a target of the
// Makefile runs, and that do not leave without having looked.
func TestEveryBarHasItsTests(t *testing.T) {
	have := writtenTests(t)
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bars() {
		if b.no != i+1 || b.what == "" || len(b.tests) == 0 {
			t.Errorf("the table has no bar %d", i+1)
		}
		for _, test := range b.tests {
			x, ok := have[test]
			switch {
			case !ok:
				t.Errorf("B%d, %s: there is no %s", b.no, b.what, test)
			case !x.isRun(string(makefile)):
				t.Errorf("B%d, %s: no target of the Makefile runs %s, which asks for the tag %s", b.no, b.what, test, x.tag)
			case x.skips:
				t.Errorf("B%d, %s: %s can skip itself", b.no, b.what, test)
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
