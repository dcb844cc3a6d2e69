package main

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Rule disturbs the requests it matches. Zero fields of Match hold for every request.
type Rule struct {
	ID     string `json:"id"`
	Match  Match  `json:"match"`
	Action Action `json:"action"`
	// Seen counts the matching requests, Hits those the rule acted on.
	Seen int `json:"seen"`
	Hits int `json:"hits"`

	path, query, agent *regexp.Regexp
}

// Match chooses requests.
type Match struct {
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Query     string `json:"query,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	// DryRun and Watch, when given, must equal what the request asks for.
	DryRun *bool `json:"dry_run,omitempty"`
	Watch  *bool `json:"watch,omitempty"`
	// Skip lets the first so many matching requests pass; Count is how many are then disturbed (0: all).
	Skip  int `json:"skip,omitempty"`
	Count int `json:"count,omitempty"`
}

// Action is what happens to a matching request.
type Action struct {
	Kind Kind `json:"kind"`
	// MS is the wait of delay and late; for cut-after it is optional and passes before the cut.
	MS int `json:"ms,omitempty"`
	// Code, Message and RetryAfterS (seconds) make the answer of status.
	Code        int    `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
	RetryAfterS int    `json:"retry_after_s,omitempty"`
}

// Kind names an action.
type Kind string

const (
	// Delay holds the request for MS before the server sees it.
	Delay Kind = "delay"
	// Late lets the server act at once and holds its answer for MS.
	Late Kind = "late"
	// CutBefore resets the connection; the server never sees the request.
	CutBefore Kind = "cut-before"
	// CutAfter lets the server act, drops its answer and resets the connection.
	CutAfter Kind = "cut-after"
	// Answer answers with Code and a Kubernetes Status; the server never sees the request.
	Answer Kind = "status"
	// Unreachable resets every connection, old and new. It takes no match: it closes the door, not a request.
	Unreachable Kind = "unreachable"
	// StripDate lets the answer pass without its Date header.
	StripDate Kind = "strip-date"
)

// longest is the upper bound of a wait; a larger one is a mistake in the test.
const longest = 10 * time.Minute

// compile checks the rule and readies its patterns; the error names the field.
func (r *Rule) compile() error {
	if r.ID == "" {
		return errors.New("id: must not be empty")
	}
	r.Seen, r.Hits = 0, 0
	for _, f := range []struct {
		name, text string
		to         **regexp.Regexp
	}{{"path", r.Match.Path, &r.path}, {"query", r.Match.Query, &r.query}, {"user_agent", r.Match.UserAgent, &r.agent}} {
		if f.text == "" {
			continue
		}
		pattern, err := regexp.Compile(f.text)
		if err != nil {
			return fmt.Errorf("match.%s: %w", f.name, err)
		}
		*f.to = pattern
	}
	if r.Match.Skip < 0 || r.Match.Count < 0 {
		return errors.New("match.skip and match.count: must not be negative")
	}
	if wait := time.Duration(r.Action.MS) * time.Millisecond; wait < 0 || wait > longest {
		return fmt.Errorf("action.ms: want 0 to %d", longest.Milliseconds())
	}
	switch r.Action.Kind {
	case Delay, Late:
		if r.Action.MS == 0 {
			return fmt.Errorf("action.ms: %s needs a wait above 0", r.Action.Kind)
		}
	case Answer:
		if r.Action.Code < 400 || r.Action.Code > 599 {
			return errors.New("action.code: want 400 to 599")
		}
	case Unreachable:
		if r.Match != (Match{}) {
			return errors.New("match: unreachable takes none, it holds for every connection")
		}
	case CutBefore, CutAfter, StripDate:
	default:
		return fmt.Errorf("action.kind: %q; want delay, late, cut-before, cut-after, status, unreachable or strip-date", r.Action.Kind)
	}
	return nil
}

// fits tells whether the rule speaks of this request; it does not count.
func (r *Rule) fits(req *http.Request) bool {
	m := r.Match
	return (m.Method == "" || strings.EqualFold(m.Method, req.Method)) &&
		(r.path == nil || r.path.MatchString(req.URL.Path)) &&
		(r.query == nil || r.query.MatchString(req.URL.RawQuery)) &&
		(r.agent == nil || r.agent.MatchString(req.UserAgent())) &&
		(m.DryRun == nil || *m.DryRun == isDryRun(req)) &&
		(m.Watch == nil || *m.Watch == isWatch(req))
}

func isDryRun(req *http.Request) bool { return req.URL.Query().Get("dryRun") == "All" }

func isWatch(req *http.Request) bool {
	w := req.URL.Query().Get("watch")
	return w == "1" || w == "true"
}

func (a Action) wait() time.Duration { return time.Duration(a.MS) * time.Millisecond }
