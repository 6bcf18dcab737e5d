package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// maxAnswer bounds what is read of an answer, after decompression. Graph's largest
// pages, 999 accounts with all that is asked of them, have a few MB.
const maxAnswer = 32 << 20

// errLoop is an answer that would be asked for again and again.
var errLoop = errors.New("a page leads to itself")

// bounded keeps answers from filling the memory, whoever gives them.
type bounded struct {
	next http.RoundTripper
}

// RoundTrip returns an answer whose body fails with an *http.MaxBytesError when it is
// longer than maxAnswer.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	return response, nil
}

// checked refuses a success that Graph did not give, for proxies and captive networks
// answer 200 in its place, and one that is not whole. Graph answers in JSON or, to a
// change, with 201, 202 or 204 and perhaps nothing
// (https://learn.microsoft.com/graph/use-the-api).
func checked(op operation, ex *exchange, body []byte) error {
	switch {
	case ex.status >= http.StatusMultipleChoices:
		return errors.New("unexpected redirect") // which the SDK takes for success
	case len(body) == 0 && op.writes() && ex.status == http.StatusOK:
		return errors.New("an answer of nothing")
	case len(body) == 0:
		return nil
	case !isJSON(ex.header):
		return fmt.Errorf("the answer is %q, not Microsoft Graph's", ex.header.Get("Content-Type"))
	case op.writes() && !json.Valid(body):
		return errors.New("unreadable answer")
	}
	return nil
}

// isForeign tells of a refusal, which is no OData error, that somebody between us and
// Graph gave it: its status says nothing of the directory. Graph's own answers carry a
// request-id to log (https://learn.microsoft.com/graph/best-practices-concept). An
// expired link is answered by 410 with a body of any kind
// (https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset).
func isForeign(ex *exchange) bool {
	return (ex.length != 0 || ex.header.Get("request-id") == "") && ex.status != http.StatusGone
}

func isJSON(header http.Header) bool {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// nameless is an answer that tells of an object, but not of which.
func nameless(what string) *directory.Error {
	return &directory.Error{Kind: directory.KindTransient, Status: http.StatusOK, Message: "an answer of no " + what}
}
