package graphsim

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// loginPage is what a proxy or a hotel's network answers in Graph's place.
const loginPage = `<!DOCTYPE html>
<html><head><title>Sign in to the network</title></head>
<body><form method="post" action="/login"><input name="user"><input name="password" type="password"></form></body></html>
`

// defaultHuge is far more than a page of Graph has, and more than a client should read.
const defaultHuge = 64 << 20

// inject carries a fault out. res is the answer of a request that had its effect, nil
// before. A nil response lets the request, or its answer, go on.
func (s *Server) inject(req *request, f *Fault, entry *Entry, res *response) *response {
	entry.Fault, entry.FaultAfter = string(f.Kind), f.After
	switch f.Kind {
	case FaultDelay:
		s.wait(req.ctx, s.clock.After(time.Duration(f.DelaySeconds*float64(time.Second))))
		return nil
	case FaultHang:
		s.wait(req.ctx, nil)
		return &response{header: http.Header{}, drop: true}
	case FaultReset:
		return &response{header: http.Header{}, drop: true}
	case FaultStatus:
		return f.statusResponse(s.clock.Now(), entry.RequestID)
	case FaultContentType:
		return &response{status: http.StatusOK, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: []byte(loginPage)}
	case FaultLoop:
		return jsonResponse(object(jsonMember{"value", []string{}}, jsonMember{"@odata.nextLink", req.baseURL + req.path + "?" + req.query}))
	default:
		return f.distort(withBody(res, req.baseURL))
	}
}

// distort spoils an answer that has a body.
func (f *Fault) distort(res *response) *response {
	switch f.Kind { //nolint:exhaustive // the others have nothing to spoil
	case FaultHalfClosed:
		res.cut = true
	case FaultCorrupt:
		res.body = res.body[:len(res.body)/2]
	case FaultHuge:
		if res.pad = f.Bytes; res.pad == 0 {
			res.pad = defaultHuge
		}
	}
	return res
}

// withBody is the answer, or one that has a body, for half of none is none.
func withBody(res *response, baseURL string) *response {
	if res != nil && len(res.body) > 0 {
		return res
	}
	made := jsonResponse(object(jsonMember{"@odata.context", baseURL + "/v1.0/$metadata"}))
	if res != nil {
		made.header = res.header
	}
	return made
}

// wait returns when the timer fires, the client gives up, or the server closes.
func (s *Server) wait(ctx context.Context, timer <-chan time.Time) {
	select {
	case <-timer:
	case <-ctx.Done():
	case <-s.closing:
	}
}

func (f *Fault) statusResponse(now time.Time, requestID string) *response {
	status, code := f.Status, f.Code
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	if code == "" {
		code = map[int]string{
			http.StatusTooManyRequests:     "TooManyRequests",
			http.StatusServiceUnavailable:  "ServiceNotAvailable",
			http.StatusInternalServerError: "InternalServerError",
			http.StatusGatewayTimeout:      "GatewayTimeout",
		}[status]
	}
	res := (&graphError{status: status, code: code, message: "Injected fault."}).response(now, requestID, requestID)
	if f.RetryAfter > 0 {
		res.header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	return res
}
