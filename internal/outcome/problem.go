package outcome

import (
	"fmt"
	"time"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// Class is what to do next, not what went wrong.
type Class string

// The classes, from the mildest to the worst.
const (
	// ClassWaiting is for something else to happen first. A watch or a slow poll
	// notices.
	ClassWaiting Class = "Waiting"
	// ClassThrottled is to come back when asked to, not before.
	ClassThrottled Class = "Throttled"
	// ClassTransient is to be retried with growing delays.
	ClassTransient Class = "Transient"
	// ClassBlocked is for a person to repair; retried every few hours, since Microsoft
	// 365 announces no repair.
	ClassBlocked Class = "Blocked"
)

// Problem is an error with a verdict.
type Problem struct { //nolint:errname // a verdict first, an error besides
	Class Class
	// Reason of the condition; empty when there is nothing to say.
	Reason v1alpha1.Reason
	// Message says what happened and what to do. It is the same at every retry: no
	// request ids, times, URLs or personal data; those stay in Err, which is logged.
	Message string
	// RetryAfter is when to come back, 0 when the class decides.
	RetryAfter time.Duration
	// Err is the cause, for logs.
	Err error

	// parts are the problems that this one sums up.
	parts []*Problem
}

// Waiting waits for what the message names.
func Waiting(reason v1alpha1.Reason, message string) *Problem {
	return &Problem{Class: ClassWaiting, Reason: reason, Message: message}
}

// Blocked stops until a person has done what the message says.
func Blocked(reason v1alpha1.Reason, message string) *Problem {
	return &Problem{Class: ClassBlocked, Reason: reason, Message: message}
}

// Transient tries again with growing delays.
func Transient(message string, err error) *Problem {
	return &Problem{Class: ClassTransient, Reason: v1alpha1.ReasonRetrying, Message: message, Err: err}
}

// Throttled comes back after so long, not before.
func Throttled(retryAfter time.Duration) *Problem {
	return &Problem{
		Class: ClassThrottled, Reason: v1alpha1.ReasonThrottled, RetryAfter: retryAfter,
		Message: "Microsoft 365 asked for a pause: the operator goes on by itself",
	}
}

// After returns the problem with another time to come back.
func (p Problem) After(d time.Duration) *Problem {
	p.RetryAfter = d
	return &p
}

// Because returns the problem with its cause.
func (p Problem) Because(err error) *Problem {
	p.Err = err
	return &p
}

// Silent tells that the status has nothing to say about the problem.
func (p *Problem) Silent() bool { return p.Reason == "" }

// Error describes the problem for logs.
func (p *Problem) Error() string {
	text := string(p.Class)
	if p.Reason != "" {
		text = fmt.Sprintf("%s: %s", p.Reason, p.Message)
	}
	if p.Err != nil {
		text += ": " + p.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
