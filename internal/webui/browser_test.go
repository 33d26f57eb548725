package webui

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all tests: starting it takes longer than most
// of what they look at. Every test has a context of its own in it, with its own
// cookies and storage.
var chromium = sync.OnceValues(func() (context.Context, error) {
	dir, err := os.MkdirTemp("", "shanhai-webui-browser-")
	if err != nil {
		return nil, err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(dir))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(ctx)
	endBrowser = func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, so that its folder can be removed
		stop()
		stopAll()
		_ = os.RemoveAll(dir)
	}
	return ctx, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
})

// endBrowser ends the browser that was started, if one was.
var endBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	os.Exit(code)
}

// inBrowser opens a window of the browser for one test.
func inBrowser(t *testing.T) context.Context { return inBrowserFor(t, time.Minute) }

// inBrowserFor is inBrowser for a test that looks at many pages.
func inBrowserFor(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	ctx, closeWindow := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1366, 900)); err != nil {
		t.Fatalf("the browser opens no window: %v", err)
	}
	ctx, stop := context.WithTimeout(ctx, limit) // after the start: a limit on the first call would end the window
	t.Cleanup(stop)
	return ctx
}
