package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

// operation is what a call is counted as and what it costs.
type operation struct {
	// service labels the call in metrics.
	service string
	cost    throttle.Cost
}

// reading is an operation of the directory that costs resource units
// (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits).
func reading(service string, units int) operation {
	return operation{service, throttle.Cost{Class: throttle.Identity, ResourceUnits: units}}
}

// urgentReading is a reading that a change waits for.
func urgentReading(service string) operation {
	op := reading(service, 1)
	op.cost.Urgent = true
	return op
}

// auditing is a call to what shares the limits of the reports: the audit logs and the
// authentication methods
// (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-reports-service-limits).
func auditing(service string) operation {
	return operation{service, throttle.Cost{Class: throttle.Reports, ResourceUnits: 1}}
}

// writing is an operation that changes one object.
func writing(service string) operation {
	return operation{service, throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true}}
}

// protecting is a write that shuts somebody out.
func protecting(service string) operation {
	op := writing(service)
	op.cost.Protective = true
	return op
}

func (o operation) writes() bool { return o.cost.Writes > 0 }

// answer is a successful answer.
type answer struct {
	body   []byte
	header http.Header
}

// receipt is what a write leaves.
func (a *answer) receipt() directory.Receipt {
	receipt := directory.Receipt{RequestID: a.header.Get("request-id")}
	if at, err := http.ParseTime(a.header.Get("Date")); err == nil {
		receipt.Time = at
	}
	return receipt
}

// call sends a request. A token that Graph refuses, since it ran out early or its
// app was consented anew, is replaced once. All errors are *directory.Error.
func (c *Client) call(ctx context.Context, op operation, request *abstractions.RequestInformation) (*answer, error) {
	result, token, failure := c.attempt(ctx, op, request)
	if failure != nil && failure.Status == http.StatusUnauthorized && failure.Code == codeInvalidToken {
		if err := c.tokens.discard(token); err != nil {
			return nil, &directory.Error{Kind: directory.KindCredentials, Err: err}
		}
		result, _, failure = c.attempt(ctx, op, request)
	}
	if failure != nil {
		return nil, failure
	}
	return result, nil
}

// attempt sends a request once, and returns the token it carried.
func (c *Client) attempt(ctx context.Context, op operation, request *abstractions.RequestInformation) (*answer, string, *directory.Error) {
	if wait := c.budget.Reserve(op.cost); wait > 0 {
		return nil, "", &directory.Error{Kind: directory.KindThrottled, RetryAfter: wait, Message: "the request budget is spent"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	token, err := c.tokens.get(ctx)
	if err != nil {
		return nil, "", asFailure(err)
	}

	ex := &exchange{token: token}
	start := c.clock.Now()
	body, err := c.adapter.SendPrimitive(withExchange(ctx, ex), request, "[]byte", errorMappings())
	c.observe(op, ex, c.clock.Since(start))
	raw, _ := body.([]byte) // nil for an empty answer
	if err == nil {
		err = checked(op, ex, raw)
	}
	if err != nil {
		failure := callFailure(op, ex, err)
		if failure.Kind == directory.KindThrottled {
			c.budget.Throttled(op.cost.Class, failure.RetryAfter)
			failure.RetryAfter = max(failure.RetryAfter, defaultRetryAfter)
		}
		return nil, token, failure
	}
	return &answer{body: raw, header: ex.header}, token, nil
}

// errorMappings makes the SDK parse every refusal as an OData error.
func errorMappings() abstractions.ErrorMappings {
	return abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}
}

// get sends a request and decodes its answer.
func get[T any](ctx context.Context, c *Client, op operation, request *abstractions.RequestInformation) (*T, error) {
	a, err := c.call(ctx, op, request)
	if err != nil {
		return nil, err
	}
	return decode[T](a)
}

func decode[T any](a *answer) (*T, error) {
	value := new(T)
	if err := json.Unmarshal(a.body, value); err != nil {
		return nil, &directory.Error{
			Kind: directory.KindTransient, Status: http.StatusOK, Message: "unreadable answer",
			RequestID: a.header.Get("request-id"), Err: err,
		}
	}
	return value, nil
}

// collection is a page as Graph answers it
// (https://learn.microsoft.com/graph/paging).
type collection[T any] struct {
	Value     []T    `json:"value"`
	NextLink  string `json:"@odata.nextLink"`
	DeltaLink string `json:"@odata.deltaLink"`
}

// oneLink refuses a page of a delta query that has not exactly one of its two links.
func (c *collection[T]) oneLink() error {
	if (c.NextLink == "") == (c.DeltaLink == "") {
		return &directory.Error{Kind: directory.KindTransient, Message: "a page of changes has not one link"}
	}
	return nil
}

// check refuses what is no page, for an empty one would be taken for the truth, and one
// that leads to where it came from.
func (c *collection[T]) check(link string) error {
	switch {
	case c.Value == nil:
		return &directory.Error{Kind: directory.KindTransient, Status: http.StatusOK, Message: "a page without a value"}
	case link != "" && c.NextLink == link:
		return &directory.Error{Kind: directory.KindTransient, Status: http.StatusOK, Err: errLoop}
	}
	return nil
}

// first makes the request for a reading's first page.
type first func() (*abstractions.RequestInformation, error)

// page reads the page behind a link, or the first one.
func page[T any](ctx context.Context, c *Client, op operation, link string, start first) (*collection[T], error) {
	request, err := c.pageRequest(link, start)
	if err != nil {
		return nil, err
	}
	read, err := get[collection[T]](ctx, c, op, request)
	if err != nil {
		return nil, err
	}
	return read, read.check(link)
}

// convertPage reads a page and converts its items.
func convertPage[T, R any](ctx context.Context, c *Client, op operation, link string, start first, convert func(*T) R) (*directory.Page[R], error) {
	read, err := page[T](ctx, c, op, link, start)
	if err != nil {
		return nil, err
	}
	result := &directory.Page[R]{Next: read.NextLink, Items: make([]R, 0, len(read.Value))}
	for i := range read.Value {
		result.Items = append(result.Items, convert(&read.Value[i]))
	}
	return result, nil
}

// all reads every page of a collection that seldom has more than one.
func all[T any](ctx context.Context, c *Client, op operation, start first) ([]T, error) {
	var items []T
	for link := ""; ; {
		read, err := page[T](ctx, c, op, link, start)
		if err != nil {
			return nil, err
		}
		items = append(items, read.Value...)
		if link = read.NextLink; link == "" {
			return items, nil
		}
	}
}

// pageRequest makes the request for a link, opaque but for its host: the token goes
// with it. A link's request has the headers of the first, which Graph does not keep.
func (c *Client) pageRequest(link string, start first) (*abstractions.RequestInformation, error) {
	request, err := start()
	if err != nil {
		return nil, unbuildable(err)
	}
	if link == "" {
		return request, nil
	}
	u, err := url.Parse(link)
	if err != nil || !sameHost(u, c.host) {
		return nil, &directory.Error{Kind: directory.KindInvalid, Message: "the link leads elsewhere than to Microsoft Graph"}
	}
	request.SetUri(*u)
	return request, nil
}

// observe tells metrics and budget of an answer.
func (c *Client) observe(op operation, ex *exchange, took time.Duration) {
	code := "error"
	if ex.status != 0 {
		code = strconv.Itoa(ex.status)
		percentage := strings.TrimSpace(ex.header.Get("x-ms-throttle-limit-percentage"))
		if used, err := strconv.ParseFloat(percentage, 64); err == nil {
			c.budget.Observe(used)
		}
	}
	c.observer(op.service, code, took)
}
