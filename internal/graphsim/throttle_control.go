package graphsim

// throttlingSwitch is the body of /_sim/throttling.
type throttlingSwitch struct {
	Enabled bool `json:"enabled"`
}

// Throttling reports whether requests draw on budgets.
func (s *Server) Throttling() bool { return s.throttling.Load() }

// SetThrottling has requests draw on budgets from now on, or not. What they drew
// before still counts until its window is over.
func (s *Server) SetThrottling(enabled bool) { s.throttling.Store(enabled) }
