package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// kept is how many requests the log remembers; older ones are dropped.
const kept = 20000

// Entry is one request that came through the door, written when it came and completed when it ended.
type Entry struct {
	N         int       `json:"n"`
	At        time.Time `json:"at"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Query     string    `json:"query,omitempty"`
	DryRun    bool      `json:"dry_run"`
	Watch     bool      `json:"watch"`
	UserAgent string    `json:"user_agent,omitempty"`
	// Rule is the id of the rule that acted, if one did.
	Rule string `json:"rule,omitempty"`
	// Upstream is the status the API server answered (0: it never saw the request, or has not answered yet).
	Upstream int `json:"upstream"`
	// Status is what the client got (0: nothing yet, or a cut connection).
	Status int `json:"status"`
	// Done is set when nothing more happens: answered, streamed to the end, or cut.
	Done bool `json:"done"`
}

// book holds the rules in the order in which they came, and the log.
type book struct {
	mu      sync.Mutex
	rules   []*Rule
	log     []Entry
	dropped int
	changed chan struct{}
}

func newBook() *book { return &book{changed: make(chan struct{})} }

// wake tells the waiters that something changed; the caller holds the lock.
func (b *book) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// put adds a rule, or replaces the one with its id, with fresh counts.
func (b *book) put(r *Rule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, old := range b.rules {
		if old.ID == r.ID {
			b.rules[i] = r
			b.wake()
			return
		}
	}
	b.rules = append(b.rules, r)
	b.wake()
}

// remove takes a rule away; requests it holds already stay held.
func (b *book) remove(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range b.rules {
		if r.ID == id {
			b.rules = append(b.rules[:i:i], b.rules[i+1:]...)
			b.wake()
			return nil
		}
	}
	return fmt.Errorf("no rule %q", id)
}

func (b *book) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules = nil
	b.wake()
}

func (b *book) list() []Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Rule, 0, len(b.rules))
	for _, r := range b.rules {
		out = append(out, *r)
	}
	return out
}

// unreachable tells whether the door is closed.
func (b *book) unreachable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rules {
		if r.Action.Kind == Unreachable {
			return true
		}
	}
	return false
}

// open logs the request and gives the number of its entry and the rule that acts on it: the first that fits and is not used up.
func (b *book) open(req *http.Request) (int, *Rule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var acting *Rule
	for _, r := range b.rules {
		if r.Action.Kind == Unreachable || !r.fits(req) {
			continue
		}
		r.Seen++
		if acting != nil || r.Seen <= r.Match.Skip || r.Match.Count > 0 && r.Hits >= r.Match.Count {
			continue
		}
		r.Hits++
		copied := *r
		acting = &copied
	}
	e := Entry{
		N: b.dropped + len(b.log) + 1, At: time.Now().UTC(), Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery,
		DryRun: isDryRun(req), Watch: isWatch(req), UserAgent: req.UserAgent(),
	}
	if acting != nil {
		e.Rule = acting.ID
	}
	b.log = append(b.log, e)
	if len(b.log) > kept {
		b.log = append([]Entry(nil), b.log[kept/2:]...)
		b.dropped += kept / 2
	}
	b.wake()
	return e.N, acting
}

// note changes entry n, if it is still remembered.
func (b *book) note(n int, change func(*Entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := n - b.dropped - 1; i >= 0 && i < len(b.log) {
		change(&b.log[i])
		b.wake()
	}
}

func (b *book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped += len(b.log)
	b.log = nil
}

// entries gives what fits; when there are fewer than least it waits until there are, or ctx ends.
func (b *book) entries(ctx context.Context, least int, fits func(Entry) bool) []Entry {
	for {
		b.mu.Lock()
		out, changed := []Entry{}, b.changed
		for _, e := range b.log {
			if fits(e) {
				out = append(out, e)
			}
		}
		b.mu.Unlock()
		if len(out) >= least {
			return out
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return out
		}
	}
}
