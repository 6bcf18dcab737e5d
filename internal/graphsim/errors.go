package graphsim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// graphError is a refusal by Microsoft Graph in the OData error shape
// (concepts/errors.md).
type graphError struct {
	status     int
	code       string
	message    string
	details    []errorDetail
	retryAfter time.Duration
	header     http.Header
	absent     bool // the simulator lacks this, Microsoft Graph may not
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

func (e *graphError) Error() string { return e.code + ": " + e.message }

// response renders the error. Dates in innerError carry no zone, as Graph's do.
func (e *graphError) response(now time.Time, requestID, clientRequestID string) *response {
	body := map[string]any{
		"code":    e.code,
		"message": e.message,
		"innerError": map[string]string{
			"date":              now.Format("2006-01-02T15:04:05"),
			"request-id":        requestID,
			"client-request-id": clientRequestID,
		},
	}
	if len(e.details) > 0 {
		body["details"] = e.details
	}
	raw, err := json.Marshal(map[string]any{"error": body})
	if err != nil { // strings always encode
		raw = []byte(`{"error":{"code":"UnknownError","message":""}}`)
	}
	res := &response{status: e.status, header: http.Header{}, body: raw}
	for k, v := range e.header {
		res.header[k] = v
	}
	if e.retryAfter > 0 {
		res.header.Set("Retry-After", strconv.Itoa(ceilSeconds(e.retryAfter)))
	}
	return res
}

func ceilSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}

func badRequest(message string, details ...errorDetail) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "Request_BadRequest", message: message, details: details}
}

// odataBadRequest is what the gateway answers before a workload sees the request.
func odataBadRequest(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

func unsupportedQuery(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "Request_UnsupportedQuery", message: message}
}

func denied() *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "Authorization_RequestDenied",
		message: "Insufficient privileges to complete the operation.",
	}
}

// permissionMissing is how the reporting service answers a token
// without its permission.
func permissionMissing(permissions ...string) *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "Authentication_MSGraphPermissionMissing",
		message: "Calling principal does not have required MSGraph permissions " + strings.Join(permissions, ","),
	}
}

func notFound(key string) *graphError {
	return &graphError{
		status: http.StatusNotFound, code: "Request_ResourceNotFound",
		message: "Resource '" + key + "' does not exist or one of its queried reference-property objects are not present.",
	}
}

func unauthenticated(message string) *graphError {
	return &graphError{
		status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message,
		header: http.Header{"Www-Authenticate": {`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`}},
	}
}

func premiumRequired() *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
		message: "Neither tenant is B2C or tenant doesn't have premium license",
	}
}

// notSimulated is the simulator's confession: the request may be right, but it
// has no answer. It is recorded, and a test suite should fail on it.
func notSimulated(what string) *graphError {
	return &graphError{
		status: http.StatusNotImplemented, code: "NotSimulated",
		message: "graphsim does not simulate " + what, absent: true,
	}
}
