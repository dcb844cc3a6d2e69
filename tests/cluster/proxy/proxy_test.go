package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stage is a proxy before an upstream that counts what it acted on.
type stage struct {
	t       *testing.T
	acted   atomic.Int64
	front   string
	control string
	client  *http.Client
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.acted.Add(1)
		if r.URL.Query().Get("watch") != "true" {
			fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, r.Header.Get("Authorization"))
			return
		}
		for i := range 1000 {
			fmt.Fprintf(w, "event %d\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("echo " + line)
		_ = rw.Flush()
	})
	upstream := httptest.NewTLSServer(mux)
	t.Cleanup(upstream.Close)
	trust := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: upstream.Certificate().Raw})

	b := newBook()
	d, err := newDoor(upstream.URL, trust, b)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(l, b)
	// The proxy's own certificate is the upstream's: what is tested here is not trust.
	public := &http.Server{Handler: d, ErrorLog: quiet(), ConnContext: g.remember, TLSConfig: &tls.Config{
		Certificates: upstream.TLS.Certificates, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
	}}
	go func() { _ = public.ServeTLS(g, "", "") }()
	t.Cleanup(func() { _ = public.Close() })
	control := httptest.NewServer(newControl(b, g))
	t.Cleanup(control.Close)
	pool := x509.NewCertPool()
	pool.AddCert(upstream.Certificate())
	s.front, s.control = "https://"+l.Addr().String(), control.URL
	s.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	return s
}

func (s *stage) tell(method, path, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.control+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}

func (s *stage) rule(text string) {
	s.t.Helper()
	if code, body := s.tell("POST", "/rules", text); code != http.StatusCreated {
		s.t.Fatalf("rule %s: %d %s", text, code, body)
	}
}

func (s *stage) ask(method, path string) (*http.Response, string, error) {
	req, err := http.NewRequest(method, s.front+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res, string(raw), err
}

func (s *stage) log(query string) (entries []Entry) {
	s.t.Helper()
	code, body := s.tell("GET", "/log?"+query, "")
	if code != http.StatusOK || json.Unmarshal([]byte(body), &entries) != nil {
		s.t.Fatalf("log %s: %d %s", query, code, body)
	}
	return entries
}

func wantReset(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("want a broken connection, got %v", err)
	}
}

func TestPassesMethodPathTokenAndLogs(t *testing.T) {
	s := newStage(t)
	res, body, err := s.ask("PUT", "/api/v1/x?dryRun=All")
	if err != nil || body != "PUT /api/v1/x Bearer t" || res.StatusCode != 200 {
		t.Fatal(res, body, err)
	}
	e := s.log("min=1&done=true&wait_ms=5000&dry_run=true")
	if len(e) != 1 || !e[0].DryRun || e[0].Status != 200 || e[0].Upstream != 200 || e[0].Method != "PUT" || e[0].Path != "/api/v1/x" {
		t.Fatalf("%+v", e)
	}
}

func TestStatusNeverReachesTheServer(t *testing.T) {
	s := newStage(t)
	s.rule(`{"id":"s","match":{"method":"post","path":"/x$"},"action":{"kind":"status","code":429,"retry_after_s":3,"message":"slow"}}`)
	res, body, err := s.ask("POST", "/x")
	if err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "3" || !strings.Contains(body, `"reason":"TooManyRequests"`) || !strings.Contains(body, `"message":"slow"`) {
		t.Fatal(res, body, err)
	}
	if s.acted.Load() != 0 {
		t.Fatal("the server acted")
	}
	if _, body, _ := s.ask("GET", "/x"); body != "GET /x Bearer t" {
		t.Fatal("another method was disturbed:", body)
	}
}

func TestCutBeforeAndAfter(t *testing.T) {
	s := newStage(t)
	s.rule(`{"id":"b","match":{"path":"/before"},"action":{"kind":"cut-before"}}`)
	s.rule(`{"id":"a","match":{"path":"/after"},"action":{"kind":"cut-after"}}`)
	_, _, err := s.ask("POST", "/before")
	wantReset(t, err)
	if s.acted.Load() != 0 {
		t.Fatal("the server saw a request that was cut before")
	}
	_, _, err = s.ask("POST", "/after")
	wantReset(t, err)
	if s.acted.Load() != 1 {
		t.Fatal("the server did not act before the cut")
	}
	if e := s.log("rule=a&min=1&done=true&wait_ms=5000"); len(e) != 1 || e[0].Upstream != 200 || e[0].Status != 0 {
		t.Fatalf("%+v", e)
	}
}

