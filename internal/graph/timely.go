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

// RoundTrip breaks a connection on which the request is waiting to be sent when its
// deadline has passed: so late, nobody was served on that connection.
func (t timely) RoundTrip(request *http.Request) (*http.Response, error) {
	by, ok := request.Context().Deadline()
	if !ok {
		return t.next.RoundTrip(request)
	}
	w := &waiting{by: by.Round(0)}
	defer w.leave()
	trace := &httptrace.ClientTrace{
		GotConn:      func(got httptrace.GotConnInfo) { w.enter(got.Conn) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.wrote() },
	}
	return t.next.RoundTrip(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
}

// waiting is a request that has a connection and is not yet sent as a whole.
type waiting struct {
	// by is a time of day: the monotonic clock stands still while a machine is suspended.
	by time.Time

	mu     sync.Mutex
	on     *timelyConn
	shared bool // by other requests
}

func (w *waiting) enter(conn net.Conn) {
	w.leave() // a connection that failed before
	w.mu.Lock()
	defer w.mu.Unlock()
	if over, ok := conn.(*tls.Conn); ok {
		w.shared = over.ConnectionState().NegotiatedProtocol == "h2"
	}
	for over, ok := conn.(*tls.Conn); ok; over, ok = conn.(*tls.Conn) {
		conn = over.NetConn()
	}
	if w.on, _ = conn.(*timelyConn); w.on != nil {
		w.on.queue(w)
	}
}

// wrote lets others use the connection, however long the answer takes. HTTP/1 tells of a
// request that is still in its buffer.
func (w *waiting) wrote() {
	w.mu.Lock()
	shared := w.shared
	w.mu.Unlock()
	if shared {
		w.leave()
	}
}

func (w *waiting) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on != nil {
		w.on.unqueue(w)
		w.on = nil
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
	now := clock.RealClock{}.Now().Round(0) // which deadlines of contexts are set by
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.queued {
		if !now.Before(w.by) {
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
