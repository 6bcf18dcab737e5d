package graphsim

// Endpoint names an operation that the simulator answers.
type Endpoint struct {
	Method   string `json:"method"`
	Template string `json:"template"` // below the API version: /users/{id}
}

// Endpoints lists what the simulator answers below /v1.0.
func Endpoints() []Endpoint {
	var all []Endpoint
	for _, e := range endpoints() {
		if e.v1 {
			all = append(all, Endpoint{e.method, e.template})
		}
	}
	return all
}
