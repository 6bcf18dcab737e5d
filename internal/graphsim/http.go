package graphsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody is more than any request of the API needs.
const maxBody = 4 << 20

// request is an HTTP request freed of its connection, so that a part of a batch
// takes the same way as a request of its own.
type request struct {
	ctx     context.Context //nolint:containedctx // it lives as long as the request
	method  string
	path    string // escaped
	query   string
	header  http.Header
	body    []byte
	baseURL string
	batch   uint64 // number of the batch it is part of; 0 for none
	// together collects, for the parts of a parallel batch, what ends each.
	together *[]func()
}

// response is what goes back. drop cuts the connection instead of answering, cut in
// the middle of the body; pad adds so many spaces to it.
type response struct {
	status int
	header http.Header
	body   []byte
	drop   bool
	cut    bool
	pad    int
}

func newRequest(r *http.Request) (*request, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	return &request{
		ctx: r.Context(), method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery,
		header: r.Header, body: body, baseURL: "https://" + r.Host,
	}, nil
}

// write sends the response, or aborts the connection or stream.
func (res *response) write(w http.ResponseWriter, r *http.Request) {
	if res.drop {
		panic(http.ErrAbortHandler) // net/http resets the stream or connection
	}
	h := w.Header()
	for k, v := range res.header {
		h[k] = v
	}
	if len(res.body) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType(r.Header.Get("Accept")))
	}
	body := res.body
	if res.cut {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(res.status)
	_, err := w.Write(body) // the client has gone if this fails
	if res.cut {
		_ = http.NewResponseController(w).Flush() // what is written must arrive
		panic(http.ErrAbortHandler)
	}
	for spaces := bytes.Repeat([]byte{' '}, min(res.pad, 1<<16)); res.pad > 0 && err == nil; res.pad -= len(spaces) {
		_, err = w.Write(spaces[:min(res.pad, len(spaces))])
	}
}

// contentType names the metadata level that was asked for.
func contentType(accept string) string {
	level := "minimal"
	if wantsNoMetadata(accept) {
		level = "none"
	}
	return "application/json;odata.metadata=" + level + ";odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
}

func wantsNoMetadata(accept string) bool {
	return strings.Contains(strings.ToLower(strings.ReplaceAll(accept, " ", "")), "odata.metadata=none")
}

func jsonResponse(body []byte) *response {
	return &response{status: http.StatusOK, header: http.Header{}, body: body}
}

func noContent() *response { return &response{status: http.StatusNoContent, header: http.Header{}} }

// segments splits an escaped path and decodes each part. A key in parentheses,
// users('a@b.c'), becomes a segment of its own; empty ones, delta(), go away.
func segments(escaped string) ([]string, error) {
	var out []string
	for raw := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		seg, err := url.PathUnescape(raw)
		if err != nil {
			return nil, err
		}
		name, key, ok := strings.Cut(seg, "(")
		if !ok || !strings.HasSuffix(key, ")") {
			out = append(out, seg)
			continue
		}
		out = append(out, name)
		key = strings.TrimSuffix(key, ")")
		if unquoted, ok := unquote(key); ok {
			key = unquoted
		}
		if key != "" {
			out = append(out, key)
		}
	}
	return out, nil
}

// unquote reads an OData string literal, in which a quote is doubled.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return s, false
	}
	return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), true
}
