package graph

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// defaultRetryAfter is the pause after a refusal that does not say how long: Graph's
// limits are counted in windows of 10 seconds.
const defaultRetryAfter = 10 * time.Second

// codeInvalidToken is the code of a token that ran out, or belongs elsewhere.
const codeInvalidToken = "InvalidAuthenticationToken"

// callFailure turns what the SDK returned into a directory's error. What was sent
// and answered is the exchange's to say, since the SDK loses it in some failures.
func callFailure(op operation, ex *exchange, err error) *directory.Error {
	if ex.status < http.StatusBadRequest {
		// No answer, or one that broke off.
		return &directory.Error{
			Kind: directory.KindTransient, Status: ex.status, Err: err,
			OutcomeUnknown: op.writes() && ex.sent.Load(),
		}
	}
	e := &directory.Error{
		Status:         ex.status,
		RetryAfter:     retryAfter(ex.header),
		RequestID:      ex.header.Get("request-id"),
		OutcomeUnknown: op.writes() && ex.status >= http.StatusInternalServerError && ex.status != http.StatusNotImplemented,
	}
	refusal, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok || refusal.GetErrorEscaped() == nil {
		if e.Err = err; ok {
			e.Err = errors.New("a refusal that is no OData error") // whose own text is nil
		}
		e.Kind = kindOf(e, "")
		if e.Kind != directory.KindThrottled && isForeign(ex) {
			e.Kind, e.OutcomeUnknown = directory.KindTransient, op.writes()
		}
		return e
	}
	main := refusal.GetErrorEscaped()
	e.Code, e.Message = text(main.GetCode()), text(main.GetMessage())
	if inner := main.GetInnerError(); inner != nil && e.RequestID == "" {
		e.RequestID = text(inner.GetRequestId())
	}
	detail := ""
	if details := main.GetDetails(); len(details) > 0 {
		detail = text(details[0].GetCode())
	}
	e.Kind = kindOf(e, detail)
	return e
}

// kindOf reads the code before the status: a 409 may be mere concurrency, a 400 a
// missing licence (https://learn.microsoft.com/graph/errors). The codes and texts
// that page does not list are observed ones.
func kindOf(e *directory.Error, detail string) directory.Kind {
	if e.Status == http.StatusTooManyRequests || (e.RetryAfter > 0 && e.Status >= http.StatusInternalServerError) {
		return directory.KindThrottled
	}
	if kind := kindOfCode(e.Code); kind != "" {
		return kind
	}
	if kind := kindOfMessage(e); kind != "" {
		return kind
	}
	if kind := kindOfCode(detail); kind != "" {
		return kind
	}
	return kindOfStatus(e.Status)
}

// kindOfCode is empty for codes that say too little.
func kindOfCode(code string) directory.Kind {
	switch code {
	case codeInvalidToken:
		return directory.KindCredentials
	case "Authorization_IdentityNotFound":
		return directory.KindConsent
	case "Authorization_RequestDenied":
		return directory.KindForbidden
	case "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "AadPremiumLicenseRequired":
		return directory.KindPremiumRequired
	case "Directory_QuotaExceeded":
		return directory.KindQuota
	case "Request_ResourceNotFound", "ResourceNotFound":
		return directory.KindNotFound
	case "Directory_ConcurrencyViolation":
		return directory.KindConcurrency
	case "ObjectConflict", "ConflictingObjects", "Request_MultipleObjectsWithSameKeyValue":
		return directory.KindConflict
	case "syncStateNotFound", "resyncRequired", "Directory_ExpiredPageToken", "DirectoryPageTokenNotFoundException":
		return directory.KindResync
	case "RoleAssignmentExists":
		return directory.KindExists
	case codeNoMailbox:
		return directory.KindUnavailable
	}
	return ""
}

// phrase is a part of a refusal's text, in lower case, that tells what Graph's one code
// for it does not.
type phrase struct {
	status int
	text   string
	kind   directory.Kind
}

// phrases are observed texts, the first that fits decides.
func phrases() []phrase {
	return []phrase{
		{http.StatusBadRequest, "on-premises mastered directory sync objects", directory.KindMastered},
		{http.StatusForbidden, "not licensed for this feature", directory.KindPremiumRequired},
		{http.StatusBadRequest, "added object references already exist", directory.KindExists},
		{http.StatusBadRequest, "permission being assigned already exists", directory.KindExists},
		{http.StatusBadRequest, "a conflicting object with one or more of the specified property values", directory.KindConflict},
		{http.StatusBadRequest, "does not have any available licenses", directory.KindNoSeat},
		{http.StatusBadRequest, "usage location", directory.KindUsageLocation},
		{http.StatusBadRequest, "mutually exclusive", directory.KindPlanConflict},
		{http.StatusBadRequest, "depends on the service plan", directory.KindPlanConflict},
		{http.StatusBadRequest, "inherited from a group membership", directory.KindInherited},
		{http.StatusBadRequest, "does not have a corresponding license", directory.KindNotFound},
		{http.StatusBadRequest, "mail-enabled security group", directory.KindUnwritable},
		{http.StatusBadRequest, "request not applicable to target tenant", directory.KindUnavailable},
	}
}

// kindOfMessage tells apart what Graph gives one code.
func kindOfMessage(e *directory.Error) directory.Kind {
	message := strings.ToLower(e.Message)
	for _, p := range phrases() {
		if e.Status == p.status && strings.Contains(message, p.text) {
			return p.kind
		}
	}
	return ""
}

// kindInstead gives an error another kind, where the call tells more than its refusal.
func kindInstead(err error, of, kind directory.Kind) error {
	e, ok := errors.AsType[*directory.Error](err)
	if !ok || e.Kind != of {
		return err
	}
	better := *e
	better.Kind = kind
	return &better
}

func kindOfStatus(status int) directory.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return directory.KindCredentials
	case status == http.StatusForbidden:
		return directory.KindForbidden
	case status == http.StatusNotFound:
		return directory.KindNotFound
	case status == http.StatusGone:
		return directory.KindResync
	case status == http.StatusConflict:
		return directory.KindConflict
	case status == http.StatusPreconditionFailed, status == http.StatusLocked:
		return directory.KindConcurrency
	case status == http.StatusRequestTimeout, status == http.StatusFailedDependency:
		return directory.KindTransient
	case status == http.StatusNotImplemented:
		return directory.KindUnavailable
	case status >= http.StatusInternalServerError:
		return directory.KindTransient
	}
	return directory.KindInvalid
}

// asFailure is err, which this package made.
func asFailure(err error) *directory.Error {
	if e, ok := errors.AsType[*directory.Error](err); ok {
		return e
	}
	return &directory.Error{Kind: directory.KindTransient, Err: err}
}

// retryAfter reads Retry-After as seconds or, measured against the answer's own
// Date, as a date (RFC 9110, section 10.2.3); 0 when there is none.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return defaultRetryAfter
	}
	return max(0, until.Sub(now))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
