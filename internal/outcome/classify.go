package outcome

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
)

// Classify gives an error its verdict; nil for nil. Of joined errors it gives the
// worst class with the messages of that class, and comes back when the first of them
// is due, but never before the longest pause that was asked for.
//
// Do not return its result as an error without looking: a nil *Problem in an error
// is not nil.
func Classify(err error) *Problem {
	parts := leaves(err)
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	default:
		return sum(parts, err)
	}
}

// leaves gives each error in a tree of wrapped and joined ones its verdict.
func leaves(err error) []*Problem {
	if err == nil {
		return nil
	}
	switch e := err.(type) { //nolint:errorlint // walks the tree itself, to see every branch
	case *Problem:
		if len(e.parts) > 0 {
			return e.parts
		}
		return []*Problem{e}
	case *directory.Error:
		return []*Problem{judge(e)}
	case apierrors.APIStatus:
		return []*Problem{judgeAPI(err)}
	case interface{ Unwrap() []error }:
		var all []*Problem
		for _, inner := range e.Unwrap() {
			all = append(all, leaves(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return leaves(inner)
		}
	}
	return []*Problem{Transient("an unexpected failure is being retried; the operator's log tells more", err)}
}

// judgeAPI judges a refusal by Kubernetes.
func judgeAPI(err error) *Problem {
	if apierrors.IsConflict(err) {
		return &Problem{Class: ClassWaiting, RetryAfter: conflictRetry, Err: err}
	}
	return Transient("Kubernetes refused a request, which is being retried; the operator's log tells more", err)
}

// judge judges a failure of Microsoft 365. What a person must do stands in the
// message.
func judge(e *directory.Error) *Problem {
	if e.Kind == directory.KindThrottled || e.RetryAfter > 0 {
		return Throttled(e.RetryAfter).Because(e)
	}
	if v, ok := verdicts()[e.Kind]; ok {
		problem := Blocked(v.reason, v.message+code(e)).Because(e)
		if e.Kind == directory.KindNoSeat {
			return problem.After(SeatRetry)
		}
		return problem
	}
	if e.Kind == directory.KindConcurrency {
		return Transient("Microsoft 365 is changing the object at this moment, retrying", e)
	}
	return Transient("Microsoft 365 does not answer as it should, retrying", e)
}

// SeatRetry is how often it is looked whether a subscription has a seat again: people
// leave, and more are bought, at any time.
const SeatRetry = 10 * time.Minute

// verdict is what a person must do about a kind of failure.
type verdict struct {
	reason  v1alpha1.Reason
	message string
}

func verdicts() map[directory.Kind]verdict {
	all := accessVerdicts()
	maps.Copy(all, valueVerdicts())
	return all
}

// accessVerdicts are about who the operator is in the tenant, and what that has.
func accessVerdicts() map[directory.Kind]verdict {
	return map[directory.Kind]verdict{
		directory.KindCredentials: {
			v1alpha1.ReasonInvalidCredentials,
			"the application's secret or certificate is wrong or expired: put a valid one into the credentials Secret",
		},
		directory.KindConsent: {
			v1alpha1.ReasonConsentRequired,
			"the application is not consented to in the tenant: have an administrator of the tenant grant admin consent",
		},
		directory.KindUnknownTenant: {
			v1alpha1.ReasonNotFound,
			"there is no such tenant in this cloud: correct spec.tenantID or spec.cloud",
		},
		directory.KindForbidden: {
			v1alpha1.ReasonAccessDenied,
			"Microsoft 365 denied access: grant the application the permission and, for administrators and passwords, the directory role that this needs",
		},
		directory.KindPremiumRequired: {
			v1alpha1.ReasonPremiumRequired,
			"the tenant lacks the Microsoft Entra ID licence (P1 or P2) that this needs",
		},
		directory.KindPolicy: {
			v1alpha1.ReasonNotWritable,
			"a policy of the tenant forbids this: allow it in the tenant's authentication methods policy",
		},
		directory.KindUnavailable: {
			v1alpha1.ReasonNotApplicable,
			"the tenant does not have the service that this needs",
		},
	}
}

// valueVerdicts are about what was asked for, and what stands in its way.
func valueVerdicts() map[directory.Kind]verdict {
	return map[directory.Kind]verdict{
		directory.KindMastered: {
			v1alpha1.ReasonMasteredOnPremises,
			"the on-premises directory masters this: change it there",
		},
		directory.KindInvalid: {
			v1alpha1.ReasonInvalidSpec,
			"Microsoft 365 refused the declared values: correct the manifest",
		},
		directory.KindConflict: {
			v1alpha1.ReasonConflict,
			"Microsoft 365 refused because of the object's other data, or of another object with the same name",
		},
		directory.KindNotFound: {
			v1alpha1.ReasonNotFound,
			"there is no such object in the tenant: correct the name, or restore the object",
		},
		directory.KindNoSeat: {
			v1alpha1.ReasonNoSeat,
			"all seats of the subscription are taken: buy more or free one",
		},
		directory.KindUsageLocation: {
			v1alpha1.ReasonInvalidSpec,
			"the account's usage location is missing or does not allow the licence: correct profile.usageLocation or the Tenant's defaults.usageLocation",
		},
		directory.KindPlanConflict: {
			v1alpha1.ReasonInvalidSpec,
			"service plans of the licences exclude or need each other: correct licenses or their disabledPlans",
		},
		directory.KindInherited: {
			v1alpha1.ReasonNotWritable,
			"a group gives this licence: take the account out of the group",
		},
		directory.KindUnwritable: {
			v1alpha1.ReasonNotWritable,
			"the members of this group are not written here: a rule, Active Directory or Exchange decides them",
		},
		directory.KindExists: {
			v1alpha1.ReasonConflict,
			"Microsoft 365 says that this is there already",
		},
		directory.KindQuota: {
			v1alpha1.ReasonConflict,
			"the tenant's quota of directory objects is used up: delete objects for good, or ask Microsoft for more",
		},
	}
}

// identifier is what a provider's error code looks like.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_.]{1,64}$`)

// code is the provider's code in brackets, when it is one: it is stable and leads to
// Microsoft's documentation.
func code(e *directory.Error) string {
	if !identifier.MatchString(e.Code) {
		return ""
	}
	return " (" + e.Code + ")"
}

// sum makes one problem of several.
func sum(parts []*Problem, err error) *Problem {
	worst := slices.MaxFunc(parts, func(a, b *Problem) int { return severity(a) - severity(b) })
	var messages []string
	for _, p := range parts {
		if severity(p) == severity(worst) && !slices.Contains(messages, p.Message) {
			messages = append(messages, p.Message)
		}
	}
	return &Problem{
		Class:      worst.Class,
		Reason:     worst.Reason,
		Message:    strings.Join(messages, "; "),
		RetryAfter: longestPause(parts),
		Err:        err,
		parts:      parts,
	}
}

// severity orders classes; what has nothing to say comes last.
func severity(p *Problem) int {
	if p.Silent() {
		return -1
	}
	return slices.Index([]Class{ClassWaiting, ClassThrottled, ClassTransient, ClassBlocked}, p.Class)
}

// longestPause is the longest that was asked for, 0 for none.
func longestPause(parts []*Problem) time.Duration {
	var longest time.Duration
	for _, p := range parts {
		if p.Class == ClassThrottled {
			longest = max(longest, p.RetryAfter, shortestPause)
		}
	}
	return longest
}
