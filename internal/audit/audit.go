// Package audit writes one line per change in Microsoft 365.
package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// Result is what became of a change.
type Result string

// The results.
const (
	// Done means that Microsoft 365 accepted the change.
	Done Result = "Done"
	// Refused means that it certainly did not take place.
	Refused Result = "Refused"
	// Unknown means that no answer came, so it may have taken place.
	Unknown Result = "Unknown"
)

// Object is the Kubernetes object that caused a change.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// Entry is one change. There is no field that could hold a password or a token:
// From and To are what a facet plans, and facets name a password only by what
// becomes of it.
type Entry struct {
	// Time the answer came, or the call was given up.
	Time   time.Time `json:"time"`
	Object Object    `json:"object"`
	// Tenant is the Microsoft 365 tenant's id.
	Tenant string `json:"tenant"`
	// AccountID is the account's object id, AccountName its user principal name.
	AccountID   string `json:"accountID"`
	AccountName string `json:"accountName,omitempty"`
	// Facet and Action tell what was done, From and To the values.
	Facet  string `json:"facet"`
	Action string `json:"action"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	// Generation of the object that the decision was made from.
	Generation int64 `json:"generation"`
	// Cause of the change, as the record of a once-only step has it.
	Cause string `json:"cause,omitempty"`
	// Ticket and Reason are the object's annotations of these names.
	Ticket string `json:"ticket,omitempty"`
	Reason string `json:"reason,omitempty"`
	// RequestID is Microsoft's own, for its support.
	RequestID string         `json:"requestID,omitempty"`
	Result    Result         `json:"result"`
	Error     directory.Kind `json:"error,omitempty"`
}

// ResultOf tells what became of a change from the error of its call.
func ResultOf(err error) (Result, directory.Kind) {
	switch {
	case err == nil:
		return Done, ""
	case directory.OutcomeUnknown(err):
		return Unknown, directory.KindOf(err)
	default:
		return Refused, directory.KindOf(err)
	}
}

// Log writes entries. It is safe for concurrent use.
type Log struct {
	mu     sync.Mutex
	out    io.Writer
	failed uint64
}

// NewLog returns a Log that writes to out.
func NewLog(out io.Writer) *Log { return &Log{out: out} }

// Record writes the entry as one line of JSON, in one write, so that lines of
// several writers to the same stream do not mix.
func (l *Log) Record(entry Entry) error {
	entry.Time = entry.Time.UTC()
	line, err := json.Marshal(entry)
	if err == nil {
		err = l.write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write audit line: %w", err)
	}
	return nil
}

func (l *Log) write(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.out.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		l.failed++
	}
	return err
}

// Failed counts the entries that could not be written.
func (l *Log) Failed() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