func TestLateActsAtOnceAndWhenTheClientLeaves(t *testing.T) {
	s := newStage(t)
	s.rule(`{"id":"l","match":{"path":"/x"},"action":{"kind":"late","ms":60000}}`)
	s.client.Timeout = 300 * time.Millisecond
	if _, _, err := s.ask("POST", "/x"); err == nil {
		t.Fatal("the answer came before its time")
	}
	if e := s.log("rule=l&min=1&done=true&wait_ms=5000"); len(e) != 1 || e[0].Upstream != 200 || e[0].Status != 0 {
		t.Fatalf("%+v", e)
	}
	s.client.Timeout = 0
	s.rule(`{"id":"l","match":{"path":"/x"},"action":{"kind":"late","ms":50}}`)
	if _, body, err := s.ask("POST", "/x"); err != nil || body != "POST /x Bearer t" {
		t.Fatal(body, err)
	}
}

func TestSkipAndCount(t *testing.T) {
	s := newStage(t)
	s.rule(`{"id":"n","match":{"path":"/x","skip":1,"count":2},"action":{"kind":"status","code":500}}`)
	var got []int
	for range 5 {
		res, _, err := s.ask("GET", "/x")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, res.StatusCode)
	}
	if fmt.Sprint(got) != "[200 500 500 200 200]" {
		t.Fatal(got)
	}
	if _, body := s.tell("GET", "/rules", ""); !strings.Contains(body, `"seen":5,"hits":2`) {
		t.Fatal(body)
	}
}

func TestUnreachableClosesOldAndNewAndOpensAgain(t *testing.T) {
	s := newStage(t)
	req, _ := http.NewRequest("GET", s.front+"/x?watch=true", nil)
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	s.rule(`{"id":"u","action":{"kind":"unreachable"}}`)
	_, err = io.ReadAll(res.Body)
	wantReset(t, err)
	_, _, err = s.ask("GET", "/x")
	wantReset(t, err)
	s.tell("DELETE", "/rules/u", "")
	if _, body, err := s.ask("GET", "/x"); err != nil || body != "GET /x Bearer t" {
		t.Fatal(body, err)
	}
}

func TestWatchStreamsAndIsCutInTheMiddle(t *testing.T) {
	s := newStage(t)
	s.rule(`{"id":"w","match":{"watch":true},"action":{"kind":"cut-after","ms":200}}`)
	_, body, err := s.ask("GET", "/x?watch=true")
	wantReset(t, err)
	if !strings.HasPrefix(body, "event 0\nevent 1\n") {
		t.Fatalf("nothing streamed before the cut: %q", body)
	}
}

func TestStripDate(t *testing.T) {
	s := newStage(t)
	if res, _, _ := s.ask("GET", "/x"); res.Header.Get("Date") == "" {
		t.Fatal("no Date without the rule")
	}
	s.rule(`{"id":"d","action":{"kind":"strip-date"}}`)
	res, body, err := s.ask("GET", "/x")
	if err != nil || body != "GET /x Bearer t" || res.Header.Get("Date") != "" {
		t.Fatal(res, body, err)
	}
}

func TestUpgradePasses(t *testing.T) {
	s := newStage(t)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.front, "https://"), s.client.Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	fmt.Fprint(conn, "hello\n")
	if line, err := in.ReadString('\n'); line != "echo hello\n" {
		t.Fatal(line, err)
	}
}

func TestBadRulesSayWhy(t *testing.T) {
	s := newStage(t)
	for text, want := range map[string]string{
		`{"id":"x","match":{"pth":"/x"},"action":{"kind":"cut-before"}}`:      "pth",
		`{"id":"x","match":{"path":"("},"action":{"kind":"cut-before"}}`:      "match.path",
		`{"action":{"kind":"cut-before"}}`:                                    "id",
		`{"id":"x","action":{"kind":"explode"}}`:                              "explode",
		`{"id":"x","action":{"kind":"delay"}}`:                                "action.ms",
		`{"id":"x","action":{"kind":"status","code":200}}`:                    "action.code",
		`{"id":"x","match":{"method":"GET"},"action":{"kind":"unreachable"}}`: "unreachable takes none",
	} {
		if code, body := s.tell("POST", "/rules", text); code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", text, code, body)
		}
	}
	if code, _ := s.tell("DELETE", "/rules/none", ""); code != http.StatusNotFound {
		t.Error("removing an unknown rule:", code)
	}
}

// The README of this folder shows rules; each of them must be one the proxy takes.
func TestEveryRuleOfTheReadmeIsTaken(t *testing.T) {
	s := newStage(t)
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range bytes.Split(raw, []byte("\n")) {
		text := bytes.TrimSpace(line)
		if bytes.HasPrefix(text, []byte(`{"id"`)) {
			s.rule(string(text))
			n++
		}
	}
	if n < 7 {
		t.Fatalf("only %d rules found in README.md", n)
	}
}
