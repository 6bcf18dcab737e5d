package graph

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// aadsts finds the number of an error of the login host.
var aadsts = regexp.MustCompile(`AADSTS(\d{4,})`)

// loginKind maps an error number of the login host
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
func loginKind(code string) directory.Kind {
	switch code {
	case "7000215", // invalid client secret
		"7000222", // expired client secret
		"7000216", // no client secret or assertion in the request
		"7000218",
		"7000214", // certificate revoked
		"700025",  // a secret was sent for a public client
		"700027",  // assertion signed with a key that is not registered, or expired
		"700024",  // assertion outside its time range
		"700030",  // certificate's subject
		"1000502", // certificate outside its validity
		"50012",   // assertion failed
		"50013",
		"50027":
		return directory.KindCredentials
	case "700016", // application not found in the tenant
		"7000229", // no service principal in the tenant
		"7000112", // application disabled
		"65001",   // no consent
		"90099",
		"500011", // Graph has no service principal in the tenant
		"650052",
		"650057",
		"1002012":
		return directory.KindConsent
	case "90002", // tenant not found
		"900023", // neither a GUID nor a domain name
		"90019",
		"900382", // another cloud's tenant
		"900439",
		"90072":
		return directory.KindUnknownTenant
	case "53003", // blocked by conditional access for workload identities
		"530034",
		"53000":
		return directory.KindForbidden
	}
	return ""
}

// loginFailure turns azidentity's error into a directory's.
func loginFailure(err error) *directory.Error {
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if !ok || failed.RawResponse == nil {
		err = unquoted(err)
		return loginError(0, nil, err.Error(), err)
	}
	// The error's own text is the answer with its trace ids over several lines.
	body, readErr := runtime.Payload(failed.RawResponse)
	if readErr != nil {
		return loginError(failed.RawResponse.StatusCode, failed.RawResponse.Header, "", readErr)
	}
	return loginError(failed.RawResponse.StatusCode, failed.RawResponse.Header, string(body), nil)
}

// unquoted leaves out the answer, which MSAL quotes when it cannot read it: there may be
// a token in it.
func unquoted(err error) error {
	const unreadable = "json decode error"
	if text, _, found := strings.Cut(err.Error(), unreadable); found {
		return errors.New(text + unreadable)
	}
	return err
}

// loginError judges an answer of the login host; status is 0 when there was none.
func loginError(status int, header http.Header, text string, cause error) *directory.Error {
	e := &directory.Error{Kind: directory.KindTransient, Status: status, Err: cause}
	if header != nil {
		e.RetryAfter = retryAfter(header)
		e.RequestID = header.Get("X-Ms-Request-Id")
	}
	if status == http.StatusTooManyRequests || (e.RetryAfter > 0 && status >= http.StatusInternalServerError) {
		e.Kind, e.RetryAfter = directory.KindThrottled, max(e.RetryAfter, defaultRetryAfter)
	}
	match := aadsts.FindStringSubmatchIndex(text)
	if match == nil {
		return e
	}
	number := text[match[2]:match[3]]
	e.Code = "AADSTS" + number
	if cause == nil {
		e.Message = loginMessage(text[match[1]:])
	}
	if kind := loginKind(number); kind != "" {
		e.Kind = kind
	}
	return e
}

// loginMessage keeps the sentence after the number, and drops trace ids and times.
func loginMessage(text string) string {
	text = strings.TrimPrefix(text, ": ")
	for _, end := range []string{"Trace ID", `\r`, `\n`, "\n", `"`} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSpace(text)
}
