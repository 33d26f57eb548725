package webui

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestZZShots(t *testing.T) {
	e := testEngine(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			return
		}
		s := fundingPages()[n]
		_ = e.Render(w, r, http.StatusOK, s.Name, s.Make(testBase(e, i18n.Lang(r.URL.RawQuery))))
	}))
	defer srv.Close()
	for _, x := range strings.Split(os.Getenv("SHOTS"), " ") {
		p := strings.Split(x, ":") // n:lang:width:height
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		out, err := exec.CommandContext(ctx, "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+dir, "--hide-scrollbars", "--window-size="+p[2]+","+p[3],
			fmt.Sprintf("--screenshot=/tmp/b/shots/%s-%s-%s.png", p[0], p[1], p[2]), fmt.Sprintf("%s/%s?%s", srv.URL, p[0], p[1])).CombinedOutput()
		cancel()
		if err != nil {
			t.Log(string(out), err)
		}
	}
}
