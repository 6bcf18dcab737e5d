package graphsim

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// batchLimit is the most requests a batch may have (concepts/json-batching.md).
const batchLimit = 20

// batchPart is one request of a batch.
type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchAnswer is the answer to one of them.
type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch runs the parts of a batch, each as a request of its own: with its own
// permissions, faults, budgets and place in the journal. The batch itself costs
// nothing (concepts/throttling.md, "Throttling and batching").
func (s *Server) batch(c *call) (*response, error) {
	parts, err := readBatch(c.req.body)
	if err != nil {
		return nil, err
	}
	var together *[]func()
	if !slices.ContainsFunc(parts, func(p batchPart) bool { return len(p.DependsOn) > 0 }) {
		together = &[]func(){}
		defer func() {
			for _, leave := range *together {
				leave()
			}
		}()
	}
	answers := make([]batchAnswer, 0, len(parts))
	failed := map[string]bool{}
	for _, p := range s.batchOrder(c, parts) {
		var res *response
		if slices.ContainsFunc(p.DependsOn, func(id string) bool { return failed[strings.ToLower(id)] }) {
			res = failedDependency().response(c.now, c.entry.RequestID, c.clientRequestID())
		} else {
			res = s.runPart(c, p, together)
		}
		if res.drop {
			return res, nil
		}
		failed[strings.ToLower(p.ID)] = res.status >= http.StatusBadRequest
		answers = append(answers, p.answer(res))
	}
	shuffle(s.opts.Seed, c.entry.Seq, "answers", answers, func(a batchAnswer) string { return a.ID })
	return jsonResponse(object(jsonMember{"responses", answers})), nil
}

// readBatch refuses a batch that is wrong as a whole.
func readBatch(body []byte) ([]batchPart, error) {
	var batch struct {
		Requests []batchPart `json:"requests"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || len(batch.Requests) == 0 {
		return nil, odataBadRequest("Invalid batch payload format.")
	}
	if len(batch.Requests) > batchLimit {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "MaximumValueExceeded",
			message: fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", batchLimit),
		}
	}
	seen := map[string]bool{}
	for i := range batch.Requests {
		p := &batch.Requests[i]
		if err := p.check(); err != nil {
			return nil, err
		}
		id := strings.ToLower(p.ID)
		if seen[id] {
			return nil, odataBadRequest("Request Id " + p.ID + " has to be unique in a batch.")
		}
		seen[id] = true
	}
	return batch.Requests, checkOrder(batch.Requests)
}

// check refuses a part that no service could be asked.
func (p *batchPart) check() error {
	switch {
	case p.ID == "" || p.Method == "" || p.URL == "":
		return odataBadRequest("Invalid batch payload format.")
	case strings.Contains(p.URL, "://"):
		return odataBadRequest("Request Id " + p.ID + " has an invalid url: it must be relative.")
	}
	switch strings.ToUpper(p.Method) {
	case http.MethodPost, http.MethodPatch, http.MethodPut:
		if p.header().Get("Content-Type") == "" || len(p.Body) == 0 {
			return odataBadRequest("Write request id : " + p.ID + " does not contain Content-Type header or body.")
		}
	}
	return nil
}

// checkOrder: the parts run in parallel, one after another, or all after the first.
// Other shapes are refused (concepts/json-batching.md, "Sequencing requests").
func checkOrder(parts []batchPart) error {
	parallel, serial, fan := true, true, true
	for i, p := range parts {
		parallel = parallel && len(p.DependsOn) == 0
		first := i == 0 && len(p.DependsOn) == 0
		serial = serial && (first || i > 0 && p.dependsOn(parts[i-1].ID))
		fan = fan && (first || i > 0 && p.dependsOn(parts[0].ID))
	}
	if parallel || serial || fan {
		return nil
	}
	return odataBadRequest("Invalid batch payload format: requests must be fully sequential or fully parallel.")
}

func (p *batchPart) dependsOn(id string) bool {
	return len(p.DependsOn) == 1 && strings.EqualFold(p.DependsOn[0], id)
}

func (p *batchPart) header() http.Header {
	h := http.Header{}
	for k, v := range p.Headers {
		h.Set(k, v)
	}
	return h
}

// batchOrder is the order the parts run in: as listed if they depend on each other,
// else any.
func (s *Server) batchOrder(c *call, parts []batchPart) []batchPart {
	if len(parts) > 1 && len(parts[1].DependsOn) == 0 {
		shuffle(s.opts.Seed, c.entry.Seq, "parts", parts, func(p batchPart) string { return p.ID })
	}
	return parts
}

// shuffle orders by lot, the same for the same seed.
func shuffle[T any](seed, seq uint64, what string, list []T, id func(T) string) {
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Compare(chance(seed, what, itoa(seq), id(a)), chance(seed, what, itoa(seq), id(b)))
	})
}

// runPart sends one part on its way. Of the batch's headers it has the token only.
func (s *Server) runPart(c *call, p batchPart, together *[]func()) *response {
	path, query, _ := strings.Cut(strings.TrimPrefix(p.URL, "/"), "?")
	req := &request{
		ctx: c.req.ctx, method: strings.ToUpper(p.Method), path: "/" + c.version + "/" + path, query: query,
		header: p.header(), body: p.content(), baseURL: c.req.baseURL, batch: c.entry.Seq, together: together,
	}
	req.header.Set("Authorization", c.req.header.Get("Authorization"))
	segs, err := segments(path)
	if err != nil {
		return odataBadRequest("The request URI is invalid.").response(c.now, c.entry.RequestID, c.clientRequestID())
	}
	return s.graph(req, c.version, segs)
}

// content is the body: JSON, or something else in base64.
func (p *batchPart) content() []byte {
	text, err := decodeAs[string](p.Body)
	if err != nil || strings.Contains(strings.ToLower(p.header().Get("Content-Type")), "json") {
		return p.Body
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return []byte(text)
	}
	return raw
}

func (p *batchPart) answer(res *response) batchAnswer {
	a := batchAnswer{ID: p.ID, Status: res.status, Headers: map[string]string{}}
	for k := range res.header {
		a.Headers[k] = res.header.Get(k)
	}
	if len(res.body) == 0 {
		return a
	}
	if a.Headers["Content-Type"] == "" {
		a.Headers["Content-Type"] = contentType(p.header().Get("Accept"))
	}
	if a.Body = res.body; !bytes.HasPrefix(res.body, []byte("{")) || !json.Valid(res.body) {
		a.Body = mustJSON(res.body) // base64
	}
	return a
}

// failedDependency is the answer to a part whose dependency failed; it is not run.
func failedDependency() *graphError {
	return &graphError{
		status: http.StatusFailedDependency, code: "FailedDependency",
		message: "The request was not processed because a request it depends on failed.",
	}
}
