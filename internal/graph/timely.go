package graph

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// timely keeps requests from being sent after their contexts' deadlines. The contexts
// alone do not: a process that was frozen goes on where it stood, perhaps a moment before
// the timers fire that end them, and another process may have acted in its place. It needs
// connections of dialTimely.
type timely struct {
	next http.RoundTripper
}

// RoundTrip breaks the connection on which the request is about to be sent when its
// deadline has passed. What the kernel has taken over is beyond that.
func (t timely) RoundTrip(request *http.Request) (*http.Response, error) {
	by, ok := request.Context().Deadline()
	if !ok {
		return t.next.RoundTrip(request)
	}
	w := &waiting{by: by}
	defer w.answered()
	trace := &httptrace.ClientTrace{
		GotConn:          func(got httptrace.GotConnInfo) { w.enter(got.Conn) },
		WroteHeaderField: func(string, []string) { w.begin() },
		WroteRequest:     func(httptrace.WroteRequestInfo) { w.wrote() },
	}
	return t.next.RoundTrip(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
}

// waiting is a request that has a connection and is not yet sent as a whole.
type waiting struct {
	by time.Time

	mu sync.Mutex
	on *timelyConn
	// shared is true on a connection of HTTP/2. Its round trip ends with the context,
	// while another goroutine may be about to write the request: it waits from its head on,
	// which is written after the last look at the context, and until it is written. With
	// HTTP/1 it waits until its answer, for what counts as written may be in a buffer.
	shared bool
}

func (w *waiting) enter(conn net.Conn) {
	w.answered() // a connection that failed before
	w.mu.Lock()
	defer w.mu.Unlock()
	if over, ok := conn.(*tls.Conn); ok {
		w.shared = over.ConnectionState().NegotiatedProtocol == "h2"
	}
	for over, ok := conn.(*tls.Conn); ok; over, ok = conn.(*tls.Conn) {
		conn = over.NetConn()
	}
	if w.on, _ = conn.(*timelyConn); w.on != nil && !w.shared {
		w.on.queue(w)
	}
}

func (w *waiting) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on != nil && w.shared {
		w.on.queue(w)
	}
}

func (w *waiting) wrote() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on != nil && w.shared {
		w.on.unqueue(w)
	}
}

func (w *waiting) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on != nil && !w.shared {
		w.on.unqueue(w)
	}
}

// timelyConn is a connection that knows what is waiting to be sent on it.
type timelyConn struct {
	net.Conn

	mu     sync.Mutex
	queued map[*waiting]struct{}
}

var dialer net.Dialer

func dialTimely(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &timelyConn{Conn: conn, queued: map[*waiting]struct{}{}}, nil
}

// Write fails with os.ErrDeadlineExceeded when a request is waiting whose time is over.
func (c *timelyConn) Write(b []byte) (int, error) {
	if c.late() {
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Write(b)
}

func (c *timelyConn) late() bool {
	now := clock.RealClock{}.Now() // which deadlines of contexts are set by
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.queued {
		// The monotonic clock stands still while a machine is suspended, the time of day
		// may be set back.
		if !now.Before(w.by) || !now.Round(0).Before(w.by.Round(0)) {
			return true
		}
	}
	return false
}

func (c *timelyConn) queue(w *waiting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued[w] = struct{}{}
}

func (c *timelyConn) unqueue(w *waiting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.queued, w)
}
