package graphsim

import (
	"net/http"
	"sync"
	"time"
)

// Limits of the Outlook service per app and mailbox (concepts/throttling-limits.md).
const (
	mailboxRequests    = 10000
	mailboxWindow      = 10 * time.Minute
	mailboxConcurrency = 4
)

// mailbox is the budget of one mailbox.
func (b *appBudget) mailbox(id string) *meter {
	m, ok := b.mailboxes[id]
	if !ok {
		m = &meter{limit: mailboxRequests, window: mailboxWindow}
		b.mailboxes[id] = m
	}
	return m
}

// mailboxKey names the mailbox a request is about: the account, or what the client
// took for one. The caller holds the tenant's lock.
func (c *call) mailboxKey() string {
	if r, ok := c.tenant.find(c.params[0]); ok {
		return r.current.id
	}
	return "unknown"
}

// mailboxGate counts the requests under way, by app and mailbox.
type mailboxGate struct {
	mu       sync.Mutex
	underWay map[string]int
}

// enterMailbox lets four requests at a time to a mailbox.
func (s *Server) enterMailbox(c *call) (leave func(), err error) {
	if !s.throttling.Load() {
		return func() {}, nil
	}
	c.tenant.mu.Lock()
	key := c.app.id + " " + c.tenant.id + " " + c.mailboxKey()
	c.tenant.mu.Unlock()
	g := &s.mailboxes
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.underWay[key] >= mailboxConcurrency {
		return nil, &graphError{
			status: http.StatusTooManyRequests, code: "ApplicationThrottled",
			message: "Application is over its MailboxConcurrency limit.", retryAfter: time.Second,
		}
	}
	if g.underWay == nil {
		g.underWay = map[string]int{}
	}
	g.underWay[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.underWay[key]--; g.underWay[key] == 0 {
			delete(g.underWay, key)
		}
	}, nil
}
