package graphsim

// Rule is one thing Microsoft Graph does that the simulator does too. Specs carry
// the id of the rule they prove.
type Rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Rules lists the rules in force.
func Rules() []Rule { return nil }
