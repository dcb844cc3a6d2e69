package main

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
)

func withEntry(r *http.Request, n int) context.Context {
	return context.WithValue(r.Context(), entryKey{}, n)
}

// detached is the request with a context the client cannot end.
func detached(r *http.Request) *http.Request {
	return r.WithContext(context.WithoutCancel(r.Context()))
}

// counted reports the status that goes to the client. Flush and Hijack pass through: watches and upgrades need them.
type counted struct {
	http.ResponseWriter
	status func(int)
}

func (c *counted) WriteHeader(code int) {
	c.status(code)
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController find the writer below.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Flush sends what is written so far.
func (c *counted) Flush() { _ = http.NewResponseController(c.ResponseWriter).Flush() }

// Hijack hands over the connection of an upgraded request.
func (c *counted) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(c.ResponseWriter).Hijack()
}

// dateless takes the Date header off the answer.
type dateless struct{ *counted }

func (d *dateless) WriteHeader(code int) {
	d.Header()["Date"] = nil
	d.counted.WriteHeader(code)
}

// keptAnswer holds a whole answer in memory.
type keptAnswer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func newKept() *keptAnswer { return &keptAnswer{header: http.Header{}} }

func (k *keptAnswer) Header() http.Header { return k.header }

func (k *keptAnswer) WriteHeader(code int) {
	if code >= 200 {
		k.code = code
	}
}

func (k *keptAnswer) Write(p []byte) (int, error) {
	if k.code == 0 {
		k.code = http.StatusOK
	}
	return k.body.Write(p)
}

// replay gives the answer to the client.
func (k *keptAnswer) replay(w http.ResponseWriter) {
	for name, values := range k.header {
		w.Header()[name] = values
	}
	if k.code == 0 {
		k.code = http.StatusOK
	}
	w.WriteHeader(k.code)
	_, _ = w.Write(k.body.Bytes())
}
