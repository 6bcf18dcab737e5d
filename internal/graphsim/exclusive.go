package graphsim

import "net/http"

// busyAccount is an account that an exclusive call is at work on.
type busyAccount struct{ tenant, account string }

// enter begins a call, and leave ends it. An exclusive call is at work from its
// arrival to its answer, however long a fault makes that; another one for the same
// account meanwhile is 409.
func (s *Server) enter(c *call) (leave func(), err error) {
	if c.endpoint.class == classMailbox {
		return s.enterMailbox(c)
	}
	if !c.endpoint.exclusive {
		return func() {}, nil
	}
	busy := busyAccount{c.tenant.id, c.params[0]}
	c.tenant.mu.Lock()
	if r, ok := c.tenant.find(busy.account); ok {
		busy.account = r.current.id
	}
	c.tenant.mu.Unlock()
	if _, working := s.busy.LoadOrStore(busy, true); working {
		return nil, concurrencyViolation()
	}
	leave = func() { s.busy.Delete(busy) }
	if c.req.together != nil { // it goes on as long as the requests that came with it
		*c.req.together = append(*c.req.together, leave)
		return func() {}, nil
	}
	return leave, nil
}

// concurrencyViolation is how the directory refuses two changes of one object at once.
func concurrencyViolation() *graphError {
	return &graphError{
		status: http.StatusConflict, code: "Directory_ConcurrencyViolation",
		message: "Unable to complete the request: the object was changed by another request at the same time.",
	}
}
