package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
)

// gate is the listener of the door. While a rule says unreachable it resets what comes in, before TLS.
type gate struct {
	net.Listener
	book *book
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func newGate(l net.Listener, b *book) *gate {
	return &gate{Listener: l, book: b, open: map[net.Conn]struct{}{}}
}

// Accept hands on the next connection, unless the door is closed.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		held := &held{Conn: c, gate: g}
		g.mu.Lock()
		g.open[held] = struct{}{}
		g.mu.Unlock()
		// Looked at after the connection is known to shut, so that none slips between the two.
		if g.book.unreachable() {
			reset(held)
			continue
		}
		return held, nil
	}
}

// shut resets every open connection.
func (g *gate) shut() {
	g.mu.Lock()
	all := make([]net.Conn, 0, len(g.open))
	for c := range g.open {
		all = append(all, c)
	}
	g.mu.Unlock()
	for _, c := range all {
		reset(c)
	}
}

// held is a connection the gate can reset.
type held struct {
	net.Conn
	gate *gate
}

// Close also makes the gate forget the connection.
func (h *held) Close() error {
	h.gate.mu.Lock()
	delete(h.gate.open, h)
	h.gate.mu.Unlock()
	return h.Conn.Close()
}

type connKey struct{}

// remember keeps the connection with its requests, so that an action can cut it.
func (g *gate) remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reset ends the connection with a RST: the peer sees a broken link, not a goodbye.
func reset(c net.Conn) {
	raw := c
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	under := raw
	if h, ok := raw.(*held); ok {
		under = h.Conn
	}
	if t, ok := under.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = raw.Close()
}

// quiet swallows the server's remarks about connections that tests broke on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
