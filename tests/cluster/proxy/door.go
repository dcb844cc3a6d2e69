package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"
)

// door passes requests to the API server and lets the rules of its book act on them.
type door struct {
	book     *book
	upstream *httputil.ReverseProxy
}

type entryKey struct{}

func newDoor(server string, trust []byte, b *book) (*door, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", server, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(trust) {
		return nil, errors.New("the cluster's authority holds no certificate")
	}
	return &door{book: b, upstream: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = target.Host
		},
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 64,
			// The client decides about compression; the proxy passes bytes.
			DisableCompression: true,
		},
		FlushInterval: -1,
		ErrorLog:      quiet(),
		ModifyResponse: func(res *http.Response) error {
			// The context reaches here with the request; the status is known before the body has streamed.
			if n, ok := res.Request.Context().Value(entryKey{}).(int); ok {
				b.note(n, func(e *Entry) { e.Upstream = res.StatusCode })
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				http.Error(w, "proxy: the API server did not answer: "+err.Error(), http.StatusBadGateway)
			}
		},
	}}, nil
}

// ServeHTTP lets the acting rule have its way with the request.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, rule := d.book.open(r)
	defer d.book.note(n, func(e *Entry) { e.Done = true })
	r = r.WithContext(withEntry(r, n))
	out := &counted{ResponseWriter: w, status: func(code int) {
		d.book.note(n, func(e *Entry) { e.Status = code })
	}}
	if rule == nil {
		d.upstream.ServeHTTP(out, r)
		return
	}
	switch act := rule.Action; act.Kind {
	case Delay:
		if pause(r, act.wait()) {
			d.upstream.ServeHTTP(out, r)
		}
	case Late:
		d.late(out, r, act)
	case CutBefore:
		cut(r)
	case CutAfter:
		d.cutAfter(out, r, act)
	case Answer:
		refuse(out, r, act)
	case StripDate:
		// net/http adds a Date of its own unless the header is there and nil.
		d.upstream.ServeHTTP(&dateless{counted: out}, r)
	case Unreachable:
		cut(r)
	}
}

// pause waits; false when the client left meanwhile.
func pause(r *http.Request, wait time.Duration) bool {
	select {
	case <-time.After(wait):
		return true
	case <-r.Context().Done():
		return false
	}
}

// late keeps the server's answer back. The server must act even when the client leaves during the wait, so it is asked with
// a context of its own.
func (d *door) late(w http.ResponseWriter, r *http.Request, act Action) {
	kept := newKept()
	d.upstream.ServeHTTP(kept, detached(r))
	if pause(r, act.wait()) {
		kept.replay(w)
	}
}

// cutAfter lets the server act and throws its answer away. The answer of a watch never ends: it streams for MS, then breaks.
// For any other request MS passes between the server's answer and the cut.
func (d *door) cutAfter(w http.ResponseWriter, r *http.Request, act Action) {
	if isWatch(r) {
		timer := time.AfterFunc(act.wait(), func() { drop(r) })
		defer timer.Stop()
		d.upstream.ServeHTTP(w, r)
		return
	}
	d.upstream.ServeHTTP(newKept(), detached(r))
	if pause(r, act.wait()) {
		cut(r)
	}
}

// drop resets the client's connection.
func drop(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		reset(c)
	}
}

// cut resets the client's connection and ends the handler.
func cut(r *http.Request) {
	drop(r)
	panic(http.ErrAbortHandler)
}

// status is the answer's body as a Kubernetes client expects it (meta/v1 Status).
type status struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   struct{}       `json:"metadata"`
	Status     string         `json:"status"`
	Message    string         `json:"message"`
	Reason     string         `json:"reason"`
	Details    *statusDetails `json:"details,omitempty"`
	Code       int            `json:"code"`
}

type statusDetails struct {
	RetryAfterSeconds int `json:"retryAfterSeconds"`
}

var reasons = map[int]string{
	400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired", 422: "Invalid",
	429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}

func refuse(w http.ResponseWriter, r *http.Request, act Action) {
	// The body is read first, as a server would; else the client may see a broken pipe instead of the answer.
	_, _ = io.Copy(io.Discard, r.Body)
	body := status{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: act.Message, Reason: reasons[act.Code], Code: act.Code}
	if body.Message == "" {
		body.Message = http.StatusText(act.Code)
	}
	if act.RetryAfterS > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(act.RetryAfterS))
		body.Details = &statusDetails{RetryAfterSeconds: act.RetryAfterS}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(act.Code)
	raw, _ := json.Marshal(body)
	_, _ = io.Copy(w, bytes.NewReader(raw))
}
